"""Cleaning against the plain way to do it: one rule after another on whole texts, with Python's own Unicode."""

import random
import time
import unicodedata

import pytest

from keras_bert_zoo.text import WordPiece, packaged, rules

SAME = pytest.mark.skipif(unicodedata.unidata_version != "14.0.0", reason="needs Python 3.11")
UNCASED = packaged("bert_uncased_vocab.txt")
CASED = WordPiece(UNCASED.data, lower=False)
ALBERT = packaged("albert_spiece.model")
AWKWARD = [
    *"aAzZ09.,'-~$ \t\n\r\x00\x0b\x0c\x1c\x1f\x7f\x85\xa0\xad",
    *"éÉèñøßẞİıſŉǅΣσςΑάΆʰ·¿«»“”…—−",
    *"\u0300\u0301\u0327\u0345\u034f\u0483\u05b0\u0903\u200b\u200d\u2028\u2029\u202e\u3000\ufeff\ufffd\ufffe",
    *"中文㐀豈\ufa6e\ufb01ﬃ½²ª①Ⅷ㎏한한กไทहिन्दीעברيية",
    *"\U0001d15e\U0001d165\U0001d16d\u302e\u1b44\u1baa\U00011935\U00020000\U0002b820\U0002f800\U0001f600\U0001d6ba\U000e0001",
    *"`'\"##[]",
]


def texts(count, seed, alphabet=AWKWARD):
    draw = random.Random(seed)
    return ["".join(draw.choices(alphabet, k=draw.randint(0, 20))) for _ in range(count)]


def plainly(text, lower):
    """google-research/bert's BasicTokenizer in other words."""
    kept = [c for c in text if c in "\t\n\r" or (c not in "\0\ufffd" and unicodedata.category(c) not in ("Cc", "Cf"))]
    spaced = "".join(f" {c} " if c in rules.characters("cjk") else " " if c.isspace() else c for c in kept)
    if lower:
        spaced = unicodedata.normalize("NFD", " ".join(word.lower() for word in spaced.split()))
        spaced = "".join(c for c in spaced if unicodedata.category(c) != "Mn")
    ends = lambda c: c in "$+<=>^`|~" or unicodedata.category(c)[0] == "P"  # noqa: E731
    return "".join(f" {c} " if ends(c) else c for c in spaced).split()


@SAME
@pytest.mark.parametrize("lower", [True, False])
def test_words_are_those_of_the_rules_one_by_one(lower):
    clean = rules.bert(lower, lower)
    tokenizer = UNCASED if lower else CASED
    for text in texts(20_000, 1):
        assert [word for part in tokenizer.split(text) for word in clean(part).split()] == plainly(text, lower)


@pytest.mark.parametrize("clean", [UNCASED.clean, CASED.clean, ALBERT.clean], ids=range(3))
def test_traces_lead_to_where_characters_come_from(clean):
    for text in texts(3_000, 5):
        found, places = clean.trace(text)
        assert found == clean(text)
        assert len(places) == len(found)
        for char, place in zip(found, places, strict=True):
            assert char in clean(text[place]) or char in "σς", ascii(text)


def test_many_sigmas_take_no_longer():
    text = "\u039f\u0394\u039f\u03a3 " * 100_000
    began = time.process_time()
    assert rules.albert(True, True)(text) == "\u03bf\u03b4\u03bf\u03c2 " * 100_000
    assert time.process_time() - began < 5  # 20 and more where every sigma copies the text


@SAME
def test_albert_is_nfkd_without_accents_in_lower_case():
    clean = rules.albert(True, True)
    for text in texts(20_000, 2):
        apart = unicodedata.normalize("NFKD", "".join(" " if c.isspace() else c for c in text))
        assert clean(text) == "".join(c for c in apart if not unicodedata.combining(c)).lower(), ascii(text)


ODD = [
    WordPiece(UNCASED.data, split_cjk=False),
    WordPiece(UNCASED.data, lower=True, strip_accents=False),
    WordPiece(CASED.data, lower=False, strip_accents=True),
]


@pytest.mark.parametrize("tokenizer", [UNCASED, CASED, ALBERT, *ODD], ids=range(6))
def test_the_graph_is_the_same(tokenizer):
    for seed in range(3):
        some = texts(2_000, seed)
        assert tokenizer.in_graph(some).to_list() == tokenizer.ids(some)
        assert [tokenizer.in_graph([text]).to_list()[0] for text in some[:20]] == tokenizer.ids(some[:20])


@pytest.mark.parametrize("tokenizer", [UNCASED, CASED, ALBERT], ids=range(3))
def test_the_graph_is_the_same_on_every_character_that_changes(tokenizer):
    table = tokenizer.clean.last.changing
    some = [f"x{char}y" for char in sorted(table)[:: 1 if len(table) < 9_000 else 7]]
    assert tokenizer.in_graph(some).to_list() == tokenizer.ids(some)


def test_any_bytes_are_read_alike():
    draw = random.Random(3)
    parts = [
        b"'",
        b"caf\xc3\xa9 ",
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xe4\xb8",
        b"\xf0\x9f\x98",
        b"\xc0\xaf",
        b"a",
        b"\xf4\x90\x80\x80",
    ]
    some = [draw.randbytes(draw.randint(0, 12)) for _ in range(3_000)]
    some += [b"".join(draw.choices(parts, k=5)) for _ in range(3_000)]
    for tokenizer in (UNCASED, ALBERT):
        assert tokenizer.in_graph(some).to_list() == tokenizer.ids(some)


@pytest.mark.parametrize("length", [50, 51, 199, 200, 201, 300])
def test_the_limit_counts_cleaned_characters(length):
    """A Korean syllable is three letters to it; punctuation ends a word."""
    some = ["x" * length, "É" * length, "한" * (length // 3), "x" * length + "." + "y" * length, "é " + "x" * length]
    for tokenizer in (UNCASED, CASED):
        assert tokenizer.in_graph(some).to_list() == tokenizer.ids(some)
    unknown = UNCASED.vocabulary.special("unknown")
    assert (UNCASED.ids(["x" * length])[0] == [unknown]) == (length > 200)


def test_a_megabyte_in_one_word():
    long = "x" * 1_000_000
    assert (
        UNCASED.ids([f"a {long} b"])
        == UNCASED.in_graph([f"a {long} b"]).to_list()
        == UNCASED.ids(["a [UNK] b"], "parse")
    )
    assert long not in UNCASED.words
    assert len(ALBERT.ids(["ab" * 5_000])[0]) > 1


def test_words_are_forgotten_when_they_are_too_many(monkeypatch, tokenizer):
    monkeypatch.setattr("keras_bert_zoo.text.words.REMEMBERED", 3)
    some = ["a b c d e f", "a b ab", "zz"]
    want = [[tokenizer.vocabulary.ids.get(w, 1) for w in text.split()] for text in some]
    want[1][-1:] = [tokenizer.vocabulary.ids["a"], tokenizer.vocabulary.ids["##b"]]
    assert tokenizer.ids(some) == want
    assert len(tokenizer.words) <= 3
