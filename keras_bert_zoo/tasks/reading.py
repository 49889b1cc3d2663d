"""Raw texts to rows of few static lengths."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from keras_bert_zoo.config import BertConfig
from keras_bert_zoo.data.lengths import static_length
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.text import Tokenizer, as_list


def texts_in(x: Any) -> list | None:
    """The raw texts of a list, a string, an array or a tensor of strings; None for anything else."""
    if isinstance(x, (str, bytes, list, tuple)):
        return as_list(x)
    if getattr(x, "dtype", None) == "string":  # TensorFlow's
        return as_list(x.numpy())
    return as_list(x) if isinstance(x, np.ndarray) and x.dtype.kind in "OUS" else None


def as_array(y: Any) -> np.ndarray:
    """Targets as an array. ZooError for rows of several lengths."""
    try:
        return np.asarray(y)
    except ValueError as error:
        raise ZooError("The targets are uneven: give as many for each text.") from error


def check_tokenizer(tokenizer: Tokenizer | None, config: BertConfig) -> None:
    """A model has rows for no more pieces than its table; raises ZooError where a tokenizer has more, or is none."""
    if tokenizer is None:
        return
    if not isinstance(tokenizer, Tokenizer):
        raise ZooError(f"{tokenizer!r:.60} is no tokenizer: make one with keras_bert_zoo.tokenizer(...).")
    pieces = len(tokenizer.vocabulary)
    if pieces > config.vocab_size:
        raise ZooError(
            f"The tokenizer has {pieces:,} pieces, but the model {config.vocab_size:,}: give it its own, or build a "
            f"model with vocab_size={pieces}."
        )


def tokenize(
    tokenizer: Tokenizer | None, texts: Sequence[str], pairs: Sequence[str] | None, special_tokens: str
) -> dict[str, np.ndarray]:
    """The inputs of a model, int32 (B, T) with T one of data.static_length or max_length.

    Raises ZooError without a tokenizer, and without a text.
    """
    if tokenizer is None:
        raise ZooError(
            "This model has no tokenizer, so it takes arrays only: set model.tokenizer = "
            "keras_bert_zoo.tokenizer(folder) with the folder of its vocabulary."
        )
    if not len(texts):
        raise ZooError("There are no texts: give at least one.")
    inputs = tokenizer(texts, pairs, special_tokens=special_tokens)
    width = inputs["token_ids"].shape[1]
    missing = min(static_length(width), tokenizer.max_length) - width
    fill = {"token_ids": tokenizer.vocabulary.special("pad")}
    return {
        key: np.pad(array, ((0, 0), (0, missing)), constant_values=fill.get(key, 0)) for key, array in inputs.items()
    }


def first_rows(arrays: Any, rows: int) -> Any:
    """The same structure of arrays with only their first rows."""
    return keras.tree.map_structure(lambda array: array[:rows], arrays)
