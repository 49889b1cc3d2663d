"""Clean-up that looks at one character at a time, the same in Python and inside a TensorFlow graph."""

import unicodedata
from collections.abc import Callable
from functools import cached_property
from itertools import chain

SIGMA = "\N{GREEK CAPITAL LETTER SIGMA}"  # the one letter whose lower case depends on its neighbours
FINAL_SIGMA = "\N{GREEK SMALL LETTER FINAL SIGMA}"
UNSEEN = r"\p{Mn}\p{Me}\p{Cf}\p{Lm}\p{Sk}'.:\x{B7}\x{2018}\x{2019}"  # Unicode's case-ignorable, for RE2
CASED = r"\p{Lu}\p{Ll}\p{Lt}"
AT_WORD_END = rf"([{CASED}][{UNSEEN}]*){SIGMA}([{UNSEEN}]*(?:[^{CASED}{UNSEEN}]|$))"
CHANGING = ((0, 0x32400), (0xE0000, 0xE0200))  # no character outside these is cleaned by any rule
CJK = (  # google-research/bert tokenization.py, _is_chinese_char
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class CharacterMap(dict):
    """What becomes of each character: code point to string, worked out when first met.

    `rule` says what a character turns into, `lower` whether it makes small letters of capitals.
    Call it with a text for the cleaned text; `in_graph` does the same to a `tf.string` tensor.
    """

    def __init__(self, rule: Callable[[str], str], lower: bool):
        super().__init__()
        self.rule, self.lower = rule, lower

    def __missing__(self, code: int) -> str:
        self[code] = self.rule(chr(code))
        return self[code]

    def __call__(self, text: str) -> str:
        if self.lower and SIGMA in text:
            text = text.lower()
        return text.translate(self)

    @cached_property
    def ragged(self):
        """Every code point's replacement as a ragged tensor of code points."""
        import numpy as np
        import tensorflow as tf

        rows = [[code] for code in range(0x110000)]
        for first, last in CHANGING:
            for code in range(first, last):
                if not 0xD800 <= code < 0xE000:  # surrogates never come out of UTF-8
                    rows[code] = list(map(ord, self[code]))
        lengths = np.fromiter(map(len, rows), "int64", len(rows))
        values = np.fromiter(chain.from_iterable(rows), "int32", lengths.sum())
        with tf.init_scope():  # a table made while one function is traced must outlive it
            return tf.RaggedTensor.from_row_lengths(values, lengths)

    def in_graph(self, strings):
        """The cleaned texts of a 1-D `tf.string` tensor; bytes that are no UTF-8 are dropped."""
        import tensorflow as tf

        if self.lower:
            strings = tf.strings.regex_replace(strings, AT_WORD_END, rf"\1{FINAL_SIGMA}\2")
        codes = tf.strings.unicode_decode(strings, "UTF-8", errors="ignore")
        clean = tf.gather(self.ragged, codes)
        return tf.strings.unicode_encode(clean.merge_dims(1, 2), "UTF-8")


def bert_rule(lower: bool, strip_accents: bool, split_cjk: bool = True) -> Callable[[str], str]:
    """google-research/bert's BasicTokenizer for one character; spaces mark where words end."""

    def rule(char: str) -> str:
        if char in "\0\ufffd" or is_control(char):
            return ""
        if char.isspace():
            return " "
        if split_cjk and is_cjk(ord(char)):
            return f" {fold(char, lower, strip_accents)} "
        return "".join(f" {c} " if is_punctuation(c) else c for c in fold(char, lower, strip_accents))

    return rule


def albert_rule(lower: bool, strip_accents: bool) -> Callable[[str], str]:
    """google-research/albert's preprocess_text for one character: NFKD, no accents, lower case."""

    def rule(char: str) -> str:
        if char.isspace():
            return " "
        parts = unicodedata.normalize("NFKD", char)
        kept = "".join(c for c in parts if not unicodedata.combining(c)) if strip_accents else char
        return kept.lower() if lower else kept

    return rule


def fold(char: str, lower: bool, strip_accents: bool) -> str:
    """Lower case, then the letter without its accents."""
    if lower:
        char = char.lower()
    if strip_accents:
        char = "".join(c for c in unicodedata.normalize("NFD", char) if unicodedata.category(c) != "Mn")
    return char


def is_cjk(code: int) -> bool:
    """Chinese characters; Korean and Japanese syllables are words like others."""
    return code >= 0x3400 and any(first <= code <= last for first, last in CJK)


def is_control(char: str) -> bool:
    """Control and format characters, but not the ones that count as white space."""
    return char not in "\t\n\r" and unicodedata.category(char) in ("Cc", "Cf")


def is_punctuation(char: str) -> bool:
    """Unicode's punctuation, and everything in ASCII that is neither letter, digit, space nor control."""
    code = ord(char)
    ascii_symbol = 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126
    return ascii_symbol or unicodedata.category(char).startswith("P")
