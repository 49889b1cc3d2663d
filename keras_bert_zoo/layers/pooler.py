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
