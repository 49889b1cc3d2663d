"""The two dense layers that follow attention in every block."""

import keras

from keras_bert_zoo.config import BertConfig
from keras_bert_zoo.layers.activations import ACTIVATIONS
from keras_bert_zoo.layers.composite import Composite
from keras_bert_zoo.layers.initializers import normal


class FeedForward(Composite):
    """Widens each state to the intermediate size, bends it, and narrows it again: (B, T, H) to (B, T, H)."""

    def __init__(self, config: BertConfig, **kwargs):
        super().__init__(**kwargs)
        self.expand = keras.layers.Dense(
            config.intermediate_size, ACTIVATIONS[config.activation], kernel_initializer=normal(config), name="expand"
        )
        self.contract = keras.layers.Dense(config.hidden_size, kernel_initializer=normal(config), name="contract")

    def call(self, state):
        return self.contract(self.expand(state))
