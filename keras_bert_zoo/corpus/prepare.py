"""The door to a corpus: raw text in, a folder of shards out."""

import errno
import json
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from keras_bert_zoo.config import check_value
from keras_bert_zoo.corpus.documents import Documents
from keras_bert_zoo.corpus.encoding import Layout, key_of
from keras_bert_zoo.corpus.journal import FILE, Journal
from keras_bert_zoo.corpus.sentences import SENTENCES
from keras_bert_zoo.corpus.shards import (
    FORMAT,
    MANIFEST,
    TOKENIZER,
    WIDEST,
    Corpus,
    describe_shard,
    fingerprint,
    own_sum,
)
from keras_bert_zoo.corpus.watching import Watch
from keras_bert_zoo.corpus.workers import encoders
from keras_bert_zoo.errors import ZooError, find
from keras_bert_zoo.text import Tokenizer

GROUP = 1 << 18  # characters that go to a worker at once
COMMIT = 1 << 26  # characters between commits
SHARD = 1 << 25  # bytes of source a shard stands for, where the number of shards is not given
MOST_SHARDS = 1024
FIGURES = ("documents", "duplicates", "empty", "bytes", "sentences", "tokens")


def prepare(
    files: str | Path | Iterable[str | Path],
    out: str | Path,
    tokenizer: Tokenizer,
    split: str = "file",
    sentences: str = "split",
    language: str = "en",
    field: str = "text",
    encoding: str | None = None,
    only: str = "*",
    heldout: float = 0.01,
    deduplicate: bool = True,
    shards: int | None = None,
    workers: int = 2,
    overwrite: bool = False,
    tell: Callable[[str], Any] = print,
) -> Corpus:
    """Turn raw text into shards of token ids, which `pretrain` reads.

    prepare("texts/*.txt", "shards", keras_bert_zoo.tokenizer("bert_base"))

    `files`, `split`, `field`, `encoding` and `only` say where documents are, as corpus.documents.Documents does.
    `sentences` is "split" (by the rules of `language`, an ISO 639-1 code) or "line" (a line is one). A document that
    differs from an earlier one in white space at most is left out unless deduplicate=False; a share `heldout` of them,
    by their content, is kept apart to measure on. `shards` files are written by `workers` processes (0: in this one).
    Started again after a kill it goes on, and makes the same bytes. Raises ZooError for settings that do not fit, and
    for an `out` that exists unless `overwrite`.
    """
    check(heldout, shards, workers)
    find(SENTENCES, sentences, "way to find sentences")
    documents = Documents(files, split, field, encoding, only)
    layout = Layout(shards or min(MOST_SHARDS, -(-documents.size // SHARD) or 1), float(heldout))
    reading = {"split": split, "field": field, "encoding": encoding, "only": only}
    settings = reading | {"sentences": sentences, "language": language, "deduplicate": deduplicate, **asdict(layout)}
    folder = Path(out).expanduser()
    source = [[str(path), path.stat().st_size] for path in documents.paths] + [[name, 0] for name in documents.sets]
    check_out(folder, overwrite)
    work = Work(folder, documents, tokenizer, layout, settings, source, tell)
    try:
        work.run(workers)
        return work.finish(overwrite)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise ZooError(
            f"The disk of {folder} is full: make room and start again; what is committed is in {work.partial}."
        ) from error
    finally:
        work.journal.close()


def check(heldout: float, shards: int | None, workers: int) -> None:
    check_value("heldout", float, heldout)
    if shards is not None:
        check_value("shards", int, shards)
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 0:
        raise ZooError(f"workers={workers!r} must be a whole number of processes, or 0 for none but this one.")


def check_out(folder: Path, overwrite: bool) -> None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not overwrite:
        raise ZooError(f"{folder} exists already: choose another folder, or replace it with overwrite=True.")
    if not (folder / MANIFEST).is_file() or not (folder / TOKENIZER).is_dir():
        raise ZooError(f"{folder} is no prepared corpus, so it is not overwritten: choose another folder.")


class Work:
    """One preparation: documents in order to workers, records in order to shards."""

    def __init__(
        self,
        folder: Path,
        documents: Documents,
        tokenizer: Tokenizer,
        layout: Layout,
        settings: dict[str, Any],
        source: list[list],
        tell: Callable[[str], Any],
    ):
        self.folder, self.documents, self.tokenizer, self.layout = folder, documents, tokenizer, layout
        self.settings, self.source, self.tell = settings, source, tell
        self.partial = folder.parent / f".{folder.name}.partial"
        try:
            (self.partial / TOKENIZER).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ZooError(f"{folder} cannot be made ({error.strerror or error}): choose another folder.") from error
        for name, content in tokenizer.files().items():
            (self.partial / TOKENIZER / name).write_bytes(content)
        all_settings = settings | {"source": source, "vocabulary": fingerprint(tokenizer)}
        self.journal = Journal(self.partial, layout.files(), all_settings)
        self.figures = dict.fromkeys(FIGURES, 0) | self.journal.figures

    def run(self, workers: int) -> None:
        """Read, encode and write everything that an earlier run has not."""
        if self.journal.documents:
            self.tell(f"going on after {self.journal.documents:,} documents")
        pending: deque[tuple[list[int], Future]] = deque()
        folder, kind, language = self.partial / TOKENIZER, self.settings["sentences"], self.settings["language"]
        written, read = 0, self.journal.documents
        with (
            encoders(workers, folder, kind, language) as submit,
            Watch(self.documents, self.figures, self.tell) as watch,
        ):
            for read, texts, places in self.groups():
                pending.append((places, submit(texts)))
                written += sum(map(len, texts))
                self.write(pending, 0 if written > COMMIT else 2 * workers)
                if written > COMMIT:
                    self.journal.commit(read, self.figures)
                    written = 0
                watch.update()
            self.write(pending, 0)
        self.journal.commit(read, self.figures)

    def groups(self) -> Iterator[tuple[int, list[str], list[int]]]:
        """How many documents have been read, some new ones of them, and the files they belong into."""
        texts, places, size, read = [], [], 0, self.journal.documents
        for text, _ in islice(self.documents, read, None):
            read += 1
            key = key_of(text)
            self.figures["documents"] += 1
            if self.settings["deduplicate"] and not self.journal.is_new(key):
                self.figures["duplicates"] += 1
                continue
            self.figures["bytes"] += len(text) if text.isascii() else len(text.encode("utf-8", "ignore"))
            texts.append(text)
            places.append(self.layout.place(key))
            size += len(text)
            if size > GROUP:
                yield read, texts, places
                texts, places, size = [], [], 0
        if texts:
            yield read, texts, places

    def write(self, pending: deque[tuple[list[int], Future]], rest: int) -> None:
        """The records of the oldest groups, in their order, until only `rest` groups are left."""
        while len(pending) > rest:
            places, future = pending.popleft()
            for place, record in zip(places, future.result(), strict=True):
                if record is None:
                    self.figures["empty"] += 1
                    continue
                self.figures["tokens"] += record.tokens
                self.figures["sentences"] += record.sentences
                self.journal.write(place, record.frame)

    def finish(self, overwrite: bool) -> Corpus:
        """Index and sums of every shard, the manifest, and the folder under its name."""
        self.journal.close()
        if not self.figures["tokens"]:
            raise ZooError(
                f"There is no text in the files: give some in UTF-8, or say encoding=. {self.documents.skipped}"
            )
        size = len(self.tokenizer.vocabulary)
        shards = [describe_shard(self.partial / name, size > WIDEST) for name in self.layout.files()]
        manifest = {
            "format": FORMAT,
            "vocab_size": size,
            "tokenizer_sha256": fingerprint(self.tokenizer),
            "settings": self.settings,
            "source": self.source,
            **self.figures,
            "skipped": {reason: list(found) for reason, found in self.documents.skipped.items()},
            "parts": {"train": shards[: self.layout.shards], "heldout": shards[self.layout.shards :]},
        }
        manifest["sha256"] = own_sum(manifest)
        (self.partial / FILE).unlink()
        (self.partial / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
        settle(self.partial, self.folder)
        self.tell(self.summary())
        return Corpus(self.folder)

    def summary(self) -> str:
        figures = self.figures
        lines = [
            f"{figures['documents']:,} documents, {figures['duplicates']:,} of them again; {figures['sentences']:,} "
            f"sentences, {figures['tokens']:,} tokens in {self.folder}",
            str(self.documents.skipped),
        ]
        return "\n".join(filter(None, lines))


def settle(partial: Path, folder: Path) -> None:
    """Everything onto the disk, then the folder under its name; an older one goes."""
    for path in [*partial.rglob("*"), partial]:
        flush(path)
    old = folder.parent / f".{folder.name}.replaced"
    if folder.exists():
        folder.rename(old)
    partial.rename(folder)
    flush(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
