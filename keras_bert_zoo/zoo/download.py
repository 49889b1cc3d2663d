"""A file from the network: with progress, resumed after a cut, checked by SHA-256."""

import http.client
import json
import logging
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keras_bert_zoo.disk import sha256
from keras_bert_zoo.errors import ZooError

CHUNK = 1 << 20  # bytes
TRIES = 3  # a connection may be cut so often before a download is given up
TIMEOUT_S = 30
SUMS = "sums.json"  # the sums of what the cache holds, and who vouches for them
log = logging.getLogger("keras_bert_zoo")


def cache_folder() -> Path:
    """$KBZ_CACHE, or ~/.cache/keras_bert_zoo."""
    return Path(os.environ.get("KBZ_CACHE") or "~/.cache/keras_bert_zoo").expanduser()


class MissingFileError(ZooError):
    """The server has no such file."""


def download(url: str, path: Path, sha256: str | None = None) -> Path:
    """A file at a URL, whole and with the right sum, or a ZooError and what came so far for the next try.

    Without a `sha256` the sum of the first download is recorded in the cache and said to be only that.
    """
    partial = path.with_name(path.name + ".partial")
    with alone(path):
        for left in reversed(range(TRIES)):
            try:
                receive(url, partial)
                break
            except urllib.error.HTTPError as error:
                if error.code == 404:
                    raise MissingFileError(
                        f"{url} does not exist (404): see `keras-bert-zoo show` for other releases."
                    ) from error
                if error.code == 416:  # what we have is not a beginning of what they have
                    partial.unlink(missing_ok=True)
                if not left:
                    raise ZooError(f"{url} answered {error.code} {error.reason}: try again later.") from error
            except (OSError, EOFError, http.client.HTTPException) as error:
                if not left:
                    raise ZooError(
                        f"{url} could not be fetched ({error}): the next try goes on from byte "
                        f"{partial.stat().st_size if partial.exists() else 0:,}; without a network, get the file "
                        "elsewhere, unpack it, and pass weights='path/to/its/folder'."
                    ) from error
        version_of(partial).unlink(missing_ok=True)
        check_sum(partial, path.name, url, sha256)
        partial.rename(path)
    return path


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """One process at a time downloads a file; the system drops the lock when the process ends."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    lock = path.with_name(path.name + ".lock")
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ZooError(f"Another process is downloading {path}: wait until it has ended.") from error
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def version_of(partial: Path) -> Path:
    """Where the server's word for the version of a half-downloaded file is kept."""
    return partial.with_name(partial.name + ".version")


def receive(url: str, partial: Path) -> None:
    """Append to `partial` what is still missing of a URL; EOFError where the server stopped short."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    version = version_of(partial)
    have = partial.stat().st_size if partial.exists() and version.is_file() else 0
    wanted = {"Range": f"bytes={have}-", "If-Range": version.read_text()} if have else {}
    with urllib.request.urlopen(urllib.request.Request(url, headers=wanted), timeout=TIMEOUT_S) as answer:
        if have and answer.status != 206:
            have = 0  # the server sends all of it again: it cannot do ranges, or the file has changed
        elif have and not str(answer.headers.get("Content-Range")).startswith(f"bytes {have}-"):
            partial.unlink()
            raise EOFError(f"answered with the range {answer.headers.get('Content-Range')}, not from {have:,} on")
        keep_version(answer.headers, version)
        length = int(answer.headers.get("Content-Length") or 0)
        total = have + length if length else None
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        with partial.open("ab" if have else "wb") as file, Progress(*columns) as progress:
            bar = progress.add_task(partial.name.removesuffix(".partial"), total=total, completed=have)
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                progress.advance(bar, len(chunk))
    if total and partial.stat().st_size < total:
        raise EOFError(f"cut after {partial.stat().st_size:,} of {total:,} bytes")


def keep_version(headers: http.client.HTTPMessage, version: Path) -> None:
    """Write down what If-Range needs (RFC 9110, 13.1.5); without it a cut download starts again."""
    tag = headers.get("ETag", "")
    known = tag if tag and not tag.startswith("W/") else headers.get("Last-Modified")
    if known:
        version.write_text(known)
    else:
        version.unlink(missing_ok=True)


def check_sum(path: Path, name: str, url: str, expected: str | None) -> None:
    """Compare with the published sum, or with the one recorded at the first download; else record it."""
    found = sha256(path)
    record = cache_folder() / SUMS
    recorded = read_record(record)
    known = expected or recorded.get(url, {}).get("sha256")
    if known and found != known:
        path.unlink()
        whose = "the published one" if expected else f"the one of the first download, kept in {record}"
        raise ZooError(f"{url} came with the SHA-256 {found}, not {known} ({whose}): try again, or do not trust it.")
    if not known:
        log.warning("%s: SHA-256 %s, recorded at this first download; nobody has confirmed it.", name, found)
        recorded[url] = {"sha256": found, "source": "first download, unconfirmed"}
        record.parent.mkdir(parents=True, exist_ok=True)
        fresh = record.with_name(f"{SUMS}.{os.getpid()}")
        fresh.write_text(json.dumps(recorded, indent=2) + "\n")
        fresh.replace(record)


def read_record(record: Path) -> dict[str, dict[str, str]]:
    """The sums recorded so far."""
    if not record.is_file():
        return {}
    try:
        recorded = json.loads(record.read_text())
        if all(isinstance(entry, dict) for entry in recorded.values()):
            return recorded
    except (ValueError, AttributeError):
        pass
    raise ZooError(f"{record} is damaged: remove it, and sums are recorded anew at the next download.")
