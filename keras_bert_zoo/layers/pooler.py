"""One vector for a whole text."""

import keras
from keras import ops

from keras_bert_zoo.config import BertConfig
from keras_bert_zoo.errors import find
from keras_bert_zoo.layers.composite import Composite
from keras_bert_zoo.layers.initializers import normal


class Pooler(Composite):
    """A text's states as one vector, through a dense layer and tanh.

    `pooling` is "first", the state of the first token (google-research/bert modeling.py), or "mean", the mean of the
    states of all its tokens (Reimers & Gurevych 2019, section 3). Takes states (B, T, H), padding_mask (B, T), and
    text_positions, the place of each text's first token (B, K); without them a row is one text. Returns (B, K, H), or
    (B, H) for one text a row.
    """

    def __init__(self, config: BertConfig, pooling: str = "first", **kwargs):
        super().__init__(**kwargs)
        self.pool = find(POOLINGS, pooling, "pooling")
        self.dense = keras.layers.Dense(config.hidden_size, "tanh", kernel_initializer=normal(config), name="dense")

    def call(self, state, padding_mask, text_positions=None):
        alone = text_positions is None
        places = ops.zeros_like(padding_mask[:, :1]) if alone else text_positions  # (B, K)
        vectors = self.dense(self.pool(state, padding_mask, places))  # (B, K, H)
        return vectors[:, 0] if alone else vectors


def first(state, padding_mask, places):
    """The states at the places."""
    return ops.take_along_axis(state, places[..., None], axis=1)  # (B, K, H)


def mean(state, padding_mask, places):
    """The mean of the states that have the number of the token at each place."""
    number = ops.take_along_axis(padding_mask, places, axis=1)  # (B, K)
    own = ops.cast(padding_mask[:, None] == number[..., None], state.dtype)  # (B, K, T)
    return ops.matmul(own, state) / ops.sum(own, axis=-1, keepdims=True)  # (B, K, H)


POOLINGS = {"first": first, "mean": mean}
