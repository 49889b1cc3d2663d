"""The mathematics, on `keras.ops` only.

Shape letters, here and above: B batch, T tokens, M masked places, K texts in a row, E embedding,
H hidden, N heads, D head size, V vocabulary, C classes.
"""

from keras_bert_zoo.layers.activations import ACTIVATIONS
from keras_bert_zoo.layers.attention import SelfAttention
from keras_bert_zoo.layers.block import EncoderBlock
from keras_bert_zoo.layers.composite import Composite
from keras_bert_zoo.layers.dropout import Dropout, Seeds
from keras_bert_zoo.layers.embeddings import Embeddings
from keras_bert_zoo.layers.feed_forward import FeedForward
from keras_bert_zoo.layers.heads import MaskedLMHead, ScoreHead
from keras_bert_zoo.layers.pooler import POOLINGS, Pooler

__all__ = [
    "ACTIVATIONS",
    "POOLINGS",
    "Composite",
    "Dropout",
    "Embeddings",
    "EncoderBlock",
    "FeedForward",
    "MaskedLMHead",
    "Pooler",
    "ScoreHead",
    "Seeds",
    "SelfAttention",
]
