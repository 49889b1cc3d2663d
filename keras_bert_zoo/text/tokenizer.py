"""What every tokenizer does once it can turn a text into piece ids."""

import json
import operator
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_bert_zoo.config import check_value
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.text.pack import pack
from keras_bert_zoo.text.strings import Texts, as_list, as_strings, without_surrogates
from keras_bert_zoo.text.vocabulary import Vocabulary
from keras_bert_zoo.text.windows import Pieces, Windows, make_windows

HUGGINGFACE_ROLES = {
    "pad": "pad_token",
    "unknown": "unk_token",
    "start": "cls_token",
    "end": "sep_token",
    "mask": "mask_token",
}


class Tokenizer:
    """Texts to ids and back. `encode`, `locate`, `encode_in_graph` and `join` are what a subclass adds.

    `max_length` is the longest row in tokens; `settings` go into tokenizer_config.json.
    """

    file: str  # what the vocabulary is called in a model folder
    huggingface: str  # the class that reads the same folder in transformers
    word = re.compile(r"\S+")  # what counts as a word

    def __init__(self, vocabulary: Vocabulary, data: bytes, max_length: int = 512, **settings: Any):
        self.vocabulary, self.data, self.max_length, self.settings = vocabulary, data, max_length, settings

    def __call__(
        self,
        texts: Texts,
        pairs: Texts | None = None,
        length: int | None = None,
        special_tokens: str = "plain",
        truncation: str = "longest_first",
    ) -> dict[str, np.ndarray]:
        """The model's inputs for texts, or for texts and their `pairs`.

        Returns token_ids, segment_ids and padding_mask, int32 (B, T): T is `length`, to which longer texts
        are cut, or else what the longest text needs, at most max_length. `special_tokens="parse"` reads
        "[MASK]" and the like in a text as the special piece, "plain" as any other characters; `truncation` is
        "longest_first", "only_first" or "only_second".
        """
        self.check_length(length)
        firsts = self.ids(texts, special_tokens)
        seconds = None if pairs is None else self.ids(as_strings(pairs, "Pair"), special_tokens)
        if seconds is not None and len(seconds) != len(firsts):
            raise ZooError(f"There are {len(firsts)} texts but {len(seconds)} pairs: give one pair for each text.")
        return pack(firsts, seconds, length, self.max_length, self.frame(), truncation)

    def check_length(self, length: int | None) -> None:
        if length is None:
            return
        check_value("length", int, int(length) if isinstance(length, np.integer) else length)
        if length > self.max_length:
            raise ZooError(
                f"length={length} is longer than the {self.max_length} tokens the model takes: use at most that."
            )

    def frame(self) -> tuple[int, int, int]:
        """The ids of what stands around texts: padding, start and end."""
        return tuple(self.vocabulary.special(role) for role in ("pad", "start", "end"))

    def ids(self, texts: Texts, special_tokens: str = "plain") -> list[list[int]]:
        """The piece ids of each text, with nothing added, cut or padded."""
        texts = as_list(texts)
        check_special(special_tokens)
        return self.encode(texts) if special_tokens == "plain" else [self.parse(text) for text in texts]

    def parse(self, text: str) -> list[int]:
        """The ids of one text in which special pieces stand for themselves."""
        specials = {piece: self.vocabulary.ids[piece] for piece in self.vocabulary.specials.values()}
        parts = self.parts(text)
        plain = iter(self.encode([part for part in parts if part not in specials]))
        return [i for part in parts for i in ([specials[part]] if part in specials else next(plain))]

    def parts(self, text: str) -> list[str]:
        """A text cut before and behind every special piece in it."""
        return re.split(f"({'|'.join(map(re.escape, self.vocabulary.specials.values()))})", text)

    def align(self, texts: Texts | Sequence[Sequence[str]], special_tokens: str = "plain") -> list[Pieces]:
        """The pieces of each text with their places in it; a text may be a list of words, as for labels of words."""
        check_special(special_tokens)
        if isinstance(texts, (list, tuple)) and any(isinstance(text, (list, tuple)) for text in texts):
            for place, text in enumerate(texts):
                if not isinstance(text, (list, tuple)):
                    raise ZooError(f"Text {place} is {text!r:.60}, and others are lists of words: give all as lists.")
            return [
                self.pieces_of_words(as_strings(words, f"Text {place}, word"), special_tokens)
                for place, words in enumerate(texts)
            ]
        return [self.pieces(text, special_tokens) for text in as_strings(texts)]

    def pieces(self, text: str, special_tokens: str) -> Pieces:
        """One text's pieces; what is parsed as a special piece is one."""
        text, kept = without_surrogates(text)
        at, spans = 0, []
        for part in self.parts(text) if special_tokens == "parse" else [text]:
            special = self.vocabulary.ids.get(part) if part in self.vocabulary.specials.values() else None
            found = self.locate(part) if special_tokens == "plain" or special is None else [(special, 0, len(part))]
            spans += [(i, at + start, at + end) for i, start, end in found]
            at += len(part)
        words = [word.start() for word in self.word.finditer(text)]
        numbers = (np.searchsorted(words, [start for _, start, _ in spans], "right") - 1).tolist()
        starts = [kept[start] for _, start, _ in spans]
        ends = [kept[end - 1] + 1 if end > start else kept[end] for _, start, end in spans]
        return Pieces([i for i, _, _ in spans], starts, ends, numbers)

    def pieces_of_words(self, words: Sequence[str], special_tokens: str) -> Pieces:
        """The pieces of a text that comes in words, each of which is read by itself."""
        found, at = Pieces([], [], [], []), 0
        for number, word in enumerate(words):
            one = self.pieces(word, special_tokens)
            found.ids.extend(one.ids)
            found.starts.extend(at + start for start in one.starts)
            found.ends.extend(at + end for end in one.ends)
            found.words.extend([number] * len(one.ids))
            at += len(word) + 1
        return found

    def windows(
        self,
        texts: Texts,
        pairs: Texts | None = None,
        length: int | None = None,
        stride: int | None = None,
        special_tokens: str = "plain",
    ) -> Windows:
        """Rows of `length` tokens in which no piece is lost: each text part by part, or each text whole with its pair
        part by part. Parts begin `stride` pieces apart, 128 at most where nothing is said.
        """
        length = self.max_length if length is None else length
        self.check_length(length)
        long = self.align(texts if pairs is None else pairs, special_tokens)
        fronts = None if pairs is None else self.ids(texts, special_tokens)
        if fronts is not None and len(fronts) != len(long):
            raise ZooError(f"There are {len(fronts)} texts but {len(long)} pairs: give one pair for each text.")
        if stride is not None:
            check_value("stride", int, int(stride) if isinstance(stride, np.integer) else stride)
        return make_windows(fronts, long, length, stride, self.frame())

    def in_graph(self, strings):
        """The same ids for a 1-D `tf.string` tensor, as an int32 `tf.RaggedTensor`; needs TensorFlow."""
        try:
            import tensorflow as tf
        except ImportError as error:
            raise ZooError("in_graph makes TensorFlow tensors, and TensorFlow is not installed: use ids.") from error
        try:
            strings = tf.convert_to_tensor(strings)
        except (TypeError, ValueError) as error:
            raise ZooError(f"in_graph takes strings of the shape (texts,), not {strings!r:.60}.") from error
        if strings.dtype != tf.string or strings.shape.rank not in (1, None):
            raise ZooError(f"in_graph takes strings of the shape (texts,), not {strings.dtype.name} {strings.shape}.")
        return tf.cast(self.encode_in_graph(strings), tf.int32)

    def inputs_in_graph(self, texts, pairs=None, length: int | None = None, truncation: str = "longest_first"):
        """The model's inputs for 1-D `tf.string` tensors, as calling the tokenizer gives them for `length` tokens.

        data.batch(32).map(lambda text, label: (tokenizer.inputs_in_graph(text, length=128), label))

        Special pieces written in a text are plain text. Raises ZooError for a length that does not fit.
        """
        length = self.max_length if length is None else length
        self.check_length(length)
        frame = 2 if pairs is None else 3
        if length <= frame:
            raise ZooError(f"length={length} leaves no room for the special pieces: use at least {frame + 1}.")
        first, second = self.in_graph(texts), None if pairs is None else self.in_graph(pairs)
        from keras_bert_zoo.text.graph_inputs import pack as pack_in_graph

        return pack_in_graph(first, second, length, self.frame(), truncation)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of some ids, as near as the pieces allow; of the special pieces only the unknown one stays."""
        special = {self.vocabulary.special(role) for role in self.vocabulary.specials if role != "unknown"}
        size = len(self.vocabulary)
        try:
            ids = [operator.index(i) for i in ids]
        except TypeError as error:
            raise ZooError(f"{ids!r:.60} is no list of piece ids: give whole numbers.") from error
        if wrong := [i for i in ids if not 0 <= i < size]:
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

    def locate(self, text: str) -> list[tuple[int, int, int]]:
        raise TypeError(f"{type(self).__name__} does not say where its pieces are.")

    def encode_in_graph(self, strings):
        raise TypeError(f"{type(self).__name__} does not say how to encode in a graph.")

    def join(self, pieces: list[str]) -> str:
        raise TypeError(f"{type(self).__name__} does not say how to join pieces.")


def specials_in(settings: Mapping[str, Any]) -> dict[str, str]:
    """The special pieces by role that a tokenizer_config.json names."""
    return {role: settings[key] for role, key in HUGGINGFACE_ROLES.items() if isinstance(settings.get(key), str)}


def check_special(special_tokens: str) -> None:
    if special_tokens not in ("plain", "parse"):
        raise ZooError(f'special_tokens={special_tokens!r} is neither "plain" nor "parse".')
