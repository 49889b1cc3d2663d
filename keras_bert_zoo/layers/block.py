"""One set of weights of the encoder: attention, then feed-forward, each with a residual and a norm."""

import keras

from keras_bert_zoo.config import BertConfig
from keras_bert_zoo.layers.attention import SelfAttention
from keras_bert_zoo.layers.composite import Composite
from keras_bert_zoo.layers.dropout import Dropout
from keras_bert_zoo.layers.feed_forward import FeedForward


class EncoderBlock(Composite):
    """States (B, T, H) and attention_mask (B, T, T) to states (B, T, H).

    `attention` and `feed_forward` take any layer with the calls of `SelfAttention` and `FeedForward`.
    """

    def __init__(
        self,
        config: BertConfig,
        seeds: keras.random.SeedGenerator | None = None,
        attention: keras.layers.Layer | None = None,
        feed_forward: keras.layers.Layer | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.attention = attention or SelfAttention(config, seeds, name="attention")
        self.feed_forward = feed_forward or FeedForward(config, name="feed_forward")
        self.attention_norm = keras.layers.LayerNormalization(epsilon=config.epsilon, name="attention_norm")
        self.output_norm = keras.layers.LayerNormalization(epsilon=config.epsilon, name="output_norm")
        self.dropout = Dropout(config.dropout, seeds, name="dropout")
        skip = keras.layers.Identity(name="identity")
        norms = (self.attention_norm, self.output_norm)
        self.before, self.after = (norms, (skip, skip)) if config.pre_norm else ((skip, skip), norms)

    def call(self, state, attention_mask):
        update = self.attention(self.before[0](state), attention_mask)
        state = self.after[0](state + self.dropout(update))
        update = self.feed_forward(self.before[1](state))
        return self.after[1](state + self.dropout(update))

    def scores(self, state, attention_mask):
        """The attention probabilities (B, N, T, T) this block computes on `state`."""
        return self.attention.scores(self.before[0](state), attention_mask)
