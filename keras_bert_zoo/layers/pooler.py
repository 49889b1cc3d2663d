"""One vector for a whole text."""

import keras
from keras import ops

from keras_bert_zoo.config import BertConfig
from keras_bert_zoo.layers.composite import Composite
from keras_bert_zoo.layers.initializers import normal


class Pooler(Composite):
    """The state of a text's first token through a dense layer and tanh (google-research/bert modeling.py).

    Takes states (B, T, H) and text_positions, the place of each text's first token (B, K);
    without them a row is one text. Returns (B, K, H), or (B, H) for one text a row.
    """

    def __init__(self, config: BertConfig, **kwargs):
        super().__init__(**kwargs)
        self.dense = keras.layers.Dense(config.hidden_size, "tanh", kernel_initializer=normal(config), name="dense")

    def call(self, state, text_positions=None):
        if text_positions is None:
            return self.dense(state[:, 0])  # (B, H)
        return self.dense(ops.take_along_axis(state, text_positions[..., None], axis=1))  # (B, K, H)


def mean_of_texts(state, padding_mask, text_positions=None):
    """The mean of each text's states, float32: (B, K, H) by text_positions (B, K), or (B, H) for one text a row."""
    if text_positions is None:
        is_text = ops.cast(padding_mask > 0, "float32")[:, None]  # (B, 1, T)
    else:
        numbers = ops.take_along_axis(padding_mask, text_positions, axis=1)  # (B, K)
        is_text = ops.cast(ops.equal(padding_mask[:, None], numbers[..., None]), "float32")  # (B, K, T)
    share = is_text / ops.maximum(ops.sum(is_text, axis=-1, keepdims=True), 1.0)
    means = ops.matmul(share, ops.cast(state, "float32"))
    return means if text_positions is not None else means[:, 0]
