"""Batch i of a corpus, as a function of i: the same on any engine and with any number of workers."""

import threading
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from keras_bert_zoo.config import check_value
from keras_bert_zoo.corpus.filling import fill_rows
from keras_bert_zoo.corpus.masking import Masker, Masking
from keras_bert_zoo.corpus.pairs import PAIRS, SPECIALS, Pairs, Span
from keras_bert_zoo.corpus.shards import Corpus
from keras_bert_zoo.corpus.texts import cut_documents
from keras_bert_zoo.errors import ZooError, find

RECORDS = 256  # documents kept decoded
CUT, MASK = 0, 1  # streams of random numbers of an epoch


@dataclass(frozen=True, kw_only=True)
class Objective:
    """What is learnt: hidden pieces, and a question about pairs, "none", "nsp" (BERT) or "sop" (ALBERT).

    `duplicates` of 0 cuts and masks anew in every epoch; a number repeats that many ways for ever, as
    google-research/bert's static files do (dupe_factor).
    """

    pairs: str = "none"
    masking: Masking = field(default_factory=Masking)
    short: float = 0.1  # share of the full texts that are cut in two
    duplicates: int = 0

    def __post_init__(self):
        find(PAIRS, self.pairs, "objective for pairs")
        check_value("short", float, self.short)
        if isinstance(self.duplicates, bool) or not isinstance(self.duplicates, int) or self.duplicates < 0:
            raise ZooError(f"duplicates={self.duplicates!r} must be a whole number: 0 for new masks in every epoch.")


def most_masks(objective: Objective, length: int) -> int:
    """Hidden pieces of a row at most."""
    return int(objective.masking.rate * (length - SPECIALS[objective.pairs])) + 1


def empty_batch(objective: Objective, length: int, rows: int, texts: int) -> dict[str, np.ndarray]:
    """The arrays of a batch whose rows hold nothing yet."""
    masks = most_masks(objective, length)
    sizes = dict.fromkeys(("token_ids", "segment_ids", "padding_mask"), length)
    sizes |= dict.fromkeys(("mask_positions", "mask_ids", "mask_weights"), masks)
    if objective.pairs != "none":
        sizes |= dict.fromkeys(("text_positions", "answers", "text_weights"), texts)
    kinds = {"mask_weights": "float32", "text_weights": "float32"}
    return {key: np.zeros((rows, size), kinds.get(key, "int32")) for key, size in sizes.items()}


class Epoch(NamedTuple):
    """The texts of an epoch in parts, the rows they share (rows, K), and the seed of their masks."""

    pairs: Pairs
    rows: np.ndarray
    seed: tuple[int, ...]


