"""Pieces with their places in the text, and long texts in windows."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.text.pack import pack

STRIDE = 128  # pieces from one window to the next (google-research/bert run_squad.py, doc_stride)


class Pieces(NamedTuple):
    """The pieces of one text: `text[start:end]` is what each was made of, `words` counts by white space from 0.

    Where the text was given as a list of words, starts and ends are those of " ".join(text).
    """

    ids: list[int]
    starts: list[int]
    ends: list[int]
    words: list[int]


class Windows(NamedTuple):
    """Rows in which long texts stand part by part.

    `inputs` are the model's, (B, T); `texts` (B,) says which text a row is of; `starts`, `ends` and `words` (B, T) are
    the places of the pieces in it and the numbers of their words, -1 for all that is not of it; `best` (B, T) is 1
    where a piece has the most surroundings of all rows that it stands in, so that each is 1 once.
    """

    inputs: dict[str, np.ndarray]
    texts: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    words: np.ndarray
    best: np.ndarray


def slices(count: int, room: int, stride: int) -> list[tuple[int, int]]:
    """Where windows of `room` pieces begin and end, `stride` apart (google-research/bert run_squad.py)."""
    found, start = [], 0
    while True:
        end = min(start + room, count)
        found.append((start, end))
        if end == count:
            return found
        start += stride


def most_surroundings(cuts: Sequence[tuple[int, int]], count: int) -> np.ndarray:
    """For every piece the window in which it has the most neighbours on its poorer side, (count,)."""
    best, worth = np.zeros(count, int), np.full(count, -1.0)
    for window, (start, end) in enumerate(cuts):
        at = np.arange(end - start)
        here = np.minimum(at, at[::-1]) + 0.01 * len(at)
        better = np.flatnonzero(here > worth[start:end])
        best[start + better], worth[start + better] = window, here[better]
    return best


def make_windows(
    fronts: Sequence[Sequence[int]] | None,
    texts: Sequence[Pieces],
    length: int,
    stride: int | None,
    specials: tuple[int, int, int],
) -> Windows:
    """Rows of `length` tokens with all of `texts` in them, behind the text's whole front where there are fronts."""
    frame = 2 if fronts is None else 3
    firsts, rows, owners, places = [], [], [], []
    for number, pieces in enumerate(texts):
        front = fronts[number] if fronts else ()
        room = length - frame - len(front)
        check_room(number, len(front), room, length, stride)
        cuts = slices(len(pieces.ids), room, stride or min(STRIDE, room))
        best = most_surroundings(cuts, len(pieces.ids))
        for window, (start, end) in enumerate(cuts):
            firsts.append(front)
            rows.append(pieces.ids[start:end])
            owners.append(number)
            columns = (column[start:end] for column in (pieces.starts, pieces.ends, pieces.words))
            places.append((*columns, best[start:end] == window))
    inputs = pack(rows if fronts is None else firsts, None if fronts is None else rows, length, length, specials)
    starts, ends, words = (np.full((len(rows), length), -1, "int32") for _ in range(3))
    chosen = np.zeros((len(rows), length), "int32")
    for row, (front, columns) in enumerate(zip(firsts, places, strict=True)):
        first = frame - 1 + len(front)
        for array, values in zip((starts, ends, words, chosen), columns, strict=True):
            array[row, first : first + len(values)] = values
    return Windows(inputs, np.array(owners, "int32"), starts, ends, words, chosen)


def check_room(number: int, front: int, room: int, length: int, stride: int | None) -> None:
    """A window must have pieces, and the next must begin where it ends or before."""
    if room < 1:
        if not front:
            raise ZooError(f"length={length} leaves no room for a text: use at least {length + 1 - room}.")
        raise ZooError(
            f"Text {number} has {front} pieces, which leaves no room for its pair in length={length}: shorten it, or "
            f"use a length of at least {front + 4}."
        )
    if stride and stride > room:
        raise ZooError(f"stride={stride} would leave pieces out, as a window has {room}: use at most that.")
