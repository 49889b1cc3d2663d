"""Words as tokens, learnt and looked up by Keras's TextVectorization, for models from scratch."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import islice

import numpy as np

from keras_bert_zoo.config import check_value
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.text.strings import as_list
from keras_bert_zoo.text.tokenizer import Tokenizer
from keras_bert_zoo.text.vocabulary import Vocabulary
from keras_bert_zoo.text.wordpiece import SPECIALS

CAPITALS = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}  # all that Keras makes small
PUNCTUATION = re.compile(r"[!\"#$%&()*+,\-./:;<=>?@\[\\\]^_`{|}~']")  # Keras's, too
STANDARDIZE = ("lower_and_strip_punctuation", "lower", "strip_punctuation", None)
SPACE = " \t\n\v\f\r"  # where tf.strings.split ends a word
STAND_IN = 0xF0000  # a private character for each special piece, so that none is found in a text
BATCH = 1024


class TextVectorization(Tokenizer):
    """Every word a token, as `keras.layers.TextVectorization` makes them; a word that it has not learnt is unknown.

    tokenizer = TextVectorization.learn(texts, size=8000)
    model = build("bert_tiny", vocab_size=len(tokenizer.vocabulary)); model.tokenizer = tokenizer

    `data` has a word a line, after [PAD], [UNK], [CLS], [SEP] and [MASK]. `standardize` is the layer's setting.
    In a graph the layer itself does the work; offline its rules do, without TensorFlow.
    """

    file = "words.txt"
    huggingface = "TextVectorization"  # which transformers does not have
    word = re.compile(f"[^{SPACE}]+")

    def __init__(
        self,
        data: bytes,
        standardize: str | None = STANDARDIZE[0],
        max_length: int = 512,
    ):
        check_standardize(standardize)
        if not isinstance(data, bytes):
            raise ZooError(f"data={data!r:.60} is no content of a words.txt: learn words with TextVectorization.learn.")
        vocabulary = Vocabulary(data.decode("utf-8").rstrip("\n").split("\n"), SPECIALS, self.file)
        if vocabulary.pieces[: len(SPECIALS)] != tuple(SPECIALS.values()):
            raise ZooError(f"{self.file} must begin with {', '.join(SPECIALS.values())}, a line each: is it the file?")
        super().__init__(vocabulary, data, max_length, standardize=standardize)
        self.table = {word: i for word, i in vocabulary.ids.items() if i >= len(SPECIALS)}

    def __reduce__(self):
        return type(self), (self.data, self.settings["standardize"], self.max_length)

    @classmethod
    def learn(
        cls,
        texts: Iterable[str],
        size: int = 20_000,
        standardize: str | None = STANDARDIZE[0],
        max_length: int = 512,
    ) -> "TextVectorization":
        """The `size` - 5 most frequent words of texts, any iterable, read once, with the special pieces before them."""
        check_value("size", int, size)
        if size <= len(SPECIALS):
            raise ZooError(f"size={size} leaves no room for words beside the {len(SPECIALS)} special pieces.")
        layer = make_layer(standardize, size)
        for some in in_batches(texts):
            layer.update_state(np.array(some))
        layer.finalize_state()
        words = [word for word in layer.get_vocabulary()[2:] if word not in SPECIALS.values()]
        if not words:
            raise ZooError("There are no words in the texts: give texts to learn from.")
        lines = [*SPECIALS.values(), *words[: size - len(SPECIALS)]]
        return cls("".join(f"{line}\n" for line in lines).encode(), standardize, max_length)

    def encode(self, texts: list[str]) -> list[list[int]]:
        unknown = self.vocabulary.special("unknown")
        return [[self.table.get(word, unknown) for word in self.words(text)] for text in texts]

    def words(self, text: str) -> list[str]:
        """The words of a text as the layer has them."""
        return self.word.findall(self.standardized(text))

    def standardized(self, text: str) -> str:
        how = self.settings["standardize"] or ""
        text = text.translate(CAPITALS) if "lower" in how else text
        return PUNCTUATION.sub("", text) if "strip" in how else text

    def locate(self, text: str) -> list[tuple[int, int, int]]:
        spans, unknown = [], self.vocabulary.special("unknown")
        for word in self.word.finditer(text):
            kept = [place for place in range(*word.span()) if self.standardized(text[place])]
            if kept:
                found = self.standardized(word[0])
                spans.append((self.table.get(found, unknown), kept[0], kept[-1] + 1))
        return spans

    @cached_property
    def layer(self):
        """The Keras layer with this vocabulary; it has "" where we have [PAD]."""
        layer = make_layer(self.settings["standardize"], None)
        stand_ins = [chr(STAND_IN + i) for i in range(2, len(SPECIALS))]
        layer.set_vocabulary([*stand_ins, *self.vocabulary.pieces[len(SPECIALS) :]])
        return layer

    def encode_in_graph(self, strings):
        import tensorflow as tf

        with tf.init_scope():
            layer = self.layer
        return layer(tf.strings.unicode_transcode(strings, "UTF-8", "UTF-8", errors="ignore"))

    def join(self, pieces: list[str]) -> str:
        return " ".join(pieces)


def check_standardize(standardize: str | None) -> None:
    if standardize not in STANDARDIZE:
        raise ZooError(f"standardize={standardize!r} is none of {', '.join(map(repr, STANDARDIZE))}.")


def make_layer(standardize: str | None, size: int | None):
    """Keras's layer, to learn words or to look them up."""
    check_standardize(standardize)
    try:
        import tensorflow  # noqa: F401
    except ImportError as error:
        raise ZooError(
            "Keras's TextVectorization runs on TensorFlow, which is not installed: learn the words elsewhere; a folder "
            "with them works without."
        ) from error
    import keras

    return keras.layers.TextVectorization(max_tokens=size, standardize=standardize, output_mode="int", ragged=True)


def in_batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """Texts, BATCH at a time."""
    if isinstance(texts, Mapping) or not isinstance(texts, Iterable):
        raise ZooError(f"{texts!r:.80} is no list of texts, nor another iterable of them: give one.")
    texts = iter([texts] if isinstance(texts, (str, bytes)) else texts)
    while some := as_list(list(islice(texts, BATCH))):
        yield some


def from_settings(data: bytes, settings: dict) -> TextVectorization:
    """The tokenizer that a words.txt and a tokenizer_config.json describe."""
    return TextVectorization(data, settings.get("standardize", STANDARDIZE[0]), settings["model_max_length"])
