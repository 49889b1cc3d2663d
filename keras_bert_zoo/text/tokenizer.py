"""What every tokenizer does once it can turn a text into piece ids."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from keras_bert_zoo.config import check_value
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.text.pack import pack
from keras_bert_zoo.text.vocabulary import Vocabulary

Texts = str | Sequence[str]
HUGGINGFACE_ROLES = {
    "pad": "pad_token",
    "unknown": "unk_token",
    "start": "cls_token",
    "end": "sep_token",
    "mask": "mask_token",
}


class Tokenizer:
    """Texts to ids and back. `encode`, `encode_in_graph` and `join` are what a subclass adds.

    `max_length` is the longest row in tokens; `settings` go into tokenizer_config.json.
    """

    file: str  # what the vocabulary is called in a model folder
    huggingface: str  # the class that reads the same folder in transformers

    def __init__(self, vocabulary: Vocabulary, data: bytes, max_length: int = 512, **settings: Any):
        self.vocabulary, self.data, self.max_length, self.settings = vocabulary, data, max_length, settings

    def __call__(
        self, texts: Texts, pairs: Texts | None = None, length: int | None = None, special_tokens: str = "plain"
    ) -> dict[str, np.ndarray]:
        """The model's inputs for texts, or for texts and their `pairs`.

        Returns token_ids, segment_ids and padding_mask, int32 (B, T): T is `length`, to which longer texts
        are cut, or else what the longest text needs, at most max_length. `special_tokens="parse"` reads
        "[MASK]" and the like in a text as the special piece, "plain" as any other characters.
        """
        if length is not None:
            check_value("length", int, length)
        if length is not None and length > self.max_length:
            raise ZooError(
                f"length={length} is longer than the {self.max_length} tokens the model takes: use at most that."
            )
        firsts = self.ids(texts, special_tokens)
        seconds = None if pairs is None else self.ids(pairs, special_tokens)
        if seconds is not None and len(seconds) != len(firsts):
            raise ZooError(f"There are {len(firsts)} texts but {len(seconds)} pairs: give one pair for each text.")
        specials = tuple(self.vocabulary.special(role) for role in ("pad", "start", "end"))
        return pack(firsts, seconds, length, self.max_length, specials)

    def ids(self, texts: Texts, special_tokens: str = "plain") -> list[list[int]]:
        """The piece ids of each text, with nothing added, cut or padded."""
        texts = as_list(texts)
        if special_tokens == "plain":
            return self.encode(texts)
        if special_tokens != "parse":
            raise ZooError(f'special_tokens={special_tokens!r} is neither "plain" nor "parse".')
        return [self.parse(text) for text in texts]

    def parse(self, text: str) -> list[int]:
        """The ids of one text in which special pieces stand for themselves."""
        specials = {piece: self.vocabulary.ids[piece] for piece in self.vocabulary.specials.values()}
        parts = re.split(f"({'|'.join(map(re.escape, specials))})", text)
        plain = iter(self.encode([part for part in parts if part not in specials]))
        return [i for part in parts for i in ([specials[part]] if part in specials else next(plain))]

    def in_graph(self, strings):
        """The same ids for a 1-D `tf.string` tensor, as an int32 `tf.RaggedTensor`; needs TensorFlow."""
        try:
            import tensorflow as tf
        except ImportError as error:
            raise ZooError("in_graph makes TensorFlow tensors, and TensorFlow is not installed: use ids.") from error
        strings = tf.convert_to_tensor(strings)
        if strings.dtype != tf.string or strings.shape.rank not in (1, None):
            raise ZooError(f"in_graph takes strings of the shape (texts,), not {strings.dtype.name} {strings.shape}.")
        return tf.cast(self.encode_in_graph(strings), tf.int32)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of some ids, special pieces left out, as near as the pieces allow."""
        special = {self.vocabulary.special(role) for role in self.vocabulary.specials if role != "unknown"}
        size = len(self.vocabulary)
        wrong = [i for i in ids if not 0 <= i < size]
        if wrong:
            raise ZooError(f"There is no piece {wrong[0]}: this vocabulary has 0 to {size - 1}.")
        return self.join([self.vocabulary.pieces[i] for i in ids if i not in special])

    def files(self) -> dict[str, bytes]:
        """What a model folder keeps of this tokenizer: file name to content."""
        roles = {HUGGINGFACE_ROLES[role]: piece for role, piece in self.vocabulary.specials.items()}
        config = {
            "tokenizer_class": self.huggingface,
            "model_max_length": self.max_length,
            **self.settings,
            **roles,
        }
        return {self.file: self.data, "tokenizer_config.json": json.dumps(config, indent=2).encode()}

    def encode(self, texts: list[str]) -> list[list[int]]:
        raise TypeError(f"{type(self).__name__} does not say how to encode.")

    def encode_in_graph(self, strings):
        raise TypeError(f"{type(self).__name__} does not say how to encode in a graph.")

    def join(self, pieces: list[str]) -> str:
        raise TypeError(f"{type(self).__name__} does not say how to join pieces.")


def as_list(texts: Texts) -> list[str]:
    """The texts as a list of str; bytes are read as UTF-8, without what is no UTF-8."""
    if not isinstance(texts, (str, bytes, Iterable)):
        raise ZooError(f"{texts!r} is no text, nor a list of texts.")
    if isinstance(texts, (Mapping, set)) or getattr(texts, "ndim", 1) != 1:
        raise ZooError(f"The texts are a {type(texts).__name__}: give a string, or a flat list of strings.")
    items = [texts] if isinstance(texts, (str, bytes)) else list(texts)
    for place, item in enumerate(items):
        if isinstance(item, bytes):
            items[place] = item.decode("utf-8", "ignore")
        elif not isinstance(item, str):
            raise ZooError(f"Text {place} is {item!r}, of type {type(item).__name__}: give strings.")
    return [item.encode("utf-8", "ignore").decode() if not item.isascii() else item for item in items]
