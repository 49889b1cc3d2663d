"""Folders that are there whole or not at all, and the sums of files."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keras_bert_zoo.errors import ZooError


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def whole(folder: Path) -> Iterator[Path]:
    """A hidden folder to write into, which gets its name, in place of one that has it, only when all went well."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.partial-", dir=folder.parent))
    except OSError as error:
        raise ZooError(f"{folder} cannot be made ({error.strerror or error}): choose another folder.") from error
    try:
        yield partial
        partial.chmod(0o755)
        for path in partial.iterdir():
            if path.is_file():
                path.chmod(0o644)
        settle(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def settle(partial: Path, folder: Path) -> None:
    """All of a hidden folder onto the disk, then the name `folder` for it; what had that name goes last."""
    for path in [*partial.rglob("*"), partial]:
        flush(path)
    old = folder.with_name(f".{folder.name}.replaced")
    if old.exists() and not folder.exists():
        old.rename(folder)  # of a process that was killed between the two renames
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    try:
        partial.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    flush(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def flush(path: Path) -> None:
    """Onto the disk: a file's content, or a folder's list of names where the system can do that."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
