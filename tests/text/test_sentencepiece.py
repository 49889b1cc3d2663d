import keras
import pytest

from keras_bert_zoo import ZooError
from keras_bert_zoo.text import SentencePiece, packaged

ALBERT = packaged("albert_spiece.model")
KNOWN = {
    "Hello world": ["▁hello", "▁world"],
    "In 2010, 1,234": ["▁in", "▁2010", ",", "▁1", ",", "234"],  # Google splits the comma off a number
    "``x''": ["▁", '"', "x", '"'],
    "  a\u00a0 b ": ["▁a", "▁b"],
    "naïve ﬁne Ⅷ": ["▁naive", "▁fine", "▁viii"],  # NFKD, without accents
    "[MASK]": ["▁[", "mask", "]"],
    "": [],
}


@pytest.mark.parametrize("text", KNOWN, ids=ascii)
def test_known_texts(text):
    assert [ALBERT.vocabulary.pieces[i] for i in ALBERT.ids(text)[0]] == KNOWN[text]


def test_ties_are_broken_as_google_s_version_did():
    """SentencePiece 0.2.2 prefers the other of two equally likely splits."""
    assert [ALBERT.vocabulary.pieces[i] for i in ALBERT.ids("geeeee")[0]] == ["▁gee", "ee", "e"]


def test_the_graph_gives_the_same_ids():
    texts = [
        *KNOWN,
        "mini!!!! geeeee",
        "ΛΟΓΟΣ, ΤΟΥΣ",
        "İstanbul ½",
        "9,5 and 06, 1993,",
        "日本語 हिन्दी",
        "\u200b \u3000x",
    ]
    assert ALBERT.in_graph(texts).to_list() == ALBERT.ids(texts)


def test_specials():
    vocabulary = ALBERT.vocabulary
    roles = [vocabulary.special(role) for role in ("pad", "unknown", "start", "end", "mask")]
    assert roles == [0, 1, 2, 3, 4]
    assert ALBERT("a")["token_ids"].tolist() == [[2, 21, 3]]
    assert ALBERT.ids(["x [MASK]"], special_tokens="parse")[0][-1] == 4
    assert ALBERT.decode([2, 21, 0, 3]) == "a"


def test_a_torn_model():
    with pytest.raises(ZooError, match=r"spiece.model \(1000 bytes\) is no SentencePiece model"):
        SentencePiece(ALBERT.data[:1000])


def test_a_cleared_session_does_no_harm():
    """It throws away what TensorFlow keeps for the operator."""
    tokenizer = packaged("albert_spiece.model")
    before = tokenizer.in_graph(["a text"]).to_list()
    keras.utils.clear_session()
    assert tokenizer.in_graph(["a text"]).to_list() == before
