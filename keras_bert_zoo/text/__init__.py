"""Strings to ids and back; only TextVectorization needs Keras, to learn and in graphs."""

from keras_bert_zoo.text.folder import find_vocabulary, open_folder, packaged
from keras_bert_zoo.text.sentencepiece import SentencePiece
from keras_bert_zoo.text.strings import as_list
from keras_bert_zoo.text.tokenizer import Tokenizer
from keras_bert_zoo.text.vectorize import TextVectorization
from keras_bert_zoo.text.windows import Pieces, Windows
from keras_bert_zoo.text.wordpiece import WordPiece

__all__ = [
    "Pieces",
    "SentencePiece",
    "TextVectorization",
    "Tokenizer",
    "Windows",
    "WordPiece",
    "as_list",
    "find_vocabulary",
    "open_folder",
    "packaged",
]
