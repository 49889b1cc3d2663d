"""Texts as people give them, as lists of str."""

import re
from collections.abc import Iterable, Mapping, Sequence

from keras_bert_zoo.errors import ZooError

Texts = str | Sequence[str]
SURROGATE = re.compile("[\ud800-\udfff]")


def as_list(texts: Texts) -> list[str]:
    """The texts as a list of str; bytes are read as UTF-8, without what is no UTF-8, and so are lone surrogates."""
    return [without_surrogates(text)[0] for text in as_strings(texts)]


def without_surrogates(text: str) -> tuple[str, Sequence[int]]:
    """The text without lone surrogates, and where its characters were."""
    if text.isascii() or not SURROGATE.search(text):
        return text, range(len(text) + 1)
    kept = [place for place, char in enumerate(text) if not SURROGATE.match(char)]
    return "".join(text[place] for place in kept), [*kept, len(text)]


def as_strings(texts: Texts, what: str = "Text") -> list[str]:
    """The texts as a list of str, with bytes read; `what` is what one of them is called where it is none."""
    if not isinstance(texts, (str, bytes, Iterable)):
        raise ZooError(f"{texts!r} is no text, nor a list of texts.")
    if isinstance(texts, (Mapping, set)) or getattr(texts, "ndim", 1) != 1:
        raise ZooError(f"The texts are a {type(texts).__name__}: give a string, or a flat list of strings.")
    items = [texts] if isinstance(texts, (str, bytes)) else list(texts)
    for place, item in enumerate(items):
        if isinstance(item, bytes):
            items[place] = item.decode("utf-8", "ignore")
        elif not isinstance(item, str):
            raise ZooError(f"{what} {place} is {item!r}, of type {type(item).__name__}: give strings.")
    return items
