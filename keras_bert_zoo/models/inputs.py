"""What comes into a model, by the names and with the parts that the encoder needs."""

from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_bert_zoo.config import BertConfig
from keras_bert_zoo.errors import ZooError, find

ALIASES = {  # Hugging Face's names, then TF-Hub's
    "input_ids": "token_ids",
    "token_type_ids": "segment_ids",
    "attention_mask": "padding_mask",
    "input_word_ids": "token_ids",
    "input_type_ids": "segment_ids",
    "input_mask": "padding_mask",
}


def complete(inputs: Mapping[str, Any], features: Iterable[str] = ()) -> dict[str, Any]:
    """The same inputs under our names; without segments they are one segment, without a mask all text.

    `features` are names that a task takes besides those of the encoder.
    """
    if not isinstance(inputs, Mapping):
        raise ZooError(
            f"A model takes a dictionary with token_ids, segment_ids and padding_mask, not {type(inputs).__name__}: "
            'wrap ids as {"token_ids": ids}, turn texts into them with model.tokenizer(texts).'
        )
    named = {}
    known = dict.fromkeys([*BY_TOKEN, *PLACES, *features, *ALIASES])
    for key, value in inputs.items():
        find(known, key, "input of this model")
        name = ALIASES.get(key, key)
        if name in named:
            raise ZooError(f"The inputs {sorted(inputs)} have {name} under two names: give it once.")
        named[name] = rectangular(key, value) if isinstance(value, (list, tuple)) else value
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
    found = {key: in_memory(inputs.get(key)) for key in (*BY_TOKEN, *PLACES)}
    tokens = found["token_ids"]
    if tokens is None:
        return
    check_shape(tokens, config)
    limits = (config.vocab_size, config.num_segments, None)
    for key, size in [*zip(BY_TOKEN, limits, strict=True), *((key, tokens.shape[1]) for key in PLACES)]:
        ids = found[key]
        if ids is None:
            continue
        if key in PLACES and (ids.ndim != 2 or len(ids) != len(tokens)):
            raise ZooError(
                f"{key} has the shape {ids.shape}: it must be a row of places for each of {len(tokens)} rows."
            )
        if key in BY_TOKEN and ids.shape != tokens.shape:
            raise ZooError(f"{key} has the shape {ids.shape}, token_ids {tokens.shape}: they must be the same.")
        if size != 0:  # a model without segments takes any
            check_range(key, ids, size)


BY_TOKEN = ("token_ids", "segment_ids", "padding_mask")  # a number for every token
PLACES = ("mask_positions", "text_positions")  # places in the row


def check_range(key: str, ids: np.ndarray, size: int | None) -> None:
    """Refuse what is not a whole number from 0 to below `size` (None: without end)."""
    if not np.issubdtype(ids.dtype, np.integer) and ids.dtype != bool and (ids != np.floor(ids)).any():
        raise ZooError(f"{key} holds {ids[ids != np.floor(ids)][0]}: it must be whole numbers, as a tokenizer gives.")
    if not ids.size or (ids.min() >= 0 and (size is None or ids.max() < size)):
        return
    wrong = ids.min() if ids.min() < 0 else ids.max()
    if size is None:
        raise ZooError(f"{key} holds {wrong}: it is 0 on padding and a positive number elsewhere.")
    remedy = "places count in the row" if key in PLACES else "use the tokenizer that belongs to these weights"
    raise ZooError(f"{key} holds {wrong}, but there are only 0 to {size - 1}: {remedy}.")


def check_shape(ids: np.ndarray, config: BertConfig) -> None:
    """Refuse what is not (B, T), and more tokens than the model has positions for."""
    if ids.ndim != 2:
        raise ZooError(f"token_ids has the shape {ids.shape}: it must be (texts, tokens), [[1, 2, 3]] for one text.")
    if not ids.size:
        raise ZooError(f"token_ids has the shape {ids.shape}, in which there is nothing: give a text.")
    if config.use_positions and ids.shape[1] > config.max_length:
        raise ZooError(
            f"Rows of {ids.shape[1]} tokens are longer than the {config.max_length} this model has positions for: "
            f"cut them with length={config.max_length}, or build with max_length={ids.shape[1]}."
        )


def in_memory(value: Any) -> np.ndarray | None:
    """The value as a numpy array where it is one, or a tensor outside any compiled function."""
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, keras.KerasTensor) or not hasattr(value, "__array__"):
        return None
    try:
        return np.asarray(value)
    except (TypeError, NotImplementedError):  # JAX's and TensorFlow's way to say that it has no value yet
        return None
