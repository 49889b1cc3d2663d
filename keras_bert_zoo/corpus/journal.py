"""Unfinished work on a corpus: what is on the disk for good, so that a killed run goes on from there."""

import json
import os
import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from keras_bert_zoo.errors import ZooError

FILE = "journal.sqlite"


class Journal:
    """The open shards of a folder, the keys of the documents in them, and how far the source has been read.

    What `commit` was called for outlives a kill; what came after is gone on the next start, from the shards too.
    The keys are in a database on the disk, so that memory does not grow with the corpus.
    """

    def __init__(self, folder: Path, files: Sequence[str], settings: dict[str, Any]):
        self.folder = folder
        self.keys = self.open(folder / FILE)
        self.check(settings)
        self.documents, self.figures = json.loads(self.get("done", "[0, {}]"))
        sizes = json.loads(self.get("sizes", "[]")) or [0] * len(files)
        self.shards = [open_at(folder / name, size) for name, size in zip(files, sizes, strict=True)]

    def open(self, path: Path) -> sqlite3.Connection:
        try:
            keys = sqlite3.connect(path, timeout=1, isolation_level=None)
            keys.execute("PRAGMA synchronous = FULL")
            keys.execute("CREATE TABLE IF NOT EXISTS seen (key BLOB PRIMARY KEY) WITHOUT ROWID")
            keys.execute("CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT)")
            keys.execute("BEGIN IMMEDIATE")
        except sqlite3.DatabaseError as error:
            if "locked" in str(error):
                raise ZooError(f"Another process is at work on {path.parent}: wait for it, or stop it.") from error
            if "disk is full" in str(error):
                raise
            raise ZooError(f"{path} cannot be opened ({error}): remove {path.parent} to start anew.") from error
        return keys

    def check(self, settings: dict[str, Any]) -> None:
        """Unfinished work goes on with the same files and settings only."""
        ours = json.dumps(settings, sort_keys=True)
        theirs = self.get("settings", ours)
        if theirs != ours:
            before = json.loads(theirs)
            name = next((name for name in settings if settings[name] != before.get(name)), "its fields")
            raise ZooError(
                f"{self.folder} holds unfinished work with another {name}: give the same again to go on, or remove "
                "that folder to start anew."
            )
        self.put("settings", ours)

    def get(self, name: str, default: str) -> str:
        row = self.keys.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return row[0] if row else default

    def put(self, name: str, value: str) -> None:
        self.keys.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, value))

    def is_new(self, key: bytes) -> bool:
        """Whether a document's key has not been met; from now on it has."""
        return self.keys.execute("INSERT OR IGNORE INTO seen VALUES (?)", (key,)).rowcount == 1

    def write(self, shard: int, frame: bytes) -> None:
        self.shards[shard].write(frame)

    def commit(self, documents: int, figures: dict[str, Any]) -> None:
        """Make sure of everything so far: `documents` of the source have been read."""
        for shard in self.shards:
            shard.flush()
            os.fsync(shard.fileno())
        self.put("sizes", json.dumps([shard.tell() for shard in self.shards]))
        self.put("done", json.dumps([documents, figures]))
        self.keys.execute("COMMIT")
        self.keys.execute("BEGIN IMMEDIATE")

    def close(self) -> None:
        """Close everything, also where a file cannot take the rest."""
        with ExitStack() as stack:
            for file in (self.keys, *self.shards):
                stack.callback(file.close)


def open_at(path: Path, size: int) -> BinaryIO:
    """A file to append to, without what is past the first `size` bytes."""
    file = path.open("r+b" if path.exists() else "w+b")
    if file.seek(0, os.SEEK_END) < size:
        file.close()
        raise ZooError(f"{path} is shorter than it was: remove {path.parent} to start anew.")
    file.truncate(size)
    file.seek(size)
    return file
