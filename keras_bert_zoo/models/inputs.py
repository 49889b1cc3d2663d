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
    named = {ALIASES.get(key, key): value for key, value in inputs.items()}
    if "token_ids" not in named:
        raise ZooError(f"The inputs {sorted(inputs)} have no token_ids: a tokenizer's output has them.")
    named.setdefault("segment_ids", ops.zeros_like(named["token_ids"]))
    named.setdefault("padding_mask", ops.ones_like(named["token_ids"]))
    return named


def check(inputs: Mapping[str, Any], config: BertConfig) -> None:
    """Refuse ids past their table; on an accelerator they would read rubbish in silence.

    Looks at what can be looked at (arrays in memory), not at tensors inside a compiled function.
    """
    for key, size in (("token_ids", config.vocab_size), ("segment_ids", config.num_segments)):
        ids = in_memory(inputs.get(key))
        if ids is None or not ids.size or (key == "segment_ids" and not size):
            continue
        if ids.min() < 0 or ids.max() >= size:
            wrong = ids.min() if ids.min() < 0 else ids.max()
            raise ZooError(
                f"{key} holds {wrong}, but the model has only 0 to {size - 1}: "
                "use the tokenizer that belongs to these weights."
            )


def in_memory(value: Any) -> np.ndarray | None:
    """The value as a numpy array where it is one, a list, or a tensor outside any graph."""
    if isinstance(value, (np.ndarray, list, tuple)):
        return np.asarray(value)
    return value.numpy() if hasattr(value, "numpy") else None
