import numpy as np
import pytest

from keras_bert_zoo import ZooError
from keras_bert_zoo.text import WordPiece, packaged, words

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

    texts = ["a b", "ΑΣ hello", "x" * 300]
    for name in ("bert_uncased_vocab.txt", "albert_spiece.model"):
        fresh = packaged(name)  # made while the data set's function is traced
        data = tf.data.Dataset.from_tensor_slices(texts).batch(3).map(fresh.in_graph)
        assert next(iter(data)).to_list() == fresh.in_graph(texts).to_list() == fresh.ids(texts)


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


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"[PAD]\n[UNK]", r"has 2 pieces but no '\[CLS\]', the start piece"),
        (b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\na\n", "has the piece 'a' 2 times, first in line 6"),
        (b"[PAD]\n[UNK]\n\n[CLS]\n[SEP]\n[MASK]\n", "Line 3 of vocab.txt is blank"),
        (b"[PAD]\r\n[UNK]\r\n\r\n[CLS]\r\n[SEP]\r\n[MASK]\r\n", "Line 3 of vocab.txt is blank"),
        (b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n\n", "Line 7 of vocab.txt is blank"),
    ],
)
def test_a_damaged_vocabulary(data, sentence):
    with pytest.raises(ZooError, match=sentence):
        WordPiece(data)


def test_ends_of_lines_of_another_system(tokenizer):
    other = WordPiece(tokenizer.data.replace(b"\n", b"\r\n"))
    assert other.vocabulary.pieces == tokenizer.vocabulary.pieces


def test_a_piece_of_white_space_matches_nothing():
    """Google's Chinese vocabulary has one."""
    odd = WordPiece("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n\u2028\na\n".encode())
    assert odd.ids(["a \u2028 a"]) == odd.in_graph(["a \u2028 a"]).to_list() == [[6, 6]]


def test_the_memory_of_words_has_an_end(monkeypatch):
    monkeypatch.setattr(words, "REMEMBERED", 10)
    some = WordPiece(UNCASED.data)
    for number in range(50):
        assert some.ids(f"w{number}") == UNCASED.ids(f"w{number}")
        assert len(some.words) <= 10


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
