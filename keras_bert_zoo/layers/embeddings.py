"""Ids to the state before the first block."""

import keras
from keras import ops

from keras_bert_zoo.config import BertConfig
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.layers.composite import Composite
from keras_bert_zoo.layers.dropout import Dropout
from keras_bert_zoo.layers.initializers import normal
from keras_bert_zoo.layers.tables import Table, TokenTable, lookup


class Positions(keras.layers.Layer):
    """A vector for each place in a text, counted within the text: padding_mask (B, T) to (B, T, E)."""

    def __init__(self, config: BertConfig, **kwargs):
        super().__init__(**kwargs)
        self.max_length, self.size = config.max_length, config.embedding_size
        self.initializer = normal(config)

    def build(self, padding_mask_shape):
        shape = (self.max_length, self.size)
        self.embeddings = self.add_weight(name="embeddings", shape=shape, initializer=self.initializer)

    def call(self, padding_mask):
        length = padding_mask.shape[1]
        if isinstance(length, int) and length > self.max_length:  # else not known while tracing
            raise ZooError(
                f"Rows of {length} tokens are longer than the {self.max_length} this model has positions for."
            )
        same = ops.equal(padding_mask[:, :, None], padding_mask[:, None, :])  # (B, T, T)
        earlier = ops.tril(ops.cast(same, "int32"), k=-1)
        return lookup(self.embeddings, ops.sum(earlier, axis=-1))  # (B, T, E)


class Nothing(keras.layers.Layer):
    """What stands in the place of a table that a config leaves out."""

    def call(self, ids):
        return 0.0


class Embeddings(Composite):
    """token_ids, segment_ids and padding_mask, each (B, T) int32, to states (B, T, H)."""

    def __init__(self, config: BertConfig, seeds: keras.random.SeedGenerator | None = None, **kwargs):
        super().__init__(**kwargs)
        size = config.embedding_size
        self.tokens = TokenTable(config.vocab_size, size, embeddings_initializer=normal(config), name="tokens")
        self.positions = Positions(config, name="positions") if config.use_positions else Nothing(name="positions")
        self.segments = (
            Table(config.num_segments, size, embeddings_initializer=normal(config), name="segments")
            if config.num_segments
            else Nothing(name="segments")
        )
        self.norm = keras.layers.LayerNormalization(epsilon=config.epsilon, name="norm")
        self.dropout = Dropout(config.dropout, seeds, name="dropout")
        self.widen = (
            keras.layers.Identity(name="widen")
            if size == config.hidden_size
            else keras.layers.Dense(config.hidden_size, kernel_initializer=normal(config), name="widen")
        )

    def call(self, token_ids, segment_ids, padding_mask):
        x = self.tokens(token_ids) + self.segments(segment_ids) + self.positions(padding_mask)  # (B, T, E)
        return self.widen(self.dropout(self.norm(x)))  # (B, T, H)
