"""Labelled texts, whatever they come in."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from keras_bert_zoo.data.columns import Columns
from keras_bert_zoo.data.files import read_table
from keras_bert_zoo.data.values import as_text, is_missing
from keras_bert_zoo.errors import ZooError, find

SETS = Path(__file__).parent / "sets"
BUNDLED = {"sms_spam": (SETS / "SMSSpamCollection", ("label", "text"))}  # Almeida, Hidalgo & Yamakami 2011
DEFAULT = Columns()
SEPARATORS = (";", "\t", ",", "|")


@dataclass(frozen=True)
class Examples:
    """Texts with the rows they were in, and where there are any their pairs and labels."""

    texts: list[str]
    pairs: list[str] | None
    labels: list[Any] | None
    source: str
    rows: list[int]

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, places: Iterable[int]) -> "Examples":
        """Some of them, in the order of `places`."""
        places = list(places)
        return replace(
            self,
            texts=[self.texts[i] for i in places],
            pairs=None if self.pairs is None else [self.pairs[i] for i in places],
            labels=None if self.labels is None else [self.labels[i] for i in places],
            rows=[self.rows[i] for i in places],
        )

    def parts(self) -> dict[str, list[Any]]:
        """What an example consists of: its text, and where there are any its pair and label."""
        found = {"text": self.texts, "pair": self.pairs, "label": self.labels}
        return {kind: values for kind, values in found.items() if values is not None}

    def identities(self) -> list[tuple[str, str]]:
        """What makes two examples the same: text and pair, without spaces around."""
        return [(a.strip(), b.strip()) for a, b in zip(self.texts, self.pairs or [""] * len(self), strict=True)]

    def sha256(self) -> str:
        """The sum of texts, pairs and labels in their order."""
        content = [self.texts, self.pairs, [str(label) for label in self.labels]]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def read(data: Any, columns: Columns = DEFAULT, empty: str = "error") -> Examples:
    """Examples from a file's path, the name of a bundled set, a pair (texts, labels), a triple (texts, pairs,
    labels), a mapping or DataFrame with the named columns, or a tf.data.Dataset of (text, label).

    A label is a word or a number, or a list of them (`Columns` says how else several are written). Rows without a text
    or a label are a ZooError that counts them, or left out with empty="drop"; with a separator an empty cell is a text
    with no label.
    """
    find(EMPTY, empty, "way with empty rows")
    if isinstance(data, Examples):
        return data
    whole = gather(data, columns)
    return EMPTY[empty](whole, [i for i in range(len(whole)) if lacks(whole, i)])


def gather(data: Any, columns: Columns = DEFAULT) -> Examples:
    """Examples as `read` makes them, but rows without a text or a label stay in."""
    if isinstance(data, Examples):
        return data
    if columns.pair is not None and columns.pair == columns.text:
        raise ZooError(f"The text and its pair are one column, {columns.text!r}: name two.")
    texts, pairs, labels, rows, source = unpack(data, columns)
    if columns.label is None:
        labels = None
    for kind, values in (("pairs", pairs), ("labels", labels)):
        if values is not None and len(values) != len(texts):
            raise ZooError(f"{source} has {len(texts)} texts but {len(values)} {kind}: give one for each text.")
    return Examples(
        [as_text(value, source, row) for value, row in zip(texts, rows, strict=True)],
        None if pairs is None else [as_text(value, source, row) for value, row in zip(pairs, rows, strict=True)],
        None if labels is None else columns.labels(labels, source, rows),
        source,
        list(rows),
    )


def unpack(data: Any, columns: Columns) -> tuple[Sequence, Sequence | None, Sequence | None, Sequence[int], str]:
    """Texts, pairs, labels, row numbers and a name for where they are from."""
    if isinstance(data, (str, Path)):
        return from_file(data, columns)
    if hasattr(data, "as_numpy_iterator"):
        return from_dataset(data)
    if isinstance(data, Mapping) or hasattr(data, "columns"):
        source = f"The {type(data).__name__}"
        table = {name: list(data[name]) for name in columns.wanted() if pick(list(data), name, source) is not None}
        texts = table[columns.text]
        return texts, table.get(columns.pair), columns.labels_in(table), range(1, len(texts) + 1), source
    if isinstance(data, (tuple, list)) and len(data) in (2, 3) and not isinstance(data[0], str):
        texts, *pairs, labels = (list(part) for part in data)
        return texts, pairs[0] if pairs else None, labels, range(1, len(texts) + 1), "The data"
    raise ZooError(
        f"{data!r:.80} is no labelled text: give a file's path, (texts, labels), a DataFrame or a tf.data.Dataset."
    )


def from_file(data: str | Path, columns: Columns) -> tuple:
    path, names = BUNDLED.get(str(data), (Path(data).expanduser(), columns.names))
    header, rows = read_table(path, names, columns.encoding)
    places = {name: header.index(pick(header, name, str(path))) for name in columns.wanted()}
    lines, table = [], {name: [] for name in places}
    for line, fields in rows:
        lines.append(line)
        for name, place in places.items():
            table[name].append(fields[place])
    return table[columns.text], table.get(columns.pair), columns.labels_in(table), lines, str(data)


def pick(header: list, name: str, source: str) -> str:
    if name not in header:
        columns = {str(known): None for known in header if isinstance(known, str)}
        sign = next((sign for sign in SEPARATORS if sign in str(header[0])), None)
        if len(header) == 1 and sign:
            raise ZooError(
                f"{source} has one column, {header[0]!r:.60}, in which {sign!r} looks like the separator: separate by "
                "commas in a .csv, by tabs in a .tsv."
            )
        find(columns, name, f"column in {source}", f"its columns are {', '.join(map(repr, header))}.")
    return name


def from_dataset(data: Any) -> tuple:
    """A tf.data.Dataset of (text, label), or ((text, pair), label), in batches or not."""
    texts, pairs, labels = [], [], []
    for element in data.as_numpy_iterator():
        if not isinstance(element, tuple) or len(element) != 2:
            raise ZooError("The data set must give (text, label), or ((text, pair), label): map it to that.")
        given, label = element
        first, second = given if isinstance(given, tuple) else (given, None)
        texts.extend(np.atleast_1d(first))
        labels.extend([label] if np.ndim(first) == 0 else label)
        pairs.extend([] if second is None else np.atleast_1d(second))
    return texts, pairs or None, labels, range(1, len(texts) + 1), "The data set"


def lacks(examples: Examples, place: int) -> str:
    """What an example lacks, or nothing."""
    return next((kind for kind, values in examples.parts().items() if is_missing(values[place])), "")


def refuse(examples: Examples, places: list[int]) -> Examples:
    if not places:
        return with_rows(examples)
    first = places[0]
    count = "a row" if len(places) == 1 else f"{len(places)} rows"
    raise ZooError(
        f"{examples.source} has {count} without a text or a label (the first: row {examples.rows[first]} has no "
        f'{lacks(examples, first)}): fill or remove them, or leave them out with empty="drop".'
    )


def drop(examples: Examples, places: list[int]) -> Examples:
    out = set(places)
    return with_rows(examples.take(i for i in range(len(examples)) if i not in out))


def with_rows(examples: Examples) -> Examples:
    if not len(examples):
        raise ZooError(f"{examples.source} has no rows: it needs one for each example.")
    return examples


EMPTY = {"error": refuse, "drop": drop}
