"""What a corpus is made from and how: the same for every way of running it, from the first check to the last rename."""

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from keras_bert_zoo.config import check_value
from keras_bert_zoo.corpus.documents import Documents
from keras_bert_zoo.corpus.encoding import Layout
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
    read_manifest,
)
from keras_bert_zoo.disk import settle
from keras_bert_zoo.errors import ZooError, find
from keras_bert_zoo.text import Tokenizer

SHARD = 1 << 25  # bytes of source a shard stands for, where the number of shards is not given
MOST_SHARDS = 128  # they are open all at once
UNKNOWN = 16  # shards of a source whose size is not known
FIGURES = ("documents", "duplicates", "empty", "bytes", "sentences", "tokens")


class Preparation:
    """A corpus to be: its source, its settings, and the hidden folder beside `out` in which it grows."""

    def __init__(
        self,
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
        overwrite: bool = False,
    ):
        check_value("heldout", float, heldout)
        if shards is not None:
            check_value("shards", int, shards)
        find(SENTENCES, sentences, "way to find sentences")
        if not isinstance(tokenizer, Tokenizer):
            raise ZooError(f"tokenizer={tokenizer!r:.60} is no tokenizer: make one with keras_bert_zoo.tokenizer(...).")
        if shards is not None and shards > MOST_SHARDS:
            raise ZooError(f"shards={shards} is past {MOST_SHARDS}, as they are open all at once: ask for fewer.")
        self.reading = {"split": split, "field": field, "encoding": encoding, "only": only}
        self.documents, self.tokenizer = Documents(files, **self.reading), tokenizer
        guess = UNKNOWN if self.documents.sets else -(-self.documents.size // SHARD) or 1
        self.layout = Layout(shards or min(MOST_SHARDS, guess), float(heldout))
        own = {"sentences": sentences, "language": language, "deduplicate": deduplicate}
        self.settings = self.reading | own | asdict(self.layout)
        self.source = [[str(path), path.stat().st_size] for path in self.documents.paths]
        self.source += [[name, 0] for name in self.documents.sets]
        if not isinstance(out, (str, Path)) or not str(out):
            raise ZooError(f"out={out!r:.40} is no folder: give its path.")
        self.folder, self.overwrite = Path(out).expanduser(), overwrite
        if not self.is_done():
            check_out(self.folder, overwrite)
        self.partial = self.folder.parent / f".{self.folder.name}.partial"

    def is_done(self) -> bool:
        """Whether the folder is this corpus already, and is not to be made anew."""
        if self.overwrite or not (self.folder / MANIFEST).is_file():
            return False
        try:
            there = read_manifest(self.folder)
        except ZooError:
            return False
        ours = {"settings": self.settings, "source": self.source, "tokenizer_sha256": fingerprint(self.tokenizer)}
        return all(there.get(name) == value for name, value in ours.items())

    def begin(self, going_on: bool) -> None:
        """Make the hidden folder, empty unless unfinished work is gone on with."""
        try:
            if not going_on:
                shutil.rmtree(self.partial, ignore_errors=True)
            self.partial.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            said = error.strerror or error
            raise ZooError(f"{self.folder} cannot be made ({said}): choose another folder.") from error

    def write_tokenizer(self) -> None:
        """The tokenizer, and no other, into the hidden folder."""
        shutil.rmtree(self.partial / TOKENIZER, ignore_errors=True)
        (self.partial / TOKENIZER).mkdir()
        for name, content in self.tokenizer.files().items():
            (self.partial / TOKENIZER / name).write_bytes(content)

    def finish(self, figures: Mapping[str, int], skipped: Mapping[str, Any]) -> Corpus:
        """Index and sums of every shard, the manifest, and the folder under its name."""
        if not figures["tokens"]:
            said = "; ".join(f"{count} {reason}" for reason, (count, _) in skipped.items())
            raise ZooError(f"There is no text in the files: give some in UTF-8, or say encoding=. {said}".strip())
        size = len(self.tokenizer.vocabulary)
        shards = [describe_shard(self.partial / name, size > WIDEST) for name in self.layout.files()]
        manifest = {
            "format": FORMAT,
            "vocab_size": size,
            "tokenizer_sha256": fingerprint(self.tokenizer),
            "settings": self.settings,
            "source": self.source,
            **figures,
            "skipped": {reason: list(found) for reason, found in skipped.items()},
            "parts": {"train": shards[: self.layout.shards], "heldout": shards[self.layout.shards :]},
        }
        manifest["sha256"] = own_sum(manifest)
        (self.partial / MANIFEST).write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")
        settle(self.partial, self.folder)
        return Corpus(self.folder)


def check_out(folder: Path, overwrite: bool) -> None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not overwrite:
        raise ZooError(f"{folder} exists already: choose another folder, or replace it with overwrite=True.")
    if not (folder / MANIFEST).is_file() or not (folder / TOKENIZER).is_dir():
        raise ZooError(f"{folder} is no prepared corpus, so it is not overwritten: choose another folder.")


def summary(corpus: Corpus) -> str:
    """What has come out, and what was left out."""
    said = corpus.manifest
    lines = [
        f"{said['documents']:,} documents, {said['duplicates']:,} of them again; {said['sentences']:,} sentences, "
        f"{said['tokens']:,} tokens in {corpus.folder}"
    ]
    lines += [f"{count:,} {reason} (the first: {first})" for reason, (count, first) in said["skipped"].items()]
    return "\n".join(lines)
