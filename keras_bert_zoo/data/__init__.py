"""Labelled texts to batches: where they come from, how they are split, and how they share rows."""

from keras_bert_zoo.data.examples import Columns, Examples, read
from keras_bert_zoo.data.labels import Labels, balanced
from keras_bert_zoo.data.lengths import LENGTHS, by_length, static_length
from keras_bert_zoo.data.packing import PackedBatches
from keras_bert_zoo.data.splits import Splits, compare, without_repeats

__all__ = [
    "LENGTHS",
    "Columns",
    "Examples",
    "Labels",
    "PackedBatches",
    "Splits",
    "balanced",
    "by_length",
    "compare",
    "read",
    "static_length",
    "without_repeats",
]
