"""Weights in and out: names and arrays, both ways from one table."""

from keras_bert_zoo.checkpoints.checkpoint import TABLES, Checkpoint, pattern
from keras_bert_zoo.checkpoints.configs import HEADS_ALONE, Description
from keras_bert_zoo.checkpoints.folder import MANIFEST, committed, open_folder, verify, writable
from keras_bert_zoo.checkpoints.report import LoadReport
from keras_bert_zoo.checkpoints.writers import WRITERS, write

__all__ = [
    "HEADS_ALONE",
    "MANIFEST",
    "TABLES",
    "WRITERS",
    "Checkpoint",
    "Description",
    "LoadReport",
    "committed",
    "open_folder",
    "pattern",
    "verify",
    "writable",
    "write",
]
