"""BERT and ALBERT for Keras 3: build, load, save, answer.

Nothing is imported before it is used, neither Keras nor TensorFlow.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

DOORS = {
    "BertConfig": "keras_bert_zoo.config",
    "Corpus": "keras_bert_zoo.corpus.shards",
    "ZooError": "keras_bert_zoo.errors",
    "build": "keras_bert_zoo.zoo.build",
    "convert": "keras_bert_zoo.zoo.convert",
    "describe": "keras_bert_zoo.zoo.describe",
    "doctor": "keras_bert_zoo.distribution.doctor",
    "evaluate": "keras_bert_zoo.training.evaluate",
    "extend_positions": "keras_bert_zoo.tasks.surgery",
    "extend_segments": "keras_bert_zoo.tasks.surgery",
    "extend_vocabulary": "keras_bert_zoo.tasks.surgery",
    "fill_mask": "keras_bert_zoo.zoo.fill_mask",
    "finetune": "keras_bert_zoo.training.finetune",
    "inspect": "keras_bert_zoo.data.inspect",
    "list_models": "keras_bert_zoo.zoo.presets",
    "load": "keras_bert_zoo.zoo.build",
    "plan_pretraining": "keras_bert_zoo.training.pretrain",
    "prepare": "keras_bert_zoo.corpus.prepare",
    "pretrain": "keras_bert_zoo.training.pretrain",
    "suggest_length": "keras_bert_zoo.data.lengths",
    "tokenizer": "keras_bert_zoo.zoo.tokenizers",
    "train_vocabulary": "keras_bert_zoo.text.train",
    "untie": "keras_bert_zoo.tasks.surgery",
    "vocabulary_report": "keras_bert_zoo.text.report",
}
__all__ = ["__version__", *DOORS]


def __getattr__(name: str) -> Any:
    if name not in DOORS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(DOORS[name]), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "tensorflow":
            raise
        raise ImportError(
            "Keras runs on TensorFlow unless KERAS_BACKEND says otherwise, and TensorFlow is not installed: "
            "set KERAS_BACKEND=jax before Python starts, or pip install tensorflow."
        ) from error


def __dir__() -> list[str]:
    return __all__
