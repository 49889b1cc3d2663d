"""The encoder, and what goes into it."""

from keras_bert_zoo.models.encoder import BertEncoder
from keras_bert_zoo.models.inputs import check, complete

__all__ = ["BertEncoder", "check", "complete"]
