"""Batches for training in which several texts share a row, so that little work goes into padding."""

from collections.abc import Mapping, Sequence

import keras
import numpy as np

from keras_bert_zoo.data.lengths import static_length

SHORTEST_ROW = 64  # tokens
TOKENS = ("token_ids", "segment_ids")


def fill_rows(lengths: Sequence[int], room: int, most: int) -> list[list[int]]:
    """Texts into rows of `room` tokens, `most` texts a row: the longest first, each where it first fits."""
    rows, left = [], []
    for text in np.argsort(-np.asarray(lengths), kind="stable"):
        for row, free in enumerate(left):
            if lengths[text] <= free and len(rows[row]) < most:
                break
        else:
            row = len(rows)
            rows.append([])
            left.append(room)
        rows[row].append(int(text))
        left[row] -= lengths[text]
    return rows


class PackedBatches(keras.utils.PyDataset):
    """Batches of `batch_size` texts each, drawn anew every epoch: batch i of epoch e is a function of (seed, e, i).

    `inputs` are the arrays of a tokenizer with a text a row. Gives the inputs with padding_mask 1, 2, 3, ...
    by text and text_positions (B, K), the targets and the weights (B, K), each (B, K, C) if it is (N, C), 0 where a row
    has fewer than K texts. B is one of few multiples of `multiple`, T (`longest` at most) and K are always the
    same.
    """

    def __init__(
        self,
        inputs: Mapping[str, np.ndarray],
        targets: np.ndarray,
        weights: np.ndarray,
        batch_size: int,
        seed: int = 0,
        longest: int = 512,
        multiple: int = 1,
    ):
        super().__init__()
        self.arrays, self.targets, self.weights = inputs, targets, weights
        self.batch_size, self.seed, self.epoch = batch_size, seed, -1  # Keras ends an epoch before the first
        self.lengths = inputs["padding_mask"].sum(1)
        self.length = min(max(static_length(self.lengths.max()), SHORTEST_ROW), longest)
        self.most = max(1, min(batch_size, round(1.5 * self.length / self.lengths.mean())))
        mean_rows = batch_size * self.lengths.mean() / self.length
        self.step = max(1, round(mean_rows / 8 / multiple)) * multiple  # rows come in multiples of this
        self.order = self.draw(0)

    def draw(self, epoch: int) -> np.ndarray:
        """The order of the texts in an epoch."""
        return np.random.default_rng((self.seed, epoch)).permutation(len(self.targets))

    def on_epoch_end(self) -> None:
        self.epoch += 1
        self.order = self.draw(self.epoch)

    def __len__(self) -> int:
        return -(-len(self.targets) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
        texts = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        rows = fill_rows(self.lengths[texts], self.length, self.most)
        return self.pack([texts[row] for row in rows])

    def texts_in(self, steps: int) -> int:
        """Texts of the first `steps` batches, counted over epochs."""
        epochs, rest = divmod(steps, len(self))
        return epochs * len(self.targets) + min(rest * self.batch_size, len(self.targets))

    def tokens_in(self, steps: int) -> int:
        """Real tokens of the first `steps` batches, counted over epochs."""
        epochs, rest = divmod(steps, len(self))
        last = self.draw(epochs)[: rest * self.batch_size]
        return int(epochs * self.lengths.sum() + self.lengths[last].sum())

    def pack(self, rows: Sequence[Sequence[int]]) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
        """The arrays of rows that hold these texts."""
        count = -(-len(rows) // self.step) * self.step
        packed = {key: np.zeros((count, self.length), "int32") for key in (*TOKENS, "padding_mask")}
        positions = np.zeros((count, self.most), "int32")
        targets = np.zeros((count, self.most, *self.targets.shape[1:]), self.targets.dtype)
        weights = np.zeros((count, self.most, *self.weights.shape[1:]), "float32")
        for row, texts in enumerate(rows):
            start = 0
            for place, text in enumerate(texts):
                end = start + self.lengths[text]
                for key in TOKENS:
                    packed[key][row, start:end] = self.arrays[key][text, : end - start]
                packed["padding_mask"][row, start:end] = place + 1
                positions[row, place], targets[row, place] = start, self.targets[text]
                weights[row, place] = self.weights[text]
                start = end
        return packed | {"text_positions": positions}, targets, weights
