"""Train, validation and test: drawn by class with a seed, and compared for texts that are in two of them."""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from math import ceil
from typing import NamedTuple

import numpy as np

from keras_bert_zoo.data.examples import Examples
from keras_bert_zoo.data.labels import names_of
from keras_bert_zoo.errors import ZooError


class Splits(NamedTuple):
    """What to learn from, what to choose by, and what to report; the last may be None."""

    train: Examples
    validation: Examples
    test: Examples | None

    def parts(self) -> dict[str, Examples]:
        """Those that there are, by name."""
        return {name: part for name, part in self._asdict().items() if part is not None}

    @classmethod
    def draw(cls, examples: Examples, shares: Sequence[float], seed: int) -> "Splits":
        """Parts with every class in its share; `shares` are those of validation and test, 0 for no test.

        Of a text with several labels the one that fewest texts have is its class: rare labels are the hardest to
        spread (Sechidis et al. 2011, section 4).
        """
        from sklearn.model_selection import train_test_split

        several, parts = [names_of(label) for label in examples.labels], sum(share > 0 for share in shares) + 1
        check_counts(several, parts, examples.source)
        fewest = ceil(1 / min(share for share in (*shares, 1 - sum(shares)) if share))
        classes = strata(several, fewest)
        rest, parts = np.arange(len(examples)), []
        for share in shares:
            size = round(share * len(examples))
            if not share:
                parts.append(None)
                continue
            left = [classes[i] for i in rest]
            if not len(set(classes)) <= size <= len(rest) - len(set(classes)):
                raise ZooError(
                    f"{examples.source} has {len(examples)} rows: a share of {share} is {size}, too few for its "
                    f"{len(set(classes))} classes; give more rows, or other shares with split=."
                )
            try:
                rest, part = train_test_split(rest, test_size=size, random_state=seed, stratify=left)
            except ValueError as error:
                raise ZooError(f"{examples.source} cannot be split into {shares} ({error}): change split=.") from error
            parts.append(examples.take(sorted(part)))
        splits = cls(examples.take(sorted(rest)), *parts)
        check_classes(splits, {name for names in several for name in names})
        return splits


def strata(several: list[tuple[str, ...]], fewest: int) -> list[str]:
    """The label of every text, of several the rarest; those that then are too few to draw by are put together."""
    counts = Counter(name for names in several for name in names)
    found = [min(names, key=lambda name: (counts[name], name), default="") for names in several]
    if all(len(names) == 1 for names in several):
        return found
    sizes = Counter(found)
    few = {name for name, size in sizes.items() if size < fewest}
    together = max(sizes, key=sizes.get) if sum(sizes[name] for name in few) < fewest else min(few)
    return [together if name in few else name for name in found]


def check_counts(several: list[tuple[str, ...]], parts: int, source: str) -> None:
    """Every class must be able to be in every part."""
    counts = Counter(name for names in several for name in names)
    if sum(counts.values()) < len(counts) * parts:
        raise ZooError(
            f"{source} has {len(several)} rows and {len(counts)} classes, too few for a row of every class in each of "
            f"{parts} parts: add rows, choose another column with label=, or give validation= and test= yourself."
        )
    name, count = min(counts.items(), key=lambda item: item[1])
    if count < parts:
        raise ZooError(
            f"{source} has {count} row{'s' * (count > 1)} of the class {name!r}, too few to be in each of {parts} "
            "parts: add rows, remove the class, or give validation= and test= yourself."
        )


def check_classes(splits: Splits, classes: set[str]) -> None:
    """No part may lack a class: its figures would leave it out."""
    for name, part in zip(splits._fields, splits, strict=True):
        lacking = classes - {name for label in part.labels for name in names_of(label)} if part else None
        if lacking:
            raise ZooError(
                f"{part.source} has too few rows of the class {min(lacking)!r}: none falls into the {name} part; add "
                "rows, remove the class, change split=, or give validation= and test= yourself."
            )


def compare(splits: Splits) -> dict[str, int]:
    """Texts that stand twice: within a part, in two parts, and with different labels."""
    parts = {name: part for name, part in zip(splits._fields, splits, strict=True) if part is not None}
    keys = {name: set(part.identities()) for name, part in parts.items()}
    found = {f"within {name}": len(part) - len(keys[name]) for name, part in parts.items()}
    found |= {f"{a} and {b}": len(keys[a] & keys[b]) for a, b in combinations(parts, 2)}
    labels: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    for part in parts.values():
        for key, label in zip(part.identities(), part.labels, strict=True):
            labels.setdefault(key, set()).add(names_of(label))
    return found | {"with different labels": sum(len(names) > 1 for names in labels.values())}


def without_repeats(examples: Examples, but: Sequence[Examples] = ()) -> Examples:
    """The first of every text, and none that `but` has."""
    seen = {key for other in but for key in other.identities()}
    kept = []
    for place, key in enumerate(examples.identities()):
        if key not in seen:
            seen.add(key)
            kept.append(place)
    if not kept:
        raise ZooError(f"Every row of {examples.source} is also in the validation or test data: nothing is left.")
    return examples.take(kept)
