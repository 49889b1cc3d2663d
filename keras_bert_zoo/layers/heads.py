"""What turns states into scores."""

import keras
from keras import ops

from keras_bert_zoo.config import BertConfig
from keras_bert_zoo.layers.activations import ACTIVATIONS
from keras_bert_zoo.layers.composite import Composite
from keras_bert_zoo.layers.dropout import Dropout
from keras_bert_zoo.layers.initializers import normal


class MaskedLMHead(keras.layers.Layer):
    """Scores every word of the vocabulary at the masked places (google-research/bert run_pretraining.py).

    Takes states (B, T, H), the token table as `tokens`, and mask_positions (B, M), which may be
    left out for a score at every place. Returns logits (B, M, V) float32.
    """

    def __init__(self, config: BertConfig, **kwargs):
        super().__init__(**kwargs)
        activation = ACTIVATIONS[config.activation]
        self.transform = keras.layers.Dense(
            config.embedding_size, activation, kernel_initializer=normal(config), name="transform"
        )
        self.norm = keras.layers.LayerNormalization(epsilon=config.epsilon, name="norm")
        self.vocab_size = config.vocab_size

    def build(self, state_shape):
        self.bias = self.add_weight(name="bias", shape=(self.vocab_size,), initializer="zeros")

    def call(self, state, mask_positions=None, *, tokens):
        if mask_positions is not None:
            state = ops.take_along_axis(state, mask_positions[..., None], axis=1)  # (B, M, H)
        x = self.norm(self.transform(state))  # (B, M, E)
        return ops.cast(tokens(x, reverse=True), "float32") + ops.cast(self.bias, "float32")  # (B, M, V)


class ScoreHead(Composite):
    """Dropout and one dense layer in float32: vectors (..., H) to `num_scores` logits (..., C)."""

    def __init__(
        self,
        config: BertConfig,
        num_scores: int,
        dropout: float = 0.0,
        seeds: keras.random.SeedGenerator | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.dropout = Dropout(dropout, seeds, name="dropout")
        self.dense = keras.layers.Dense(num_scores, kernel_initializer=normal(config), dtype="float32", name="dense")

    def call(self, vector):
        return self.dense(self.dropout(vector))
