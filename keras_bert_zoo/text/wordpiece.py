"""BERT's WordPiece with the ids of google-research/bert, by Rust offline and by tensorflow-text in a graph."""

import json
from functools import cached_property

from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.text.characters import CharacterMap, bert_rule
from keras_bert_zoo.text.tokenizer import HUGGINGFACE_ROLES, Tokenizer
from keras_bert_zoo.text.vocabulary import Vocabulary

LONGEST_WORD = 200  # characters; a longer word is unknown (google-research/bert tokenization.py)
SPECIALS = {"pad": "[PAD]", "unknown": "[UNK]", "start": "[CLS]", "end": "[SEP]", "mask": "[MASK]"}


class WordPiece(Tokenizer):
    """Greedy longest-match pieces of cleaned words.

    `data` is a vocab.txt: a piece a line, UTF-8. `lower` makes the text lower case; accents go with it
    unless `strip_accents` says otherwise. Without `lower` a vocabulary with capitals is taken as cased.
    """

    file = "vocab.txt"
    huggingface = "BertTokenizer"

    def __init__(
        self,
        data: bytes,
        lower: bool | None = None,
        strip_accents: bool | None = None,
        split_cjk: bool = True,
        specials: dict[str, str] | None = None,
        max_length: int = 512,
    ):
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
        accents = lower if strip_accents is None else strip_accents
        self.clean = CharacterMap(bert_rule(lower, accents, split_cjk), lower)

    @cached_property
    def rust(self):
        from tokenizers import Tokenizer as RustTokenizer
        from tokenizers import models, pre_tokenizers

        rust = RustTokenizer(
            models.WordPiece(
                self.vocabulary.ids,
                unk_token=self.vocabulary.specials["unknown"],
                max_input_chars_per_word=LONGEST_WORD,
            )
        )
        rust.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        return rust

    def encode(self, texts: list[str]) -> list[list[int]]:
        encoded = self.rust.encode_batch_fast([self.clean(text) for text in texts], add_special_tokens=False)
        return [item.ids for item in encoded]

    @cached_property
    def fast(self):
        import tensorflow_text as tf_text

        return tf_text.FastWordpieceTokenizer(
            list(self.vocabulary.pieces),
            max_bytes_per_word=LONGEST_WORD * 4,
            unknown_token=self.vocabulary.specials["unknown"],
            no_pretokenization=True,
        )

    def encode_in_graph(self, strings):
        import tensorflow as tf

        words = tf.strings.split(self.clean.in_graph(strings))  # (B, words)
        too_long = tf.strings.length(words.flat_values, unit="UTF8_CHAR") > LONGEST_WORD
        words = words.with_flat_values(tf.where(too_long, "\ufffd", words.flat_values))  # in no vocabulary
        return self.fast.tokenize(words).merge_dims(1, 2)

    def join(self, pieces: list[str]) -> str:
        return " ".join(pieces).replace(" ##", "")


def read_pieces(data: bytes) -> list[str]:
    """The pieces of a vocab.txt."""
    lines = data.decode("utf-8").split("\n")
    return [line.strip() for line in (lines[:-1] if lines[-1] == "" else lines)]


def has_capitals(pieces: list[str]) -> bool:
    """Whether any piece but the bracketed special ones could only match a text with capitals."""
    return any(piece != piece.lower() and piece[:1] not in "[<" for piece in pieces)


def from_settings(data: bytes, settings: dict) -> WordPiece:
    """The tokenizer that a vocab.txt and a tokenizer_config.json describe."""
    specials = {role: settings[key] for role, key in HUGGINGFACE_ROLES.items() if isinstance(settings.get(key), str)}
    return WordPiece(
        data,
        lower=settings.get("do_lower_case"),
        strip_accents=settings.get("strip_accents"),
        split_cjk=settings.get("tokenize_chinese_chars", True),
        specials=specials,
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
