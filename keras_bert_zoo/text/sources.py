"""Text to count words in: files of any size, packed or not, or strings, a block at a time."""

import bz2
import codecs
import glob
import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO

from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.text.strings import SURROGATE

ENCRYPTED = 1  # a bit of a member's flags in a .zip
BLOCK = 1 << 16  # bytes read at a time
PACKED = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}
TAPES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")
MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}  # byte order marks
# zipfile raises NotImplementedError for a compression that it does not know.
DAMAGE = (OSError, EOFError, NotImplementedError, lzma.LZMAError, zlib.error, tarfile.TarError, zipfile.BadZipFile)
Files = str | Path | Iterable[str | Path | bytes]


class Source:
    """Texts to go through once, in blocks that end where a word does.

    `files` is a file, a folder, a pattern such as "texts/*.txt", or a list of those; any other iterable is one of
    texts. Files ending in .gz, .xz, .bz2, .tar or .zip are unpacked on the way; what is no UTF-8 is dropped. `size` is
    in bytes on the disk, and None for texts; `done` is how much of it, or how many texts, have been read, `dropped` how
    many bytes of `read` ones were no UTF-8.
    """

    def __init__(self, files: Files):
        self.files = [files] if isinstance(files, (str, Path)) else files
        if isinstance(files, (bytes, Mapping)) or not isinstance(self.files, Iterable):
            raise ZooError(f"{files!r:.80} is neither a file nor a list of them, nor an iterable of texts.")
        self.paths = find_files(self.files) if isinstance(self.files, (list, tuple)) else None
        self.size = sum(path.stat().st_size for path in self.paths) if self.paths else None
        self.done = self.dropped = self.read = 0

    def __iter__(self) -> Iterator[str]:
        return self.from_files() if self.paths else self.from_texts()

    def from_files(self) -> Iterator[str]:
        before = 0
        for path in self.paths:
            with path.open("rb") as raw:
                for block in read(path, raw):
                    self.done = before + raw.tell()
                    yield self.only_text(block)
                before += path.stat().st_size
            self.done = before

    def only_text(self, block: str) -> str:
        """A block without the bytes that are no UTF-8."""
        text = block if block.isascii() else SURROGATE.sub("", block)  # Python's way to write them
        dropped = len(block) - len(text)
        self.read, self.dropped = self.read + len(text.encode()) + dropped, self.dropped + dropped
        return text

    def from_texts(self) -> Iterator[str]:
        for place, text in enumerate(self.files):
            if not isinstance(text, (str, bytes)):
                raise ZooError(f"Text {place} is {text!r:.80}, of type {type(text).__name__}: give strings.")
            self.done += 1
            yield self.only_text(text.decode("utf-8", "surrogateescape") if isinstance(text, bytes) else text)


def find_files(named: Iterable[str | Path]) -> list[Path]:
    """The files that paths, folders and patterns stand for, each once, those of one name sorted."""
    found = []
    for place, name in enumerate(named):
        if not isinstance(name, (str, Path)):
            raise ZooError(f"File {place} is {name!r:.80}: give paths, or texts as iter([...]).")
        found += matching(name)
    if not found:
        raise ZooError("There are no files: give at least one.")
    return list(dict.fromkeys(found))


def matching(name: str | Path) -> list[Path]:
    """The file of a name, all in the folder of that name, or those that a pattern fits."""
    path = Path(name).expanduser()
    try:
        if path.is_dir():
            found = list(path.rglob("*"))
            if not any(file.is_file() for file in found):
                raise ZooError(f"There is no file in the folder {str(name)[:200]!r}: give one with text.")
        else:
            found = [path] if path.exists() else map(Path, glob.glob(str(path), recursive=True))  # noqa: PTH207
        found = sorted(file for file in found if file.is_file())
    except ZooError:
        raise
    except (OSError, ValueError):  # no name that a system could have
        found = []
    if not found:
        raise ZooError(
            f"There is no file {str(name)[:200]!r}: give a text file, a folder of them or a pattern such as "
            "'texts/*.txt'; texts themselves go in as iter([...])."
        )
    return found


def read(path: Path, raw: BinaryIO) -> Iterator[str]:
    """The text of a file in blocks."""
    try:
        for _, stream in unpacked(path, raw):
            yield from blocks(decoded(stream, "surrogateescape"))
    except UnicodeDecodeError as error:  # of an encoding that cannot leave out a byte
        raise ZooError(f"{path} is no {error.encoding} to its end: is it whole?") from error
    except DAMAGE as error:
        raise ZooError(f"{path} cannot be read ({error}): is it whole, and what its name says?") from error


def decoded(stream: BinaryIO, errors: str, encoding: str | None = None) -> Iterator[str]:
    """Pieces of a stream's text; a byte order mark outweighs UTF-8, a given `encoding` outweighs both."""
    marked = next((name for mark, name in MARKS.items() if stream.peek(4).startswith(mark)), "utf-8")
    decode = codecs.getincrementaldecoder(encoding or marked)(errors).decode
    yield from map(decode, iter(partial(stream.read, BLOCK), b""))
    yield decode(b"", final=True)


def unpacked(path: Path, raw: BinaryIO) -> Iterator[tuple[str, BinaryIO]]:
    """The streams of a file with their names: of an archive one for each of its files."""
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(raw) as archive:
            for member in archive.infolist():
                if member.flag_bits & ENCRYPTED:
                    raise zipfile.BadZipFile(f"{member.filename} is encrypted")
                if not member.is_dir():
                    with archive.open(member) as stream:
                        yield f"{path}/{member.filename}", stream
    elif path.name.lower().endswith(TAPES):
        with tarfile.open(fileobj=raw, mode="r|*") as tape:
            for member in tape:
                if member.isfile():
                    yield f"{path}/{member.name}", tape.extractfile(member)
    else:
        packed = PACKED.get(path.suffix.lower())
        yield str(path.with_suffix("") if packed else path), packed(raw) if packed else raw


def blocks(texts: Iterable[str]) -> Iterator[str]:
    """Pieces of one text, cut anywhere, as blocks that end at white space; only a word longer than BLOCK is cut."""
    rest = ""
    for more in texts:
        text = rest + more
        end = max(map(text.rfind, " \n\r\t")) + 1
        if not end and len(text) > BLOCK:
            end = len(text)
        rest = text[end:]
        yield text[:end]
    yield rest
