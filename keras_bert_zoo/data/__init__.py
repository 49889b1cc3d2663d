"""Labelled texts to batches: where they come from, how they are split, and how they share rows."""

from typing import Any

from keras_bert_zoo.data.columns import Columns
from keras_bert_zoo.data.examples import Examples, read
from keras_bert_zoo.data.labels import Labels, balanced, balanced_flags
from keras_bert_zoo.data.lengths import LENGTHS, by_length, shortest_length, static_length, suggest_length
from keras_bert_zoo.data.splits import Splits, compare, without_repeats

__all__ = [
    "LENGTHS",
    "Columns",
    "Examples",
    "Labels",
    "PackedBatches",
    "Splits",
    "balanced",
    "balanced_flags",
    "by_length",
    "compare",
    "read",
    "shortest_length",
    "static_length",
    "suggest_length",
    "without_repeats",
]


def __getattr__(name: str) -> Any:
    if name != "PackedBatches":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from keras_bert_zoo.data.packing import PackedBatches  # the one thing here that needs Keras

    return PackedBatches
