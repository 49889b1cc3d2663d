"""Texts that stand twice: in one part of the data, and in two of them."""

from collections.abc import Hashable, Iterable, Iterator
from typing import Any

from keras_bert_zoo.data.examples import Examples, lacks
from keras_bert_zoo.data.labels import names_of

FIRST = 5  # places that are named
Key = tuple[str, str]


def repeats(examples: Examples) -> dict[str, dict[str, Any]]:
    """Rows that say an earlier one again, each as a count and the first places [earlier row, row].

    `exact`: text and pair are the same but for white space around them. `loose`: the same in other case or with
    other white space, counted once for every way to write it. `labels_differ`: the texts with several labels.
    """
    first, exact = again(keyed(examples))
    _, loose = again((loosen(key), row) for key, row in first.items())
    return {"exact": counted(exact), "loose": counted(loose), "labels_differ": counted(disputed(examples))}


def leaks(earlier: Examples, later: Examples) -> dict[str, Any]:
    """Rows of one part whose text another part has: as in `repeats`, and their `share` of the later part."""
    first, _ = again(keyed(earlier))
    loosely, _ = again((loosen(key), row) for key, row in first.items())
    exact, loose = [], []
    for key, row in keyed(later):
        if key in first:
            exact.append([first[key], row])
        elif loosen(key) in loosely:
            loose.append([loosely[loosen(key)], row])
    share = (len(exact) + len(loose)) / len(later)
    return {"exact": counted(exact), "loose": counted(loose), "share": share}


def keyed(examples: Examples) -> Iterator[tuple[Key, int]]:
    """What makes a text the same, and its row; without the texts that are not there."""
    for place, (key, row) in enumerate(zip(examples.identities(), examples.rows, strict=True)):
        if lacks(examples, place) not in ("text", "pair"):
            yield key, row


def again(items: Iterable[tuple[Hashable, int]]) -> tuple[dict[Any, int], list[list[int]]]:
    """The first row of every key, and [first row, row] of every other."""
    first, pairs = {}, []
    for key, row in items:
        if key in first:
            pairs.append([first[key], row])
        else:
            first[key] = row
    return first, pairs


def loosen(key: Key) -> Key:
    return tuple(" ".join(part.split()).casefold() for part in key)


def disputed(examples: Examples) -> list[list[int]]:
    """For every text with several labels, the first row of each."""
    if examples.labels is None:
        return []
    rows: dict[Key, dict[tuple[str, ...], int]] = {}
    for place, key in enumerate(examples.identities()):
        if not lacks(examples, place):
            rows.setdefault(key, {}).setdefault(names_of(examples.labels[place]), examples.rows[place])
    return [list(named.values()) for named in rows.values() if len(named) > 1]


def counted(places: list[Any]) -> dict[str, Any]:
    return {"count": len(places), "first": places[:FIRST]}
