"""How a row of a name table reads both ways: our variables and the tensors of a published format.

A row names one layer here, in Hugging Face files and in Google's TF 1 checkpoints, and its kind says
which variables the layer has and how each is laid out there. Loading and saving walk the same rows.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

Shape = tuple[int, ...]


class Row(NamedTuple):
    """One layer under its three names; `{}` stands for the number of the block."""

    kind: str
    ours: str
    huggingface: str
    google: str


class Part(NamedTuple):
    """One variable of a kind: its name's ending in each format, and its layout."""

    ours: str
    huggingface: str
    google: str
    layout: str = "plain"  # how our shape folds into a matrix: a key of FOLDS
    turned: tuple[str, ...] = ()  # the formats that keep the matrix transposed


LINEAR = ("huggingface",)
BOTH = ("huggingface", "google")
KINDS = {
    "dense": (Part("/kernel", ".weight", "/kernel", turned=LINEAR), Part("/bias", ".bias", "/bias")),
    "split": (  # H to N heads of size D: query, key, value
        Part("/kernel", ".weight", "/kernel", "split", LINEAR),
        Part("/bias", ".bias", "/bias", "split_bias"),
    ),
    "merge": (Part("/kernel", ".weight", "/kernel", "merge", LINEAR), Part("/bias", ".bias", "/bias")),
    "norm": (Part("/gamma", ".weight", "/gamma"), Part("/beta", ".bias", "/beta")),
    "table": (Part("/embeddings", ".weight", ""),),
    "scores": (Part("/kernel", ".weight", "output_weights", turned=BOTH), Part("/bias", ".bias", "output_bias")),
    "bias": (Part("", "", ""),),
}


@dataclass(frozen=True)
class Fold:
    """The shape our array has in the file, and the file's array in our shape; `heads` is N."""

    shape: Callable[[Shape], Shape]
    full: Callable[[np.ndarray, int], np.ndarray]


FOLDS = {
    "plain": Fold(lambda ours: ours, lambda theirs, heads: theirs),
    "split": Fold(  # (H, N, D) is (H, N * D)
        lambda ours: (ours[0], ours[1] * ours[2]), lambda theirs, heads: theirs.reshape(len(theirs), heads, -1)
    ),
    "split_bias": Fold(lambda ours: (ours[0] * ours[1],), lambda theirs, heads: theirs.reshape(heads, -1)),
    "merge": Fold(  # (N, D, H) is (N * D, H)
        lambda ours: (ours[0] * ours[1], ours[2]), lambda theirs, heads: theirs.reshape(heads, -1, theirs.shape[-1])
    ),
}


class Name(NamedTuple):
    """One variable: its name here, in the file, and the way between them."""

    ours: str
    theirs: str
    layout: str
    turned: bool

    def shape_there(self, ours: Shape) -> Shape:
        """The shape that the file's tensor has where our variable has this one."""
        shape = FOLDS[self.layout].shape(tuple(ours))
        return shape[::-1] if self.turned else shape

    def to_ours(self, array: np.ndarray, heads: int) -> np.ndarray:
        return FOLDS[self.layout].full(array.T if self.turned else array, heads)

    def to_theirs(self, array: np.ndarray) -> np.ndarray:
        flat = array.reshape(FOLDS[self.layout].shape(array.shape))
        return np.ascontiguousarray(flat.T if self.turned else flat)


def names(tables: Mapping[str, tuple[Row, ...]], blocks: int, form: str) -> Iterator[tuple[str, Name]]:
    """Every variable of the tables in one format ("huggingface" or "google"), with the table it is in."""
    for table, rows in tables.items():
        for row in rows:
            for block in range(blocks if "{}" in row.ours else 1):
                for part in KINDS[row.kind]:
                    ours = row.ours.format(block) + part.ours
                    theirs = getattr(row, form).format(block) + getattr(part, form)
                    yield table, Name(ours, theirs, part.layout, form in part.turned)
