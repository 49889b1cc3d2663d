"""What is measured again and again while a run learns: the same rows, masked in the same way, however many workers."""

from collections.abc import Sequence

import numpy as np

from keras_bert_zoo.corpus.batches import Batches, Objective, empty_batch
from keras_bert_zoo.corpus.shards import Corpus


class HeldOut(Sequence):
    """The first rows of a corpus's held-out part, `most` of them at most, in batches of `rows`.

    A batch has as many more as the processes share evenly; rows that weigh nothing fill the last one up. `share` is
    the number of this process and how many there are: each makes only its own rows.
    """

    def __init__(
        self,
        corpus: Corpus,
        objective: Objective,
        length: int,
        rows: int,
        most: int,
        texts: int = 8,
        share: tuple[int, int] = (0, 1),
    ):
        self.batches = Batches(Corpus(corpus.folder, "heldout"), objective, length, 1, texts=texts)
        self.epoch = self.batches.epoch(0)
        self.rows = self.epoch.rows[:most]
        rows = min(rows, len(self.rows))
        self.place, self.own = share[0], -(-rows // share[1])  # rows of a batch
        self.whole = self.own * share[1]

    def __len__(self) -> int:
        return -(-len(self.rows) // self.whole)

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        if not 0 <= index < len(self):
            raise IndexError(index)
        start = index * self.whole + self.place * self.own
        made = self.batches.make(self.epoch, self.rows[start : start + self.own])
        empty = empty_batch(self.batches.objective, self.batches.length, self.own, self.batches.texts)
        return {key: np.concatenate([value, empty[key][len(value) :]]) for key, value in made.items()}