class Batches:
    """Batches of `rows` rows of `length` tokens, of at most `texts` texts each, for ever.

    `seed` and `stream`, the number of a stage, decide about everything random. `share` is the number of this process
    and how many there are: each makes only its own rows of a batch.

    `batches[i]` is a dictionary of arrays: token_ids, segment_ids, padding_mask (B, T), which counts texts from 1;
    mask_positions, mask_ids (B, M) and mask_weights; text_positions (B, K), answers (B, K) and text_weights, where
    there are pairs. Rows that are left over at the end of an epoch are not learnt from in it.
    """

    def __init__(
        self,
        corpus: Corpus,
        objective: Objective,
        length: int,
        rows: int,
        seed: int = 0,
        texts: int = 8,
        stream: int = 0,
        share: tuple[int, int] = (0, 1),
    ):
        for name, value in (("length", length), ("rows", rows), ("texts", texts)):
            check_value(name, int, value)
        self.corpus, self.objective, self.length, self.rows = corpus, objective, length, rows
        self.seed, self.texts, self.stream = seed, texts, stream
        if rows % share[1]:
            raise ZooError(f"{rows} rows of a batch cannot be shared by {share[1]} processes.")
        self.own = slice(share[0] * rows // share[1], (share[0] + 1) * rows // share[1])
        self.tokenizer = corpus.tokenizer()
        self.masker = Masker(objective.masking, self.tokenizer)
        self.around = SPECIALS[objective.pairs]
        self.room = length - self.around
        if self.room < 2:
            raise ZooError(f"length={length} leaves no room for a text: at least {self.around + 2}.")
        _, self.start, self.end = self.tokenizer.frame()
        self.epoch = lru_cache(2)(self.make_epoch)
        self.read = lru_cache(RECORDS)(corpus.read)
        self.ends: list[int] = []  # batches up to the end of each epoch
        self.counting = threading.Lock()  # batches may be made by several threads

    def make_epoch(self, number: int) -> Epoch:
        """Everything random about an epoch but the masks."""
        number = number % self.objective.duplicates if self.objective.duplicates else number
        random = np.random.default_rng((self.seed, self.stream, number, CUT))
        texts = cut_documents(self.corpus.tokens, self.room, self.objective.short, random)
        pairs = PAIRS[self.objective.pairs](self.corpus, texts, self.room, random)
        rows = fill_rows(pairs.length + self.around, self.length, self.texts, random)
        if len(rows) < self.rows:
            raise ZooError(
                f"{self.corpus.folder} fills {len(rows):,} rows of {self.length} tokens, and a batch has "
                f"{self.rows:,}: prepare more text, or choose smaller batches."
            )
        return Epoch(pairs, rows, (self.seed, self.stream, number, MASK))

    def find(self, batch: int) -> tuple[int, int]:
        """The epoch of a batch, and its number there."""
        with self.counting:
            while not self.ends or self.ends[-1] <= batch:
                count = len(self.epoch(len(self.ends)).rows) // self.rows
                self.ends.append((self.ends[-1] if self.ends else 0) + count)
        epoch = int(np.searchsorted(self.ends, batch, "right"))
        return epoch, batch - (self.ends[epoch - 1] if epoch else 0)

    def texts_of(self, batch: int) -> list[tuple[int, int]]:
        """Document and first piece of every text in a batch, to look them up."""
        epoch, place = self.find(batch)
        made = self.epoch(epoch)
        texts = made.rows[place * self.rows : (place + 1) * self.rows]
        texts = texts[texts >= 0]
        return list(zip(made.pairs.first.document[texts].tolist(), made.pairs.first.start[texts].tolist(), strict=True))

    def __getitem__(self, batch: int) -> dict[str, np.ndarray]:
        epoch, place = self.find(batch)
        made = self.epoch(epoch)
        return self.make(made, made.rows[place * self.rows : (place + 1) * self.rows][self.own])

    def make(self, epoch: Epoch, rows: np.ndarray) -> dict[str, np.ndarray]:
        """The arrays of rows that hold these texts."""
        arrays = empty_batch(self.objective, self.length, len(rows), self.texts)
        for row, texts in enumerate(rows):
            start, seen, random = 0, 0, np.random.default_rng((*epoch.seed, int(texts[0]), 0))
            dither = random.random()
            for place, text in enumerate(texts[texts >= 0].tolist()):
                pieces = int(epoch.pairs.length[text])
                count = self.share(seen + pieces, dither) - self.share(seen, dither)
                self.put(arrays, epoch, row, place, start, text, count)
                start, seen = start + pieces + self.around, seen + pieces
        return arrays

    def share(self, pieces: int, dither: float) -> int:
        """Hidden pieces among the first ones of a row: the rate of them on average, and never more than fit."""
        return int(self.objective.masking.rate * pieces + dither)

    def put(self, arrays: dict, epoch: Epoch, row: int, place: int, start: int, text: int, count: int) -> None:
        """One text into its row, with `count` of its pieces hidden."""
        first, second = self.pieces(epoch.pairs.first, text), self.pieces(epoch.pairs.second, text)
        ids = np.concatenate([first, second])
        random = np.random.default_rng((*epoch.seed, text))
        hidden, shown = self.masker(ids, count, random)
        at = start + 1 + hidden + (hidden >= len(first)) * (self.around - 2)
        middle, end = start + 1 + len(first), start + len(ids) + self.around
        tokens = arrays["token_ids"][row]
        tokens[start], tokens[end - 1] = self.start, self.end
        tokens[start + 1 : middle] = first
        if self.around == 3:
            tokens[middle] = self.end
            tokens[middle + 1 : end - 1] = second
            arrays["segment_ids"][row, middle + 1 : end] = 1
            arrays["answers"][row, place] = epoch.pairs.answer[text]
            arrays["text_positions"][row, place], arrays["text_weights"][row, place] = start, 1
        tokens[at] = shown
        arrays["padding_mask"][row, start:end] = place + 1
        filled = int(arrays["mask_weights"][row].sum())
        here = slice(filled, filled + len(hidden))
        arrays["mask_positions"][row, here], arrays["mask_ids"][row, here] = at, ids[hidden]
        arrays["mask_weights"][row, here] = 1

    def pieces(self, span: Span, text: int) -> np.ndarray:
        start, length = int(span.start[text]), int(span.length[text])
        if not length:
            return np.zeros(0, "int32")
        return self.read(int(span.document[text])).token_ids[start : start + length].astype("int32")
