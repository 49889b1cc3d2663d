"""What a person should look at in an inspection, a sentence each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from keras_bert_zoo.data.labels import MANY, is_number

SHOWN = 40  # characters of a name that are shown
REPEATS = {  # what is counted, and what it is
    "exact": ("row", "with the text of an earlier one"),
    "loose": ("row", "with the text of an earlier one but for case or white space"),
    "labels_differ": ("text", "with different labels"),
}
LEAKS = {"exact": "with a text of {}", "loose": "with a text of {} but for case or white space"}


def shorten(name: str) -> str:
    return name if len(name) <= SHOWN else f"{name[: SHOWN - 3]}..."


def shown(name: str) -> str:
    """A name on one line and not too long."""
    return printable(shorten(name))


def printable(text: str) -> str:
    """A text with nothing in it that a terminal would obey."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def notes(parts: Mapping[str, Mapping[str, Any]], leakage: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Of every part by itself, of its labels beside those of the first, and of what two parts share."""
    known = set(names_in(next(iter(parts.values()))))
    for name, part in parts.items():
        prefix = f"{name}: " if len(parts) > 1 else ""
        yield from (prefix + said for said in (*of_gaps(part), *of_labels(part["labels"]), *of_repeats(part)))
        new = [label for label in names_in(part) if known and label not in known]
        if new:
            yield f"{prefix}no row of train has the label {listed(new)}"
    for names, leak in leakage.items():
        earlier, later = names.split(" and ")
        if leak["share"]:
            exact, loose = (of_places(leak[kind], "row", said.format(earlier)) for kind, said in LEAKS.items())
            yield f"{later}: {'; '.join([*exact, *loose])}: {leak['share']:.2%} of its rows leak"


def names_in(part: Mapping[str, Any]) -> Sequence[str]:
    return list(part["labels"]["counts"]) if part["labels"] else []


def of_gaps(part: Mapping[str, Any]) -> Iterator[str]:
    for kind, gap in part["missing"].items():
        if gap["count"]:
            yield f"{number(gap['count'], 'row')} without a {kind} (first: {places_of(gap['rows'])})"


def of_labels(labels: Mapping[str, Any] | None) -> Iterator[str]:
    if labels is None:
        return
    names = list(labels["counts"])
    if not names:
        yield "no row has a label"
    if len(names) == 1:
        yield f"every label is {listed(names)}: a classifier needs two or more"
    if len(names) > MANY and all(map(is_number, names)):
        yield f"{len(names):,} different numbers as labels: are they to be estimated, not told apart?"
    elif len(names) > MANY and sum(labels["counts"].values()) < 2 * len(names):
        yield f"{len(names):,} different labels, most of them once: is it the right column?"
    if len(labels["types"]) > 1:
        types = ", ".join(f"{count:,} {kind}" for kind, count in labels["types"].items())
        yield f"labels are of several types ({types}): 1, 1.0 and '1' are taken as one class"
    for ways in labels["spellings"]:
        yield f"labels differ only in case or white space: {listed(ways)}; in other case they are other classes"


def of_repeats(part: Mapping[str, Any]) -> Iterator[str]:
    for kind, (what, said) in REPEATS.items():
        yield from of_places(part["repeats"][kind], what, said)


def of_places(places: Mapping[str, Any], what: str, said: str) -> Iterator[str]:
    """How many there are and where the first is, or nothing where there is none."""
    if places["count"]:
        yield f"{number(places['count'], what)} {said} (first: {places_of(places['first'][0])})"


def places_of(rows: Sequence[int]) -> str:
    return f"row{'s' * (len(rows) > 1)} {', '.join(map(str, rows))}"


def number(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def listed(names: Sequence[str], most: int = 5) -> str:
    """Some names in quotes, with the white space in them."""
    return ", ".join(repr(shorten(name)) for name in names[:most]) + (", ..." if len(names) > most else "")
