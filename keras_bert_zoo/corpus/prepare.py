"""The door to a corpus: raw text in, a folder of shards out."""

import errno
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any

from keras_bert_zoo.corpus.encoding import key_of
from keras_bert_zoo.corpus.journal import FILE, Journal
from keras_bert_zoo.corpus.preparation import FIGURES, Preparation, summary
from keras_bert_zoo.corpus.shards import TOKENIZER, Corpus, fingerprint
from keras_bert_zoo.corpus.watching import Watch
from keras_bert_zoo.corpus.workers import encoders
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.text import Tokenizer

GROUP = 1 << 18  # characters that go to a worker at once
COMMIT = 1 << 26  # characters between commits


def prepare(
    files: str | Path | Iterable[str | Path],
    out: str | Path,
    tokenizer: Tokenizer,
    workers: int = 2,
    tell: Callable[[str], Any] = print,
    **settings: Any,
) -> Corpus:
    """Turn raw text into shards of token ids, which `pretrain` reads.

    prepare("texts/*.txt", "shards", keras_bert_zoo.tokenizer("bert_base"))

    `settings`: split="file", field="text", encoding and only say where documents are (corpus.documents.Documents);
    sentences="split", by the rules of language="en" (an ISO 639-1 code), or "line". A document that differs from an
    earlier one in white space at most is left out unless deduplicate=False; a share heldout=0.01 of them, by their
    content, is kept apart to measure on. shards= files are made, one for 32 MB of source where nothing is said, by
    `workers` processes (0: in this one). Started again after a kill it goes on, and makes the same bytes. Raises
    ZooError for settings that do not fit, and for an `out` that exists unless overwrite=True.
    """
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 0:
        raise ZooError(f"workers={workers!r} must be a whole number of processes, or 0 for none but this one.")
    preparation = Preparation(files, out, tokenizer, **settings)
    if preparation.is_done():
        (preparation.folder / FILE).unlink(missing_ok=True)  # of a run that was killed just before its end
        tell(f"{out} is prepared already, with the same settings from the same files")
        return Corpus(preparation.folder)
    preparation.begin(going_on=(preparation.partial / FILE).is_file())
    with full_disk_said(preparation.partial), closing(Work(preparation, tell)) as work:
        preparation.write_tokenizer()
        work.run(workers)
        corpus = preparation.finish(work.figures, preparation.documents.skipped)
        (preparation.folder / FILE).unlink()
    tell(summary(corpus))
    return corpus


@contextmanager
def full_disk_said(partial: Path) -> Iterator[None]:
    """One sentence for a full disk, whoever met it first: a file, the system's caches, or the journal."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        number = getattr(error, "errno", None)
        if number not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) and "disk is full" not in str(error):
            raise
        raise ZooError(
            f"The disk of {partial} is full: make room and start again; what was committed there is kept."
        ) from error


class Work:
    """One preparation on this machine: documents in order to workers, records in order to shards."""

    def __init__(self, preparation: Preparation, tell: Callable[[str], Any]):
        self.preparation, self.documents, self.tell = preparation, preparation.documents, tell
        vocabulary = fingerprint(preparation.tokenizer)
        settings = preparation.settings | {"source": preparation.source, "vocabulary": vocabulary}
        self.journal = Journal(preparation.partial, preparation.layout.files(), settings)
        self.figures = dict.fromkeys(FIGURES, 0) | self.journal.figures

    def run(self, workers: int) -> None:
        """Read, encode and write everything that an earlier run has not."""
        if self.journal.documents:
            self.tell(f"going on after {self.journal.documents:,} documents")
        pending: deque[tuple[list[int], Future]] = deque()
        folder, settings = self.preparation.partial / TOKENIZER, self.preparation.settings
        written, read = 0, self.journal.documents
        with (
            encoders(workers, folder, settings["sentences"], settings["language"]) as submit,
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
        self.journal.close()

    def close(self) -> None:
        with suppress(OSError, sqlite3.Error):  # what could not be written is not committed either
            self.journal.close()

    def groups(self) -> Iterator[tuple[int, list[str], list[int]]]:
        """How many documents have been read, some new ones of them, and the files they belong into."""
        texts, places, size, read = [], [], 0, self.journal.documents
        for text, _ in islice(self.documents, read, None):
            read += 1
            key = key_of(text)
            self.figures["documents"] += 1
            if self.preparation.settings["deduplicate"] and not self.journal.is_new(key):
                self.figures["duplicates"] += 1
                continue
            self.figures["bytes"] += size_of(text)
            texts.append(text)
            places.append(self.preparation.layout.place(key))
            size += len(text)
            if size > GROUP:
                yield read, texts, places
                texts, places, size = [], [], 0
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


def size_of(text: str) -> int:
    """Bytes of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "ignore"))
