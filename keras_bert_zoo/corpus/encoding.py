"""What becomes of one document: the same function for every way of running it."""

import hashlib
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from keras_bert_zoo.corpus.records import Record, encode, framed
from keras_bert_zoo.corpus.sentences import SENTENCES
from keras_bert_zoo.corpus.shards import WIDEST
from keras_bert_zoo.text import Tokenizer, open_folder

WHOLE = 1 << 64


@dataclass(frozen=True)
class Layout:
    """How many shards there are, and what share of the documents is held out."""

    shards: int
    heldout: float

    @property
    def heldout_shards(self) -> int:
        return max(1, round(self.shards * self.heldout)) if self.heldout else 0

    def files(self) -> list[str]:
        """The names of the shards: those to learn from, then those held out."""
        counts = {"train": self.shards, "heldout": self.heldout_shards}
        return [f"{part}-{i:05d}-of-{n:05d}.tfrecord" for part, n in counts.items() for i in range(n)]

    def place(self, key: bytes) -> int:
        """The number of the file that a document belongs into, by its key alone."""
        share, where = (int.from_bytes(part, "little") for part in (key[:8], key[8:]))
        if share < self.heldout * WHOLE:
            return self.shards + where % self.heldout_shards
        return where % self.shards


class Encoded(NamedTuple):
    """A record as it stands in a shard, and its size in pieces and in sentences."""

    frame: bytes
    tokens: int
    sentences: int


def key_of(text: str) -> bytes:
    """The same 16 bytes for documents that differ in white space only."""
    return hashlib.blake2b(" ".join(text.split()).encode("utf-8", "ignore"), digest_size=16).digest()


class Encoder:
    """Documents to records with the tokenizer in a folder."""

    def __init__(self, folder: str | Path, sentences: str, language: str):
        self.tokenizer: Tokenizer = open_folder(folder)
        self.split, self.language = SENTENCES[sentences], language
        self.wide = len(self.tokenizer.vocabulary) > WIDEST

    def __call__(self, text: str) -> Encoded | None:
        """The record of a document; None where it has no piece."""
        found = [ids for ids in self.tokenizer.ids(self.split(text, self.language)) if ids]
        if not found:
            return None
        record = Record(list(chain.from_iterable(found)), [len(ids) for ids in found])
        return Encoded(framed(encode(record, self.wide)), len(record.token_ids), len(found))
