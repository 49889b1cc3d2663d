"""What comes into a model, by the names and with the parts that the encoder needs."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import ops

from keras_bert_zoo.config import BertConfig
from keras_bert_zoo.errors import ZooError

ALIASES = {  # Hugging Face's names, then TF-Hub's
    "input_ids": "token_ids",
    "token_type_ids": "segment_ids",
    "attention_mask": "padding_mask",
    "input_word_ids": "token_ids",
    "input_type_ids": "segment_ids",
    "input_mask": "padding_mask",
}


def complete(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The same inputs under our names; without segments they are one segment, without a mask all text."""
    if not isinstance(inputs, Mapping):
        raise ZooError(
            f"A model takes a dictionary with token_ids, segment_ids and padding_mask, not {type(inputs).__name__}: "
            'wrap the ids as {"token_ids": ids}.'
        )
    named = {
        ALIASES.get(key, key): rectangular(key, value) if isinstance(value, (list, tuple)) else value
        for key, value in inputs.items()
    }
    if "token_ids" not in named:
        raise ZooError(f"The inputs {sorted(inputs)} have no token_ids: a tokenizer's output has them.")
    named.setdefault("segment_ids", ops.zeros_like(named["token_ids"]))
    named.setdefault("padding_mask", ops.ones_like(named["token_ids"]))
    return named


def rectangular(key: str, rows: list | tuple) -> np.ndarray:
    """Lists as an array."""
    try:
        return np.asarray(rows)
    except ValueError as error:
        raise ZooError(f"The rows of {key} have different lengths: pad them to one, as a tokenizer does.") from error


def check(inputs: Mapping[str, Any], config: BertConfig) -> None:
    """Refuse rows longer than the model and ids past their table; on an accelerator they would read rubbish in silence.

    Looks at what can be looked at (arrays in memory), not at tensors inside a compiled function.
    """
    for key, size in (("token_ids", config.vocab_size), ("segment_ids", config.num_segments)):
        ids = in_memory(inputs.get(key))
        if ids is not None:
            check_shape(key, ids, config)
        if ids is None or not ids.size or (key == "segment_ids" and not size):
            continue
        if ids.min() < 0 or ids.max() >= size:
            wrong = ids.min() if ids.min() < 0 else ids.max()
            raise ZooError(
                f"{key} holds {wrong}, but the model has only 0 to {size - 1}: "
                "use the tokenizer that belongs to these weights."
            )


def check_shape(key: str, ids: np.ndarray, config: BertConfig) -> None:
    """Refuse what is not (B, T), and more tokens than the model has positions for."""
    if ids.ndim != 2:
        raise ZooError(f"{key} has the shape {ids.shape}: it must be (texts, tokens), [[1, 2, 3]] for one text.")
    if config.use_positions and ids.shape[1] > config.max_length:
        raise ZooError(
            f"Rows of {ids.shape[1]} tokens are longer than the {config.max_length} this model has positions for: "
            f"cut them with length={config.max_length}, or build with max_length={ids.shape[1]}."
        )


def in_memory(value: Any) -> np.ndarray | None:
    """The value as a numpy array where it is one, or a tensor outside any graph."""
    if isinstance(value, np.ndarray):
        return value
    return value.numpy() if hasattr(value, "numpy") else None
