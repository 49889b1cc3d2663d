"""Which columns of a table count, and what stands for a text's label, or for any number of them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from keras_bert_zoo.data.values import is_missing, plain
from keras_bert_zoo.errors import ZooError

FLAGS = {"0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True}
LISTS = (list, tuple, set, frozenset, np.ndarray)


class Columns(NamedTuple):
    """The names of the columns that count; `names` are those of a file without a header.

    Several of `label` are a column of 0 and 1 for each label; `separator` parts the labels in one cell; `known` are the
    labels that rows of 0 and 1 without names stand for.
    """

    text: str = "text"
    label: str | Sequence[str] | None = "label"
    pair: str | None = None
    names: Sequence[str] | None = None
    encoding: str | None = None
    separator: str | None = None
    known: Sequence[str] | None = None

    def flags(self) -> list[str]:
        """The columns of 0 and 1, if the labels are in such."""
        return [] if self.label is None or isinstance(self.label, str) else list(self.label)

    def wanted(self) -> list[str]:
        """Those of the text, of its pair, of the labels."""
        given = [self.text, self.pair, *(self.flags() or [self.label])]
        return [name for name in given if name is not None]

    def labels_in(self, table: Mapping[str, list]) -> list | None:
        """The column of the labels, or for every row what the columns of its labels have."""
        if self.flags():
            return list(zip(*(table[name] for name in self.flags()), strict=True))
        return table.get(self.label)

    def labels(self, values: Sequence[Any], source: str, rows: Sequence[int]) -> list:
        """For every text a label, or a list of them; None where there is none.

        Arrays of numbers are 0 and 1 for every label. Raises ZooError for what is none of these.
        """
        if self.flags():
            return [flagged(value, self.flags(), source, row) for value, row in zip(values, rows, strict=True)]
        if len(values) and all(map(may_be_flags, values)) and len(set(map(len, values))) == 1:
            raise ZooError(
                f"The labels of {source} are lists of {len(values[0])} zeros and ones: where these say which labels a "
                "text has, give an array, (texts, labels), or a column for each; where they are names, give words."
            )
        return [self.read(value, source, row) for value, row in zip(values, rows, strict=True)]

    def read(self, value: Any, source: str, row: int) -> Any:
        if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
            return flagged(value, self.known or [str(place) for place in range(value.size)], source, row)
        if isinstance(value, LISTS):
            return listed(value, source, row)
        if self.separator is None:
            return plain(value)
        cell = "" if is_missing(value) else str(plain(value))
        return [part for part in map(str.strip, cell.split(self.separator)) if part]


def listed(values: Sequence[Any], source: str, row: int) -> list[Any]:
    """The labels of one text; those of a set in an order that does not change."""
    found = [plain(value) for value in values]
    if any(map(is_missing, found)):
        raise ZooError(f"{source}, row {row} has an empty label among {found!r:.60}: take it out.")
    return sorted(found, key=str) if isinstance(values, (set, frozenset)) else found


def may_be_flags(value: Any) -> bool:
    """Whether it is a plain list of two or more zeros and ones."""
    if not isinstance(value, (list, tuple)) or len(value) < 2:
        return False
    return all(isinstance(flag, (int, float)) and flag in (0, 1) for flag in value)


def flagged(flags: Any, names: Sequence[str], source: str, row: int) -> list[str] | None:
    """The names of the labels whose flag is 1; None where one is missing."""
    if not isinstance(flags, (list, tuple, np.ndarray)) or len(flags) != len(names):
        raise ZooError(f"{source}, row {row} has {flags!r:.60}: it must be 0 or 1 for each of {', '.join(names):.200}.")
    if any(is_missing(plain(flag)) for flag in flags):
        return None
    said = {name: str(flag).strip().lower() for name, flag in zip(names, flags, strict=True)}
    for name, flag in said.items():
        if flag not in FLAGS:
            raise ZooError(
                f"{source}, row {row}: {name!r} is {flag!r:.40}: it must be 1 where the text has this label, else 0."
            )
    return [name for name, flag in said.items() if FLAGS[flag]]
