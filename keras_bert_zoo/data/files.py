"""Tables on disk: CSV, TSV, JSON and JSON lines to columns of strings, with the line of every row."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.text.sources import MARKS

Row = tuple[int, list[Any]]  # the line it starts on, and its fields
LONGEST_FIELD = 1 << 30  # characters: the csv module would refuse texts past 131,072


def read_table(path: Path, names: Sequence[str] | None, encoding: str | None) -> tuple[list[str], Iterator[Row]]:
    """The columns' names and the rows of a file. With `names` the file has no header, and these are its columns.

    `.csv` fields may be quoted, as RFC 4180 says; in `.tsv` (and files without an ending) a quote is a character
    like any other, as in GLUE. Raises ZooError for a file that is none of these or is not in `encoding`.
    """
    if not path.is_file():
        what = f"{str(path)!r} is a folder" if path.is_dir() else f"There is no file {str(path)!r}"
        raise ZooError(f"{what}: give a .csv, .tsv, .json or .jsonl file with a row an example.")
    form = FORMS.get(path.suffix.lower())
    if form is None:
        raise ZooError(f"{path} ends in {path.suffix!r}: known are {', '.join(filter(None, FORMS))}.")
    return form(decode(path, encoding), path, names)


def decode(path: Path, encoding: str | None) -> str:
    """The file's text; a byte order mark outweighs UTF-8, a given `encoding` outweighs both."""
    content = path.read_bytes()
    marked = next((name for mark, name in MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding or marked).removeprefix("\ufeff")
    except LookupError as error:
        raise ZooError(f"There is no encoding {encoding!r}: such as utf-8, latin-1 or utf-16.") from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ZooError(
            f"{path}, line {line}: byte {content[error.start : error.start + 1]!r} is not {error.encoding}: "
            'say what the file is in, such as encoding="latin-1" or "cp1252".'
        ) from error


def read_delimited(delimiter: str, quoting: int) -> Callable[..., tuple[list[str], Iterator[Row]]]:
    def read(text: str, path: Path, names: Sequence[str] | None) -> tuple[list[str], Iterator[Row]]:
        csv.field_size_limit(LONGEST_FIELD)
        lines = io.StringIO(text, newline="" if quoting == csv.QUOTE_MINIMAL else None)
        rows = numbered(csv.reader(lines, delimiter=delimiter, quoting=quoting, strict=True), path)
        header = list(names) if names else next(rows, (0, []))[1]
        if not header:
            raise ZooError(f"{path} is empty: it needs a header and a row for each example.")
        return header, (fitting(row, header, path) for row in rows if row[1])

    return read


def numbered(reader: Any, path: Path) -> Iterator[Row]:
    """Rows with the line each starts on; a quote that nothing closes is named by the row it is in."""
    start = 1
    try:
        for row in reader:
            yield start, row
            start = reader.line_num + 1
    except csv.Error as error:
        raise ZooError(
            f"{path}: the row on line {start} is no CSV ({error}): close or double its quotes, or use a .tsv file, "
            "where a quote is a character like any other."
        ) from error


def fitting(row: Row, header: list[str], path: Path) -> Row:
    line, fields = row
    if len(fields) != len(header):
        raise ZooError(
            f"{path}, line {line} has {len(fields)} fields, but there are {len(header)} columns "
            f"({', '.join(header)}): look at its quotes and separators."
        )
    return row


def read_json_lines(text: str, path: Path, names: Sequence[str] | None) -> tuple[list[str], Iterator[Row]]:
    parsed = []
    for line, content in enumerate(text.split("\n"), start=1):
        if content.strip():
            parsed.append((line, parse(content, f"{path}, line {line}")))
    return table_of(parsed, path)


def read_json(text: str, path: Path, names: Sequence[str] | None) -> tuple[list[str], Iterator[Row]]:
    parsed = parse(text, str(path))
    if not isinstance(parsed, list):
        raise ZooError(f"{path} holds no list of rows: it must be [{{...}}, {{...}}], or JSON lines in a .jsonl file.")
    return table_of(list(enumerate(parsed, start=1)), path)


def parse(content: str, where: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ZooError(f"{where} is no JSON ({error}): mend or remove it.") from error


def table_of(rows: list[tuple[int, Any]], path: Path) -> tuple[list[str], Iterator[Row]]:
    """Dictionaries as rows; a key that a row lacks is None."""
    for line, row in rows:
        if not isinstance(row, dict):
            raise ZooError(f"{path}, row {line} is {row!r:.40}: it must be a dictionary such as {{'text': ..., ...}}.")
    header = list(dict.fromkeys(key for _, row in rows for key in row))
    if not header:
        raise ZooError(f"{path} is empty: it needs a row for each example.")
    return header, ((line, [row.get(key) for key in header]) for line, row in rows)


FORMS = {
    ".csv": read_delimited(",", csv.QUOTE_MINIMAL),
    ".tsv": read_delimited("\t", csv.QUOTE_NONE),
    "": read_delimited("\t", csv.QUOTE_NONE),
    ".txt": read_delimited("\t", csv.QUOTE_NONE),
    ".json": read_json,
    ".jsonl": read_json_lines,
}
