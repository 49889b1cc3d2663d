"""The texts that documents are cut into, anew in every epoch."""

from typing import NamedTuple

import numpy as np


class Texts(NamedTuple):
    """What an epoch learns from: of each text its document, its first piece there, and its pieces (N,)."""

    document: np.ndarray
    start: np.ndarray
    length: np.ndarray

    def __len__(self) -> int:
        return len(self.length)

    def take(self, places: np.ndarray) -> "Texts":
        return Texts(*(values[places] for values in self))


def cut_documents(tokens: np.ndarray, room: int, short_share: float, random: np.random.Generator) -> Texts:
    """Every document from beginning to end in texts of `room` pieces; nothing is lost, and nothing stands twice.

    The first text of a long document ends anywhere, so that the borders fall elsewhere in each epoch. A share of the
    full texts is cut in two, so that short ones are seen too (short_seq_prob in google-research/bert
    create_pretraining_data.py).
    """
    first = np.where(tokens > room, random.integers(1, room + 1, len(tokens)), tokens)
    counts = 1 + -(-(tokens - first) // room)
    document = np.repeat(np.arange(len(tokens)), counts)
    number = np.arange(len(document)) - np.repeat(np.cumsum(counts) - counts, counts)  # within its document
    start = np.where(number == 0, 0, first[document] + (number - 1) * room)
    end = np.minimum(first[document] + number * room, tokens[document])
    return split_some(Texts(document, start, end - start), room, short_share, random)


def split_some(texts: Texts, room: int, share: float, random: np.random.Generator) -> Texts:
    """A share of the full texts cut in two at random."""
    chosen = np.flatnonzero((texts.length == room) & (random.random(len(texts)) < share) & (room > 1))
    cut = random.integers(1, max(room, 2), len(chosen))
    extra = Texts(texts.document[chosen], texts.start[chosen] + cut, room - cut)
    texts.length[chosen] = cut
    return Texts(*(np.concatenate(both) for both in zip(texts, extra, strict=True)))
