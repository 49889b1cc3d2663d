"""Labels of any type as class numbers, and back."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

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
        numbers = all(is_number(name) for name in found)
        return cls(tuple(sorted(found, key=lambda name: (float(name), name)) if numbers else sorted(found)))

    def numbers(self, examples: Examples) -> np.ndarray:
        """The class number of every example, int32 (N,). ZooError for a label that is none of the names."""
        number = {name: i for i, name in enumerate(self.names)}
        found = [name_of(value) for value in examples.labels]
        for name, row in zip(found, examples.rows, strict=True):
            if name not in number:
                raise ZooError(
                    f"{examples.source}, row {row} has the label {name!r}, but the model tells apart only "
                    f"{', '.join(self.names[:20])}: mend the label, or add rows with it to the training data."
                )
        return np.array([number[name] for name in found], "int32")


def name_of(value: Any) -> str:
    """How a label is called. Raises ZooError for several in one."""
    if isinstance(value, (list, tuple, set, dict)) or getattr(value, "ndim", 0):
        raise ZooError(f"A label is {value!r:.60}: give each text one label, a word or a number.")
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


def shares(numbers: np.ndarray, names: Sequence[str]) -> dict[str, int]:
    """How many examples each class has."""
    counts = Counter(numbers.tolist())
    return {name: counts[i] for i, name in enumerate(names)}
