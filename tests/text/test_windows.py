"""Places of pieces in the text, and long texts in windows."""

import tracemalloc

import numpy as np
import pytest

from keras_bert_zoo import ZooError
from keras_bert_zoo.text import packaged
from keras_bert_zoo.text.windows import most_surroundings, slices

UNCASED = packaged("bert_uncased_vocab.txt")
ALBERT = packaged("albert_spiece.model")
TEXT = "Hello,  Wörld! e\u0301te\u0301 ``quoted'' 中文ab in 2010, ΑΣ'Α don't x\x0by a\ud800b [MASK] zz\u00ad."


def located(tokenizer, text, **how):
    pieces = tokenizer.align(text, **how)[0]
    spans = zip(pieces.ids, pieces.starts, pieces.ends, pieces.words, strict=True)
    return [(tokenizer.vocabulary.pieces[i], text[a:b], word) for i, a, b, word in spans]


def test_pieces_have_the_characters_that_they_were_made_of():
    found = located(UNCASED, TEXT)
    assert found[:6] == [
        ("hello", "Hello", 0),
        (",", ",", 0),
        ("world", "Wörld", 1),
        ("!", "!", 1),
        ("et", "e\u0301t", 2),  # the accent stays with its letter
        ("##e", "e\u0301", 2),
    ]
    assert ("##σ", "Σ", 7) in found
    assert ("x", "x", 9) in found
    assert ("##y", "y", 9) in found  # a control is nothing, so it is one word
    assert ("ab", "a\ud800b", 10) in found
    assert found[-2:] == [("##z", "z", 12), (".", ".", 12)]


@pytest.mark.parametrize("tokenizer", [UNCASED, ALBERT], ids=["wordpiece", "sentencepiece"])
@pytest.mark.parametrize("special", ["plain", "parse"])
def test_ids_are_the_same_as_without_places(tokenizer, special):
    for text in (TEXT, "", "  ", "한국 ½ ﬁ ²", "``x''y``"):
        assert tokenizer.align(text, special)[0].ids == tokenizer.ids(text, special)[0]


def test_parsed_special_pieces_have_places_too():
    assert ("[MASK]", "[MASK]", 11) in located(UNCASED, TEXT, special_tokens="parse")


def test_sentencepiece():
    found = located(ALBERT, "In 2010, he said ``NO''. ½")
    assert found == [
        ("▁in", "In", 0),
        ("▁2010", "2010", 1),
        (",", ",", 1),
        ("▁he", "he", 2),
        ("▁said", "said", 3),
        ("▁", "", 4),
        ('"', "``", 4),
        ("no", "NO", 4),
        ('"', "''", 4),
        (".", ".", 4),
        ("▁1", "½", 5),
        ("<unk>", "½", 5),
        ("2", "½", 5),
    ]


def test_a_letter_that_becomes_several_pieces(tokenizer):
    pieces = UNCASED.align("한")[0]
    assert len(pieces.ids) == 3
    assert set(zip(pieces.starts, pieces.ends, strict=True)) == {(0, 1)}
    assert tokenizer.align("ab zzz")[0] == ([5, 24, 1], [0, 1, 3], [1, 2, 6], [0, 0, 1])


def test_texts_in_words(tokenizer):
    """As sentences with a label for every word come."""
    pieces = tokenizer.align([["ab", "c.d", "", "e f"], ["g"]])
    assert [tokenizer.vocabulary.pieces[i] for i in pieces[0].ids] == ["a", "##b", "c", "[UNK]", "d", "e", "f"]
    assert pieces[0].words == [0, 0, 1, 1, 1, 3, 3]
    text = "ab c.d  e f"
    assert [text[a:b] for a, b in zip(pieces[0].starts, pieces[0].ends, strict=True)] == [*"abc.def"]
    assert pieces[1] == ([tokenizer.vocabulary.ids["g"]], [0], [1], [0])


def test_windows_of_texts(tokenizer):
    found = tokenizer.windows(["a b c d e f g", "h"], length=6, stride=2)
    pieces = tokenizer.vocabulary.pieces
    rows = [" ".join(pieces[i] for i in row) for row in found.inputs["token_ids"]]
    assert rows == [
        "[CLS] a b c d [SEP]",
        "[CLS] c d e f [SEP]",
        "[CLS] e f g [SEP] [PAD]",
        "[CLS] h [SEP] [PAD] [PAD] [PAD]",
    ]
    assert found.texts.tolist() == [0, 0, 0, 1]
    assert found.starts.tolist() == [
        [-1, 0, 2, 4, 6, -1],
        [-1, 4, 6, 8, 10, -1],
        [-1, 8, 10, 12, -1, -1],
        [-1, 0, -1, -1, -1, -1],
    ]
    assert (found.ends - found.starts)[found.starts >= 0].tolist() == [1] * 12
    assert found.best.sum() == 8  # every piece once
    assert found.best[0].tolist() == [0, 1, 1, 1, 0, 0]  # c: one neighbour on its poorer side here, none there
    assert found.best[1].tolist() == [0, 0, 1, 1, 0, 0]


