import unicodedata

import numpy as np
import pytest

from keras_bert_zoo import ZooError
from keras_bert_zoo.text import WordPiece, packaged
from keras_bert_zoo.text.characters import CHANGING, CharacterMap, albert_rule, bert_rule

UNCASED = packaged("bert_uncased_vocab.txt")
CASED = WordPiece(UNCASED.data, lower=False)
# ids read off google-research/bert's rules by hand, with the vocabulary open beside
KNOWN = {
    "Hello, World!": ["hello", ",", "world", "!"],
    "unaffable": ["una", "##ffa", "##ble"],
    "naïve Ĥ": ["naive", "h"],
    "a\u00a0b\tc\n": ["a", "b", "c"],  # white space of every kind
    "a\u2028b\u3000c": ["a", "b", "c"],
    "a\x00b\ufffdc\u200d": ["abc"],  # controls vanish
    "中文ab": ["中", "文", "ab"],
    "\U0002b820": ["[UNK]"],  # the range that Hugging Face starts 0x100 too late
    "don't": ["don", "'", "t"],
    "¿qué?": ["¿", "que", "?"],
    "$5.20": ["$", "5", ".", "20"],
    "[MASK] [SEP]": ["[", "mask", "]", "[", "sep", "]"],  # a user's text is plain text
    "x" * 201: ["[UNK]"],  # longer than Google's 200
    "ΟΔΟΣ ΑΣ'Α": ["ο", "##δ", "##ος", "α", "##σ", "'", "α"],  # a word goes on behind an apostrophe
    "²ªİ": ["²", "##ª", "##i"],  # NFD, not NFKC
    "": [],
    " \n": [],
}


def pieces(tokenizer, text):
    return [tokenizer.vocabulary.pieces[i] for i in tokenizer.ids(text)[0]]


@pytest.mark.parametrize("text", KNOWN, ids=ascii)
def test_known_texts(text):
    assert pieces(UNCASED, text) == KNOWN[text]


def test_longest_word_that_google_splits():
    assert "[UNK]" not in pieces(UNCASED, "x" * 200)


def test_cased_keeps_capitals_and_accents():
    assert pieces(CASED, "Hello") == ["[UNK]"]  # the uncased vocabulary has no capitals
    assert pieces(CASED, "hello") == ["hello"]


def test_a_vocabulary_with_capitals_is_cased(tokenizer):
    cased = WordPiece(b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nAb\nab\n")
    assert cased.ids(["Ab ab"]) == [[5, 6]]
    assert cased.settings["do_lower_case"] is False
    assert tokenizer.settings["do_lower_case"] is True


def test_the_graph_gives_the_same_ids():
    texts = [
        *KNOWN,
        "ΣΑΣ ΣΣ. ΑΣ-",
        "中Σ",
        "ΑΣ中",
        "אΣ b",
        "ΑΣא",
        "ἀρχή ΛΟΓΟΣ, ΤΟΥΣ",
        "x" * 200 + " y",
        "e\u0301\u0327 한국어 ไทย हिन्दी",
        "ﬁ ½ Ⅷ",
    ]
    for tokenizer in (UNCASED, CASED):
        assert tokenizer.in_graph(texts).to_list() == tokenizer.ids(texts)


def test_the_graph_drops_bytes_that_are_no_utf8():
    broken = [b"caf\xc3\xa9", b"ab\xff\xfecd", b"\xc3", b"x\xed\xa0\x80y"]
    assert UNCASED.in_graph(broken).to_list() == UNCASED.ids(broken) == UNCASED.ids(["café", "abcd", "", "xy"])


def test_the_graph_inside_a_data_set():
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices(["a b", "hello"]).batch(2).map(UNCASED.in_graph)
    assert next(iter(data)).to_list() == UNCASED.ids(["a b", "hello"])


def test_no_rule_changes_what_the_graph_takes_as_it_is():
    last = 0x110000
    outside = [c for c in range(last) if not any(a <= c < b for a, b in CHANGING)]
    sample = [*outside[::97], *range(0x10FF00, last), *range(0xDFF00, 0xE0000)]
    for rule in (bert_rule(True, True), bert_rule(False, False), albert_rule(True, True)):
        assert [c for c in sample if rule(chr(c)) != chr(c)] == []


def test_the_rule_is_that_of_the_whole_text():
    """One character at a time gives what cleaning, lower case and NFD give on whole texts."""
    clean = CharacterMap(bert_rule(True, True), True)
    text = "".join(map(chr, [*range(0x20, 0x7F), *range(0xA0, 0x250), *range(0x370, 0x530), *range(0x1E00, 0x2000)]))
    folded = unicodedata.normalize(
        "NFD", "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf")).lower()
    )
    stripped = "".join(c for c in folded if unicodedata.category(c) != "Mn")
    assert clean(text).replace(" ", "") == "".join(stripped.split())


def test_back_to_text():
    assert UNCASED.decode(UNCASED("unaffable dogs")["token_ids"][0]) == "unaffable dogs"
    with pytest.raises(ZooError, match="There is no piece 30522: this vocabulary has 0 to 30521"):
        UNCASED.decode([30522])


def test_parsed_special_tokens():
    vocabulary = UNCASED.vocabulary
    ids = UNCASED.ids(["a [MASK]."], special_tokens="parse")[0]
    assert ids == [vocabulary.ids["a"], vocabulary.special("mask"), vocabulary.ids["."]]
    with pytest.raises(ZooError, match='special_tokens=\'yes\' is neither "plain" nor "parse"'):
        UNCASED.ids(["a"], special_tokens="yes")


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [([None], "Text 0 is None"), (["a", 3.5], "Text 1 is 3.5, of type float"), ([float("nan")], "Text 0 is nan")],
)
def test_what_is_no_text(texts, sentence):
    with pytest.raises(ZooError, match=sentence):
        UNCASED(texts)


def test_a_torn_vocabulary():
    with pytest.raises(ZooError, match=r"has 2 pieces but no '\[CLS\]', the start piece"):
        WordPiece(b"[PAD]\n[UNK]")


def test_lone_surrogates_vanish():
    assert UNCASED.ids(["a\ud800b"]) == UNCASED.ids(["ab"])
    assert np.array_equal(UNCASED("a\ud800b")["token_ids"], UNCASED("ab")["token_ids"])


@pytest.mark.parametrize("strings", [[["a"]], "a", [1]])
def test_in_graph_takes_a_row_of_strings(tokenizer, strings):
    with pytest.raises(ZooError, match=r"in_graph takes strings of the shape \(texts,\)"):
        tokenizer.in_graph(strings)


@pytest.mark.parametrize("length", [3.5, "8", 0])
def test_a_length_is_a_whole_number(tokenizer, length):
    with pytest.raises(ZooError, match=f"length={length!r} must be a whole number"):
        tokenizer(["a"], length=length)
