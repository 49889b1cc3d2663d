"""Strings to ids and back; nothing here needs Keras."""

from keras_bert_zoo.text.folder import find_vocabulary, open_folder, packaged
from keras_bert_zoo.text.sentencepiece import SentencePiece
from keras_bert_zoo.text.tokenizer import Tokenizer, as_list
from keras_bert_zoo.text.wordpiece import WordPiece

__all__ = ["SentencePiece", "Tokenizer", "WordPiece", "as_list", "find_vocabulary", "open_folder", "packaged"]