def test_windows_of_pairs(tokenizer):
    found = tokenizer.windows(["a b", "c"], ["d e f g", "h i"], length=8, stride=3)
    pieces = tokenizer.vocabulary.pieces
    rows = [" ".join(pieces[i] for i in row) for row in found.inputs["token_ids"]]
    assert rows == [
        "[CLS] a b [SEP] d e f [SEP]",
        "[CLS] a b [SEP] g [SEP] [PAD] [PAD]",
        "[CLS] c [SEP] h i [SEP] [PAD] [PAD]",
    ]
    assert found.inputs["segment_ids"].tolist() == [
        [0, 0, 0, 0, 1, 1, 1, 1],
        [0, 0, 0, 0, 1, 1, 0, 0],
        [0, 0, 0, 1, 1, 1, 0, 0],
    ]
    assert found.starts[1].tolist() == [-1, -1, -1, -1, 6, -1, -1, -1]
    assert found.texts.tolist() == [0, 0, 1]


def test_no_piece_is_lost_in_windows():
    text = "It was the best of times, it was the worst of times. " * 40
    for length, stride in ((20, None), (20, 1), (64, 17), (512, None)):
        found = UNCASED.windows(text, length=length, stride=stride)
        chosen = found.inputs["token_ids"][found.best == 1]
        assert chosen.tolist() == UNCASED.ids(text)[0]
        assert np.all(np.diff(found.starts[found.best == 1]) > 0)


def test_an_empty_text_has_a_row(tokenizer):
    found = tokenizer.windows(["", "a"], length=5)
    assert found.inputs["padding_mask"].tolist() == [[1, 1, 0, 0, 0], [1, 1, 1, 0, 0]]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"texts": "a", "pairs": "b", "length": 4}, "Text 0 has 1 pieces, which leaves no room for its pair"),
        ({"texts": "a b c d", "length": 4, "stride": 3}, "stride=3 would leave pieces out, as a window has 2"),
        ({"texts": "a", "length": 99}, "length=99 is longer than the 23 tokens"),
        ({"texts": "a", "stride": 0}, "stride=0 must be a whole number"),
        ({"texts": ["a", "b"], "pairs": ["c"]}, "There are 2 texts but 1 pairs"),
        ({"texts": "a", "special_tokens": "no"}, "special_tokens='no' is neither"),
    ],
)
def test_windows_that_cannot_be(tokenizer, arguments, sentence):
    with pytest.raises(ZooError, match=sentence):
        tokenizer.windows(**arguments)


@pytest.mark.parametrize("texts", [[["a", None]], [["a"], "b c"], 5, [["a", ["b"]]]])
def test_words_that_are_no_words(tokenizer, texts):
    with pytest.raises(ZooError, match="give strings|is no text|give all as lists"):
        tokenizer.align(texts)


def test_windows_know_the_words(tokenizer):
    found = tokenizer.windows([["abc", "d", "ab"]], length=6, stride=2)
    pieces = tokenizer.align([["abc", "d", "ab"]])[0]
    seen = {}
    for starts, words in zip(found.starts, found.words, strict=True):
        assert ((words >= 0) == (starts >= 0)).all()
        seen |= dict(zip(starts[starts >= 0].tolist(), words[words >= 0].tolist(), strict=True))
    assert seen == dict(zip(pieces.starts, pieces.words, strict=True))
    with pytest.raises(ZooError, match="length=2 leaves no room for a text: use at least 3"):
        tokenizer.windows(["ab"], length=2)


def test_many_windows_of_a_long_text():
    """In the memory that its pieces take; a matrix of windows by pieces would take 3 GB."""
    cuts = slices(150_000, 126, 64)
    tracemalloc.start()
    best = most_surroundings(cuts, 150_000)
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()
    starts, ends = np.array(cuts).T
    at = np.arange(150_000)
    here = np.minimum(at - starts[best], ends[best] - 1 - at)
    for other in (np.maximum(best - 1, 0), np.minimum(best + 1, len(cuts) - 1)):
        assert (here >= np.minimum(at - starts[other], ends[other] - 1 - at)).all()


def test_which_of_two_is_cut(tokenizer):
    both = {"texts": "a b c d", "pairs": "e f g h"}
    rows = {
        how: tokenizer(**both, length=9, truncation=how)["token_ids"][0].tolist()
        for how in ("longest_first", "only_first", "only_second")
    }
    words = {
        how: "".join(tokenizer.vocabulary.pieces[i] for i in row).replace("[SEP]", "|") for how, row in rows.items()
    }
    assert words == {
        "longest_first": "[CLS]abc|efg|",
        "only_first": "[CLS]ab|efgh|",
        "only_second": "[CLS]abcd|ef|",
    }
    with pytest.raises(ZooError, match="A text has 4 pieces and the row room for 1"):
        tokenizer(**both, length=4, truncation="only_second")
    with pytest.raises(ZooError, match="A pair has 4 pieces and the row room for 2"):
        tokenizer(**both, length=5, truncation="only_first")
    with pytest.raises(ZooError, match="no truncation 'none'"):
        tokenizer(**both, truncation="none")
