"""Any number of labels for a text: in a list, in one cell, or as a 0 or 1 for each label."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_bert_zoo.errors import ZooError

FLAGS = {"0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True}


def are_flags(labels: Sequence[Any]) -> bool:
    """Whether every text has as many zeros and ones, two or more."""
    if not all(isinstance(value, (list, tuple, np.ndarray)) for value in labels):
        return False
    widths = {len(value) for value in labels}
    return len(widths) == 1 and min(widths) > 1 and all(is_flag(flag) for value in labels for flag in value)


def is_flag(value: Any) -> bool:
    return isinstance(value, (int, float, np.number, np.bool_)) and value in (0, 1)


def named(flags: Sequence[Sequence[Any]], names: Sequence[str], source: str, rows: Sequence[int]) -> list:
    """The names of the labels whose flag is 1; None for a text that lacks a flag."""
    return [labels_of(values, names, source, row) for values, row in zip(flags, rows, strict=True)]


def labels_of(flags: Sequence[Any], names: Sequence[str], source: str, row: int) -> list[str] | None:
    if not isinstance(flags, (list, tuple, np.ndarray)) or len(flags) != len(names):
        raise ZooError(f"{source}, row {row} has {flags!r:.40}: it must be {len(names)} flags, for {', '.join(names)}.")
    said = {name: str(value).strip().lower() for name, value in zip(names, flags, strict=True)}
    for name, value in said.items():
        if value in ("", "none", "nan", "<na>"):
            return None
        if value not in FLAGS:
            raise ZooError(
                f"{source}, row {row}: {name!r} is {value!r:.40}: it must be 1 where the text has this label, else 0."
            )
    return [name for name, value in said.items() if FLAGS[value]]


def parted(cell: Any, separator: str) -> list[str]:
    """The labels in a cell."""
    return [part for part in map(str.strip, str(cell).split(separator)) if part]
