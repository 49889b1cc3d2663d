"""Scaled dot-product attention with several heads (Vaswani et al. 2017, section 3.2)."""

import keras
from keras import ops

from keras_bert_zoo.config import BertConfig
from keras_bert_zoo.layers.composite import Composite
from keras_bert_zoo.layers.dropout import Dropout
from keras_bert_zoo.layers.initializers import normal

HIDDEN = -1e9  # finite, so that a row with nothing to see stays a number in any precision


class SelfAttention(Composite):
    """Every token gathers from the tokens it may see.

    Takes states (B, T, H) and attention_mask (B, T, T), true where row t may see column s.
    Returns (B, T, H). Weights have the shapes and the order of `keras.layers.MultiHeadAttention`.
    """

    def __init__(self, config: BertConfig, seeds: keras.random.SeedGenerator | None = None, **kwargs):
        super().__init__(**kwargs)
        heads, size = config.num_heads, config.hidden_size // config.num_heads
        self.scale = size**-0.5
        self.query, self.key, self.value = (
            keras.layers.EinsumDense(
                "bth,hnd->btnd", (None, heads, size), bias_axes="nd", kernel_initializer=normal(config), name=name
            )
            for name in ("query", "key", "value")
        )
        self.attention_output = keras.layers.EinsumDense(
            "btnd,ndh->bth",
            (None, config.hidden_size),
            bias_axes="h",
            kernel_initializer=normal(config),
            name="attention_output",
        )
        self.dropout = Dropout(config.attention_dropout, seeds, name="dropout")

    def call(self, state, attention_mask):
        weights = self.dropout(self.scores(state, attention_mask))  # (B, N, T, T)
        gathered = ops.einsum("bnts,bsnd->btnd", weights, self.value(state))  # (B, T, N, D)
        return self.attention_output(gathered)  # (B, T, H)

    def scores(self, state, attention_mask):
        """The attention probabilities (B, N, T, T): row t sums to 1 over the tokens it sees."""
        query = self.query(state) * self.scale  # (B, T, N, D)
        raw = ops.einsum("btnd,bsnd->bnts", query, self.key(state))  # (B, N, T, T)
        raw = ops.where(attention_mask[:, None], ops.cast(raw, "float32"), HIDDEN)
        return ops.cast(ops.softmax(raw, axis=-1), self.compute_dtype)
