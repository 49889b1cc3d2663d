"""Documents out of files of any kind, one after the other, whatever is wrong with some of them."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import BinaryIO, NamedTuple
from xml.etree.ElementTree import ParseError

from keras_bert_zoo.corpus.tei import tei_documents
from keras_bert_zoo.errors import ZooError, find
from keras_bert_zoo.text.sources import DAMAGE, decoded, find_files, unpacked
from keras_bert_zoo.text.strings import SURROGATE

LONGEST = 1 << 22  # characters of a document; a longer one is cut, so that memory stays bounded
LONGEST_LINE = 1 << 26  # characters of a line of JSON
CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
MOST_BROKEN, MOST_CONTROL = 0.001, 0.01  # shares of a text's characters; one with more is no text of this encoding
BLANK_LINES = re.compile(r"\n[^\S\n]*\n\s*")
MARKUP = re.compile(r"<br\s*/?>", re.IGNORECASE)


class Document(NamedTuple):
    """A text, and the file it is from."""

    text: str
    source: str


class Skipped(dict):
    """How many documents were left out, or mended, by what was wrong, with the first of each."""

    def add(self, reason: str, source: str) -> None:
        count, first = self.get(reason, (0, source))
        self[reason] = (count + 1, first)

    def __str__(self) -> str:
        return "\n".join(f"{count:,} {reason} (the first: {first})" for reason, (count, first) in self.items())


class Documents:
    """The documents of files, in an order that does not change.

    `files` are paths, folders, patterns, or "tfds:NAME/CONFIG:SPLIT"; .gz, .xz, .bz2, .tar and .zip are unpacked.
    A .jsonl has a document a line, in `field`; .xml and .tei are TEI, with a document a chapter; any other file is one
    document, or by `split` as many as "blank_line"s or each "line" make. `only` is a pattern for the names of files,
    also of those in archives. `done` of `size` bytes have been read;
    `skipped` says what was left out. Raises ZooError for files that do not exist, or are damaged archives.
    """

    def __init__(
        self,
        files: str | Path | Iterable,
        split: str = "file",
        field: str = "text",
        encoding: str | None = None,
        only: str = "*",
    ):
        self.cut = find(SPLITS, split, "way to split files into documents")
        if not isinstance(files, (str, Path, list, tuple)):
            raise ZooError(f"files={files!r:.40} is no path, nor a list of them.")
        named = [files] if isinstance(files, (str, Path)) else list(files)
        if not named or "" in map(str, named):
            raise ZooError("There are no files: give at least one.")
        self.sets = [name for name in named if str(name).startswith("tfds:")]
        self.paths = (
            find_files([name for name in named if name not in self.sets]) if len(self.sets) < len(named) else []
        )
        self.field, self.encoding, self.only = field, check_encoding(encoding), only
        self.size, self.done = sum(path.stat().st_size for path in self.paths), 0
        self.skipped = Skipped()

    def __iter__(self) -> Iterator[Document]:
        before = 0
        for path in self.paths:
            with path.open("rb") as raw:
                for document in self.of_file(path, raw):
                    self.done = before + raw.tell()
                    yield from self.sound(document)
            before += path.stat().st_size
            self.done = before
        for name in self.sets:
            for text in from_tfds(name, self.field):
                yield from self.sound(Document(text, name))

    def of_file(self, path: Path, raw: BinaryIO) -> Iterator[Document]:
        try:
            for name, stream in unpacked(path, raw):
                if not fnmatch(name, self.only) and not fnmatch(Path(name).name, self.only):
                    continue
                form = FORMS.get(Path(name).suffix.lower(), Documents.of_text)
                try:
                    yield from (Document(text, name) for text in form(self, stream, name))
                except UnicodeDecodeError as error:  # of an encoding that cannot leave out a byte
                    self.skipped.add(f"files are not {error.encoding} to their end", name)
        except DAMAGE as error:
            raise ZooError(f"{path} cannot be read ({error}): is it whole, and what its name says?") from error

    def of_text(self, stream: BinaryIO, name: str) -> Iterator[str]:
        return self.cut(decoded(stream, "surrogateescape", self.encoding))

    def of_json_lines(self, stream: BinaryIO, name: str) -> Iterator[str]:
        for number, line in enumerate(by_line(decoded(stream, "surrogateescape", self.encoding), LONGEST_LINE), 1):
            try:
                text = json.loads(line)[self.field] if line.strip() else ""
            except (ValueError, KeyError, TypeError, RecursionError):
                text = None
            if isinstance(text, str):
                yield from whole([text])
            else:
                self.skipped.add(
                    f"lines have no JSON with a {self.field!r}, which field= names", f"{name}, line {number}"
                )

    def of_tei(self, stream: BinaryIO, name: str) -> Iterator[str]:
        count = 0
        try:
            for text in tei_documents(stream):
                count += 1
                yield from whole([text])
        except (ParseError, ValueError, LookupError) as error:  # the latter two for encodings that expat does not know
            self.skipped.add("files are no XML to their end", f"{name}: {error}")
            return
        if not count:
            self.skipped.add("XML files have no text of the Text Encoding Initiative", name)

    def sound(self, document: Document) -> Iterator[Document]:
        """The document without what is wrong in it, or nothing where that is too much."""
        text, source = document
        if not text.isascii() and SURROGATE.search(text):
            if len(SURROGATE.findall(text)) > MOST_BROKEN * len(text):
                encoding = self.encoding or "UTF-8"
                self.skipped.add(f"documents are not {encoding} and left out: encoding= says what they are in", source)
                return
            self.skipped.add("documents have a few bytes that are no text, which are left out", source)
            text = SURROGATE.sub("", text)
        if CONTROL.search(text):
            if len(CONTROL.findall(text)) > MOST_CONTROL * len(text):
                self.skipped.add("documents are no text but binary, and left out", source)
                return
            text = CONTROL.sub("", text)
        text = MARKUP.sub("\n", text).strip()
        if text:
            yield Document(text, source)
        else:
            self.skipped.add("documents are empty", source)


def check_encoding(encoding: str | None) -> str | None:
    try:
        "".encode(encoding or "utf-8")
    except LookupError as error:
        raise ZooError(f"There is no encoding {encoding!r}: such as utf-8, latin-1 or utf-16.") from error
    return encoding


def whole(pieces: Iterable[str]) -> Iterator[str]:
    """All of it as one document, or as several where it is longer than LONGEST, cut between paragraphs or words."""
    rest = ""
    for piece in pieces:
        rest += piece
        while len(rest) > LONGEST:
            end = max(rest.rfind("\n", 1, LONGEST), 0) or max(rest.rfind(" ", 1, LONGEST), 0) or LONGEST
            yield rest[:end]
            rest = rest[end:]
    yield rest


def by_blank_line(pieces: Iterable[str]) -> Iterator[str]:
    """A document for each run of lines between blank ones."""
    rest = ""
    for piece in pieces:
        rest = (rest + piece).replace("\r\n", "\n")
        *done, rest = BLANK_LINES.split(rest)
        for text in done:
            yield from whole([text])
        if len(rest) > LONGEST:
            *done, rest = whole([rest])
            yield from done
    yield rest


def by_line(pieces: Iterable[str], longest: int = LONGEST) -> Iterator[str]:
    """A document for each line; of a longer one than `longest` as many as it takes."""
    rest = ""
    for piece in pieces:
        *done, rest = (rest + piece).split("\n")
        yield from done
        while len(rest) > longest:
            yield rest[:longest]
            rest = rest[longest:]
    yield rest


def from_tfds(name: str, field: str) -> Iterator[str]:
    """The texts of a set of tensorflow_datasets: "tfds:imdb_reviews:unsupervised"."""
    import tensorflow_datasets as tfds

    dataset, _, split = name.removeprefix("tfds:").partition(":")
    try:
        examples = tfds.load(dataset, split=split or "train")
    except (ValueError, tfds.core.DatasetNotFoundError, OSError) as error:
        raise ZooError(f"tensorflow_datasets has no {dataset!r} with a split {split or 'train'!r}: {error}") from error
    for example in tfds.as_numpy(examples):
        if field not in example:
            raise ZooError(f"{name} has {', '.join(example)}, and no {field!r}: name the text's with field=.")
        if not isinstance(example[field], bytes):
            kind = type(example[field]).__name__
            raise ZooError(f"The {field!r} of {name} is no text but {kind}: name another field=.")
        yield from whole([example[field].decode("utf-8", "ignore")])


FORMS: dict[str, Callable] = {
    ".jsonl": Documents.of_json_lines,
    ".ndjson": Documents.of_json_lines,
    ".xml": Documents.of_tei,
    ".tei": Documents.of_tei,
}
SPLITS = {"file": whole, "blank_line": by_blank_line, "line": by_line}
