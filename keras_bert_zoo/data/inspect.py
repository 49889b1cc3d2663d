"""What labelled texts are like, before anything learns from them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from keras_bert_zoo.config import BertConfig
from keras_bert_zoo.data.columns import Columns
from keras_bert_zoo.data.examples import Examples, gather, lacks, with_rows
from keras_bert_zoo.data.inspection import Inspection
from keras_bert_zoo.data.labels import name_of
from keras_bert_zoo.data.lengths import LENGTHS, WHOLE, or_english, shortest_length, token_counts
from keras_bert_zoo.data.notes import notes
from keras_bert_zoo.data.repeats import FIRST, leaks, repeats
from keras_bert_zoo.data.values import is_missing
from keras_bert_zoo.text import Tokenizer

BASE = BertConfig(  # the shape of bert_base, whose speeds are shown unless another is given
    vocab_size=30_522,
    num_layers=12,
    num_blocks=12,
    hidden_size=768,
    embedding_size=768,
    num_heads=12,
    intermediate_size=3072,
)
PERCENT = (50, 90, 95, 99, 100)
BARS = 32  # of the histogram at most


def inspect(
    data: Any,
    validation: Any = None,
    test: Any = None,
    tokenizer: Tokenizer | None = None,
    text: str = "text",
    label: str | Sequence[str] | None = "label",
    pair: str | None = None,
    columns: Sequence[str] | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    config: BertConfig = BASE,
) -> Inspection:
    """Labels, gaps, repeats, leaks and lengths of labelled texts: a dictionary that prints as tables.

    `data`, the other parts and where they are read from are those of `finetune`; label=None reads no labels. Rows
    without a text or label are counted, not refused. Lengths are those of `data`, in characters and in tokens of
    `tokenizer` (English uncased BERT's unless given) with the special ones; shares are from 0 to 1; `speed` is how
    many rows of a length take the multiply-adds of one of 512 tokens through `config`. Raises ZooError for what
    cannot be read.
    """
    tokenizer, where = or_english(tokenizer), Columns(text, label, pair, columns, encoding, separator)
    given = {"train": data, "validation": validation, "test": test}
    parts = {name: with_rows(gather(part, where)) for name, part in given.items() if part is not None}
    found = {name: describe(part) for name, part in parts.items()}
    leakage = {f"{a} and {b}": leaks(parts[a], parts[b]) for a, b in combinations(parts, 2)}
    said = list(notes(found, leakage))
    return Inspection(
        **found.pop("train"),
        **found,
        leakage=leakage,
        notes=said,
        **measure(parts["train"], tokenizer, config),
        tokenizer={"file": tokenizer.file, "pieces": len(tokenizer.vocabulary)},
        shape={"num_layers": config.num_layers, "hidden_size": config.hidden_size},
    )


def describe(examples: Examples) -> dict[str, Any]:
    """Rows, labels, gaps and repeats of one part."""
    return {
        "source": examples.source,
        "rows": len(examples),
        "labels": None if examples.labels is None else describe_labels(examples.labels),
        "missing": gaps(examples),
        "repeats": repeats(examples),
    }


def describe_labels(values: Sequence[Any]) -> dict[str, Any]:
    """Counts and shares of rows by name, the most frequent first; Python's types; labels spelt in several ways."""
    rows = [value if isinstance(value, list) else [value] for value in values if not is_missing(value)]
    there = [label for row in rows for label in row]
    counts = dict(Counter(map(name_of, there)).most_common())
    spellings: dict[str, set[str]] = {}
    for spelling in {value if isinstance(value, str) else name_of(value) for value in there}:
        spellings.setdefault(" ".join(spelling.split()).casefold(), set()).add(spelling)
    return {
        "counts": counts,
        "shares": {name: count / len(rows) for name, count in counts.items()},
        "types": dict(Counter(type(value).__name__ for value in there).most_common()),
        "spellings": sorted(sorted(ways) for ways in spellings.values() if len(ways) > 1),
    }


def gaps(examples: Examples) -> dict[str, dict[str, Any]]:
    """Of texts, pairs and labels, how many are not there, and the first rows without."""
    found = {}
    for kind, values in examples.parts().items():
        rows = [row for row, value in zip(examples.rows, values, strict=True) if is_missing(value)]
        found[kind] = {"count": len(rows), "rows": rows[:FIRST]}
    return found


def measure(examples: Examples, tokenizer: Tokenizer, config: BertConfig) -> dict[str, Any]:
    """Lengths of the texts that are there; None where there is none."""
    there = examples.take(i for i in range(len(examples)) if lacks(examples, i) not in ("text", "pair"))
    if not len(there):
        return {"texts": 0} | dict.fromkeys(("characters", "tokens", "lengths", "suggested_length", "histogram"))
    characters = np.array([len(text) + len(pair) for text, pair in zip(there.texts, pairs_of(there), strict=True)])
    counts = token_counts(tokenizer, there.texts, there.pairs)
    return {
        "texts": len(there),
        "characters": summarize(characters),
        "tokens": summarize(counts),
        "lengths": list(advise(counts, config)),
        "suggested_length": shortest_length(counts, WHOLE, min(tokenizer.max_length, LENGTHS[-1])),
        "histogram": histogram(counts),
    }


def pairs_of(examples: Examples) -> Sequence[str]:
    return [""] * len(examples) if examples.pairs is None else examples.pairs


def summarize(counts: np.ndarray) -> dict[str, float]:
    """Least, mean, and the least count that so many percent of the texts do not pass."""
    ordered = np.sort(counts)
    quantiles = {str(percent): int(ordered[-(-len(ordered) * percent // 100) - 1]) for percent in PERCENT}
    return {"min": int(ordered[0]), **quantiles, "mean": float(ordered.mean())}


def advise(counts: np.ndarray, config: BertConfig) -> Iterator[dict[str, Any]]:
    """For every static length: the texts that need it and no less, and what a row of it for each text means."""
    shorter, whole = 0, config.multiply_adds(LENGTHS[-1])
    for length in LENGTHS:
        kept = np.minimum(counts, length).sum()
        fit = int((counts <= length).sum())
        yield {
            "length": length,
            "texts": fit - shorter,
            "truncated": (len(counts) - fit) / len(counts),
            "lost": float((counts.sum() - kept) / counts.sum()),
            "padding": float((len(counts) * length - kept) / (len(counts) * length)),
            "multiply_adds": config.multiply_adds(length),
            "speed": whole / config.multiply_adds(length),
        }
        shorter = fit


def histogram(counts: np.ndarray) -> dict[str, Any]:
    """Texts by tokens in steps of whole tokens, from above each edge up to the next; `longer` are past the last."""
    top = min(int(counts.max()), LENGTHS[-1])
    step = -(-top // BARS)
    edges = np.arange(0, top + step, step)
    within = np.bincount((counts[counts <= edges[-1]] - 1) // step, minlength=len(edges) - 1)
    return {"edges": edges.tolist(), "counts": within.tolist(), "longer": int((counts > edges[-1]).sum())}
