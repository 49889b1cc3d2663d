"""The frozen tables, against Python's where its Unicode is the same."""

import gzip
import importlib.util
import json
import random
import unicodedata

import pytest

from keras_bert_zoo.text import rules
from keras_bert_zoo.text.cleaning import LowerSigmas, OrderMarks
from keras_bert_zoo.text.unicode import TABLES, characters, combining, decompose, lower

SAME = pytest.mark.skipif(unicodedata.unidata_version != "14.0.0", reason="needs Python 3.11")
HANGUL = [chr(code) for code in range(0xAC00, 0xD7A4)]


def maker():
    path = TABLES.with_name("make_unicode.py")
    spec = importlib.util.spec_from_file_location("make_unicode", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@SAME
def test_the_script_makes_what_is_packaged():
    made = maker().tables()
    assert json.loads(json.dumps(made)) == json.loads(gzip.decompress(TABLES.read_bytes()))


def test_hangul_comes_apart_by_rule():
    assert [decompose(char, "nfd") for char in HANGUL] == [unicodedata.normalize("NFD", char) for char in HANGUL]
    assert decompose("한", "nfkd") == "\u1112\u1161\u11ab"


def test_known_characters():
    assert (decompose("é", "nfd"), decompose("½", "nfd"), decompose("½", "nfkd")) == ("e\u0301", "½", "1⁄2")
    assert (lower("İ"), lower("ẞ"), lower("a")) == ("i\u0307", "ß", "a")
    assert "\u0301" in characters("mark")
    assert {"$", "«", "。"} <= characters("punctuation")
    assert not {"\t", "\n", "\r"} & characters("control")
    assert {"\x00", "\u200d", "\x85"} <= characters("control")
    assert {"\u2028", "\xa0", "\x0b"} <= characters("space")
    assert "\U0002b820" in characters("cjk")


def test_what_str_split_takes_for_space_is_what_we_do():
    """`WordPiece` splits with it; the set has not moved for many years."""
    every = map(chr, [*range(0xD800), *range(0xE000, 0x110000)])
    assert {char for char in every if char.isspace()} == characters("space")


def words(count, alphabet):
    draw = random.Random(0)
    return ["".join(draw.choices(alphabet, k=draw.randint(1, 8))) for _ in range(count)]


@SAME
def test_final_sigma_is_that_of_python():
    alphabet = "ΣΣΣΑα'\u0301·. \u00ad1aʰ\u02b0中א:"
    for word in words(20_000, alphabet):
        ours = "".join(char if char in "σς" else lower(char) for char in LowerSigmas()(word))
        assert ours == word.lower(), ascii(word)


def test_marks_are_ordered_as_in_nfd():
    kept = sorted(char for char in combining() if char not in characters("mark"))
    order = OrderMarks(kept)
    for word in words(5_000, [*kept, "a", "\u0301", "\u0327", "\u05b0"]):
        apart = "".join(decompose(char, "nfd") for char in word)
        assert order(apart) == unicodedata.normalize("NFD", word)


def test_a_character_becomes_four_at_most():
    """`GraphWordPiece` relies on it for words that are too long."""
    from keras_bert_zoo.text.graph import MOST

    for settings in ((True, True), (True, False), (False, False)):
        table = rules.bert(*settings).last.table()
        assert max(len(text.replace(" ", "")) for text in table.values()) <= MOST
