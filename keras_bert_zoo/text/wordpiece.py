"""BERT's WordPiece with the ids of google-research/bert, word by word offline and by tensorflow-text in a graph."""

import codecs
import json
import re
from functools import cached_property
from itertools import chain

from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.text import rules
from keras_bert_zoo.text.tokenizer import Tokenizer, specials_in
from keras_bert_zoo.text.unicode import pattern
from keras_bert_zoo.text.vocabulary import Vocabulary
from keras_bert_zoo.text.words import CONTINUES, Spans, Words

SPECIALS = {"pad": "[PAD]", "unknown": "[UNK]", "start": "[CLS]", "end": "[SEP]", "mask": "[MASK]"}
HIDDEN = "\x0b\x0c\x1c-\x1f\x85"  # white space to str.split, nothing to google-research/bert
HIDDEN_SPACE = re.compile(f"[{HIDDEN}]")
CHINESE = re.compile(f"[{pattern('cjk')}]")


class WordPiece(Tokenizer):
    """Greedy longest-match pieces of cleaned words.

    `data` is a vocab.txt: a piece a line, UTF-8. `lower` makes the text lower case; accents go with it
    unless `strip_accents` says otherwise. Without `lower` a vocabulary with capitals is taken as cased.
    """

    file = "vocab.txt"
    huggingface = "BertTokenizer"
    word = re.compile(f"(?:\\S|[{HIDDEN}])+")

    def __init__(
        self,
        data: bytes,
        lower: bool | None = None,
        strip_accents: bool | None = None,
        split_cjk: bool = True,
        specials: dict[str, str] | None = None,
        max_length: int = 512,
    ):
        data = data.removeprefix(codecs.BOM_UTF8)
        pieces = read_pieces(data)
        vocabulary = Vocabulary(pieces, SPECIALS | (specials or {}), self.file)
        lower = not has_capitals(pieces) if lower is None else lower
        super().__init__(
            vocabulary,
            data,
            max_length,
            do_lower_case=lower,
            strip_accents=strip_accents,
            tokenize_chinese_chars=split_cjk,
        )
        self.clean = rules.bert(lower, self.cleaning("strip_accents"), split_cjk)
        self.split_cjk = split_cjk
        self.words = Words(self.clean, vocabulary)
        self.spans = Spans(self.words)

    def __reduce__(self):
        cleaning = (self.settings["do_lower_case"], self.settings["strip_accents"], self.split_cjk)
        return type(self), (self.data, *cleaning, self.vocabulary.specials, self.max_length)

    def cleaning(self, key: str) -> bool:
        """A rule of the clean-up; accents go with capitals where nothing is said."""
        value = self.settings[key]
        return self.settings["do_lower_case"] if value is None else value

    def encode(self, texts: list[str]) -> list[list[int]]:
        words = self.words
        return [list(chain.from_iterable(map(words.__getitem__, self.split(text)))) for text in texts]

    def locate(self, text: str) -> list[tuple[int, int, int]]:
        found = []
        for word in self.word.finditer(text):
            start = word.start()
            found += [(i, start + a, start + b) for i, a, b in self.spans[word[0]]]
        return found

    def split(self, text: str) -> list[str]:
        """The words of a text, by white space and around Chinese characters."""
        if HIDDEN_SPACE.search(text):
            text = HIDDEN_SPACE.sub("", text)
        if self.split_cjk and not text.isascii():
            text = CHINESE.sub(r" \g<0> ", text)
        return text.split()

    @cached_property
    def graph(self):
        import tensorflow as tf

        from keras_bert_zoo.text.graph import GraphWordPiece

        with tf.init_scope():  # what is made while one function is traced must outlive it
            return GraphWordPiece(self.clean, self.vocabulary, self.split_cjk)

    def encode_in_graph(self, strings):
        return self.graph(strings)

    def join(self, pieces: list[str]) -> str:
        return " ".join(pieces).replace(f" {CONTINUES}", "")


def read_pieces(data: bytes) -> list[str]:
    """The pieces of a vocab.txt. A piece of white space, which Google's Chinese one has, is an empty one, as there."""
    lines = data.decode("utf-8").replace("\r\n", "\n").split("\n")
    lines = lines[:-1] if lines[-1] == "" else lines
    if "" in lines:
        raise ZooError(f"Line {lines.index('') + 1} of vocab.txt is blank: ids count lines, so is the file whole?")
    return [line.strip() for line in lines]


def has_capitals(pieces: list[str]) -> bool:
    """Whether any piece but the bracketed special ones could only match a text with capitals."""
    return any(piece != piece.lower() and piece[:1] not in "[<" for piece in pieces)


def from_vocabulary(data: bytes) -> WordPiece:
    """The tokenizer of a vocab.txt alone: where its pieces have capitals, or accents, those of a text stay."""
    found = WordPiece(data)
    bare = rules.bert(False, True)
    accents = any(len(bare(piece).split()) == 1 and bare(piece).strip() != piece for piece in found.vocabulary.pieces)
    return WordPiece(data, found.settings["do_lower_case"], False) if accents else found


def from_settings(data: bytes, settings: dict) -> WordPiece:
    """The tokenizer that a vocab.txt and a tokenizer_config.json describe."""
    return WordPiece(
        data,
        lower=settings.get("do_lower_case"),
        strip_accents=settings.get("strip_accents"),
        split_cjk=settings.get("tokenize_chinese_chars", True),
        specials=specials_in(settings),
        max_length=settings["model_max_length"],
    )


def from_json(data: bytes, settings: dict) -> WordPiece:
    """The tokenizer in the tokenizer.json of a folder that transformers saved without a vocab.txt.

    Only its pieces and its case are taken: truncation and padding saved there are ignored.
    """
    try:
        said = json.loads(data)
        kind, pieces = said["model"]["type"], sorted(said["model"]["vocab"].items(), key=lambda item: item[1])
        case = said.get("normalizer") or {}
        if kind != "WordPiece" or [place for _, place in pieces] != list(range(len(pieces))):
            raise ValueError(f"a {kind} of {len(pieces)} pieces")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ZooError(
            f"tokenizer.json holds no WordPiece vocabulary ({error!r}): put vocab.txt or spiece.model beside it."
        ) from error
    here = {"do_lower_case": case.get("lowercase"), "strip_accents": case.get("strip_accents")}
    vocabulary = "".join(f"{piece}\n" for piece, _ in pieces).encode()
    return from_settings(vocabulary, {key: value for key, value in here.items() if value is not None} | settings)
