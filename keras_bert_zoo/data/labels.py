"""Labels of any type as class numbers, and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from keras_bert_zoo.data.columns import LISTS
from keras_bert_zoo.data.examples import Examples
from keras_bert_zoo.errors import ZooError

MANY = 50  # different numbers that are no classes any more


@dataclass(frozen=True)
class Labels:
    """Names of the classes in the order of their numbers; 1, 1.0, "1" and numpy's 1 are one name."""

    names: tuple[str, ...]

    @classmethod
    def of(cls, values: Sequence[Any], source: str) -> "Labels":
        """Those that occur, numbers by size and words by alphabet. ZooError for fewer than two."""
        found = {name_of(value) for value in values}
        fractions = {value for value in values if isinstance(value, float) and not value.is_integer()}
        if len(fractions) > MANY:
            raise ZooError(
                f"{source} has {len(found)} different labels such as {sorted(fractions)[0]}: these are numbers to "
                "estimate, not classes to tell apart; round them into classes first."
            )
        if len(found) < 2:
            raise ZooError(f"{source} has only the label {next(iter(found), None)!r}: a classifier needs two or more.")
        return cls(in_order(found))

    @classmethod
    def of_several(cls, values: Sequence[Any], source: str) -> "Labels":
        """As `of`, where each value is a label or a list of any number of them."""
        found = {name for value in values for name in names_of(value)}
        if len(found) < 2:
            said = f"only the label {found.pop()!r}" if found else "no label"
            raise ZooError(f"{source} has {said}, and multi_label needs two or more: one alone is for classification.")
        if not any(isinstance(value, LISTS) for value in values):
            raise ZooError(
                f"Every text in {source} has one label, such as {name_of(values[0])!r:.60}: if these are several in a "
                'cell, say what separates them, separator="|"; if not, take task="classification".'
            )
        return cls(in_order(found))

    @cached_property
    def places(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}

    def numbers(self, examples: Examples) -> np.ndarray:
        """The class number of every example, int32 (N,). ZooError for a label that is none of the names."""
        found = [self.place(name_of(label), examples, row) for row, label in enumerate(examples.labels)]
        return np.array(found, "int32")

    def flags(self, examples: Examples) -> np.ndarray:
        """1 where an example has a label, else 0, float32 (N, C). ZooError for a label that is none of the names."""
        found = np.zeros((len(examples), len(self.names)), "float32")
        for row, label in enumerate(examples.labels):
            found[row, [self.place(name, examples, row) for name in names_of(label)]] = 1
        return found

    def place(self, name: str, examples: Examples, row: int) -> int:
        if name not in self.places:
            raise ZooError(
                f"{examples.source}, row {examples.rows[row]} has the label {name!r}, but the model tells apart only "
                f"{', '.join(self.names[:20])}: mend the label, or add rows with it to the training data."
            )
        return self.places[name]


def in_order(names: set[str]) -> tuple[str, ...]:
    """Numbers by size, words by alphabet."""
    numbers = all(is_number(name) for name in names)
    return tuple(sorted(names, key=lambda name: (float(name), name)) if numbers else sorted(names))


def names_of(value: Any) -> tuple[str, ...]:
    """How a label is called; or each of a list of labels, once, by alphabet."""
    several = value if isinstance(value, LISTS) else [value]
    if any(isinstance(each, (*LISTS, dict)) for each in several):
        raise ZooError(f"The labels of a text are {value!r:.60}: give a list of words or numbers.")
    return tuple(sorted({name_of(each) for each in several}))


def name_of(value: Any) -> str:
    """How a label is called. Raises ZooError for several in one."""
    if isinstance(value, (*LISTS, dict)) or getattr(value, "ndim", 0):
        raise ZooError(
            f"A label is {value!r:.60}: give each text one label, a word or a number (of one-hot rows argmax(-1)), or "
            'take task="multi_label".'
        )
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.strip() if isinstance(value, str) else str(value)


def is_number(name: str) -> bool:
    try:
        return float(name) == float(name)
    except ValueError:
        return False


def balanced(numbers: np.ndarray, classes: int) -> np.ndarray:
    """The weight N / (classes * count) of every class, so that each weighs the same in all (King & Zeng 2001)."""
    counts = np.bincount(numbers, minlength=classes)
    return len(numbers) / (classes * np.maximum(counts, 1))


def balanced_flags(flags: np.ndarray) -> np.ndarray:
    """The weights (2, C) of 0 and of 1 in flags (N, C), so that for each label both weigh the same in all."""
    share = flags.mean(0)
    return 0.5 / np.maximum(np.stack([1 - share, share]), 1e-9)
