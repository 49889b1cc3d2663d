"""The door to a vocabulary of one's own: text in, a tokenizer and its folder out."""

import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from keras_bert_zoo.config import check_value
from keras_bert_zoo.disk import whole
from keras_bert_zoo.errors import ZooError, find
from keras_bert_zoo.text.counting import count, frequent_half
from keras_bert_zoo.text.sources import Files, Source
from keras_bert_zoo.text.tokenizer import Tokenizer
from keras_bert_zoo.text.trainers import SentencePieceTrainer, WordPieceTrainer

TRAINERS = {"wordpiece": WordPieceTrainer, "sentencepiece": SentencePieceTrainer}
LARGEST = 1 << 20  # pieces: a guard against a slip of the hand
FILES = {"vocab.txt", "spiece.model", "tokenizer_config.json"}  # what may lie in a folder that is replaced


def train_vocabulary(
    files: Files,
    kind: str = "wordpiece",
    size: int = 8000,
    out: str | Path | None = None,
    lower: bool = True,
    strip_accents: bool | None = None,
    coverage: float = 0.9995,
    max_length: int = 512,
    overwrite: bool = False,
    tell: Callable[[str], Any] = print,
) -> Tokenizer:
    """Learn the pieces of a language or a field from its text.

    train_vocabulary("texts/*.txt", size=8000, out="runs/vocabulary")

    `files` is a text file, a folder, a pattern, or a list of those; any other iterable is one of texts. They are read
    once, block by block, as text/sources.py says. `kind` is "wordpiece" (BERT) or "sentencepiece" (ALBERT); the text is
    cleaned as its encoder does, in lower case and without accents unless `lower` and `strip_accents` (else as `lower`)
    say otherwise. Characters beyond a share of `coverage` of the text, the rarest, become unknown. `out` becomes a
    folder that `tokenizer` opens. The same text gives the same bytes. Of more than a million different words the
    rarer half is forgotten on the way. Raises ZooError for what does not fit, or a `size` out of reach.
    """
    check(size, lower, strip_accents, coverage, max_length)
    folder = None if out is None else writable(Path(out).expanduser().resolve(), overwrite)
    trainer = find(TRAINERS, kind, "kind of vocabulary")(lower, lower if strip_accents is None else strip_accents)
    began = time.monotonic()
    words = read_words(Source(files), trainer, tell)
    tell(f"{words.total():,} words, {len(words):,} different ones: learning {size:,} pieces")
    data = trainer.train(words, size, coverage)
    tokenizer = trainer.make(data, lower=lower, strip_accents=trainer.strip_accents, max_length=max_length)
    if folder:
        with whole(folder) as partial:
            for name, content in tokenizer.files().items():
                (partial / name).write_bytes(content)
    tell(f"{size:,} pieces after {time.monotonic() - began:.0f} s" + (f", in {out}" if folder else ""))
    return tokenizer


def read_words(source: Source, trainer: WordPieceTrainer | SentencePieceTrainer, tell: Callable[[str], Any]) -> Counter:
    """The words of the source as the encoder will meet them, with how often it will."""

    def forget(counts: Counter) -> Counter:
        tell(f"{len(counts):,} different words so far: going on with the more frequent half")
        return frequent_half(counts)

    words = Counter()
    for word, n in count(source, trainer.split, forget, tell).items():
        for part in trainer.words(word):
            words[part] += n
    if not words:
        raise ZooError("There is not one word of at most 200 characters in the text: give files with text in UTF-8.")
    return words


def check(size: int, lower: bool, strip_accents: bool | None, coverage: float, max_length: int) -> None:
    """Settings that cannot be, before any work."""
    for name, kind, value in (("size", int, size), ("lower", bool, lower), ("max_length", int, max_length)):
        check_value(name, kind, value)
    if size > LARGEST:
        raise ZooError(f"size={size} is past {LARGEST:,}, and no text has so many pieces: ask for fewer.")
    if strip_accents is not None:
        check_value("strip_accents", bool, strip_accents)
    if isinstance(coverage, bool) or not isinstance(coverage, (int, float)) or not 0 < coverage <= 1:
        raise ZooError(f"coverage={coverage!r} must be a number above 0, and at most 1 for every character.")


def writable(folder: Path, overwrite: bool) -> Path:
    """A folder that is not there, is empty, or with `overwrite` has only a vocabulary in it."""
    nearest = next(path for path in folder.parents if path.exists())
    for place in [nearest, *([folder] if folder.exists() else [])]:
        if not place.is_dir() or not os.access(place, os.W_OK):
            raise ZooError(f"{folder} cannot be written, because {place} is no folder that may be: choose another.")
    there = {path.name for path in folder.iterdir()} if folder.exists() else set()
    if there and not overwrite:
        raise ZooError(f"{folder} is not empty: choose another folder, or replace its vocabulary with overwrite=True.")
    if there - FILES:
        raise ZooError(
            f"{folder} holds {min(there - FILES)}, which is no part of a vocabulary, so it is not overwritten: "
            "choose another folder."
        )
    return folder
