"""Words by Keras's TextVectorization."""

import random

import keras
import pytest

from keras_bert_zoo import ZooError, build, load
from keras_bert_zoo.text import TextVectorization, open_folder

TEXTS = ["The cat sat. The cat!", "A dog's day; the dog", "the CAT — É é"]
AWKWARD = [*"abAB'!.-–É \t\n\x0b\x1f\xa0\u2028中"]


@pytest.fixture(scope="module")
def words():
    return TextVectorization.learn(TEXTS, size=9)


def test_the_words_are_those_of_keras(words):
    assert words.vocabulary.pieces[:5] == ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    assert words.vocabulary.pieces[5:7] == ("the", "cat")
    assert len(words.vocabulary) == 9
    plain = keras.layers.TextVectorization(max_tokens=9 - 3)
    plain.adapt(TEXTS)
    assert plain.get_vocabulary()[2:] == list(words.vocabulary.pieces[5:])


def test_ids(words):
    pieces = words.vocabulary.pieces
    assert [pieces[i] for i in words.ids("The CAT, dogs")[0]] == ["the", "cat", "[UNK]"]
    assert words("the cat", length=6)["token_ids"].tolist() == [[2, 5, 6, 3, 0, 0]]


@pytest.mark.parametrize("standardize", ["lower_and_strip_punctuation", "lower", "strip_punctuation", None])
def test_the_graph_and_the_layer_are_the_same(standardize):
    draw = random.Random(0)
    texts = ["".join(draw.choices(AWKWARD, k=draw.randint(0, 12))) for _ in range(500)]
    some = TextVectorization.learn(texts[:300], size=60, standardize=standardize)
    assert some.in_graph(texts).to_list() == some.ids(texts)
    assert [pieces.ids for pieces in some.align(texts)] == some.ids(texts)


@pytest.mark.parametrize("texts", [5, None, {"a": 1}])
def test_what_are_no_texts(texts):
    with pytest.raises(ZooError, match="is no list of texts, nor another iterable of them"):
        TextVectorization.learn(texts)


def test_words_without_settings_are_read_as_by_default(words, tmp_path):
    for standardize, kept in ((None, None), ("lower_and_strip_punctuation", "lower_and_strip_punctuation")):
        folder = tmp_path / str(standardize)
        folder.mkdir()
        for name, content in TextVectorization(words.data, standardize).files().items():
            (folder / name).write_bytes(content)
        assert open_folder(folder).settings["standardize"] == kept
    (folder / "tokenizer_config.json").unlink()
    assert open_folder(folder).ids("THE cat!") == words.ids("THE cat!")


def test_special_pieces_in_a_text_are_words():
    some = TextVectorization.learn(["a [MASK] b [MASK] [CLS]"], standardize=None)
    assert sorted(some.vocabulary.pieces[5:]) == ["a", "b"]
    assert some.ids("[MASK]") == some.in_graph(["[MASK]"]).to_list() == [[1]]
    assert some.ids("[MASK]", special_tokens="parse") == [[4]]


def test_places(words):
    pieces = words.align("«The» cat's, THE-")[0]
    assert [("«The» cat's, THE-")[a:b] for a, b in zip(pieces.starts, pieces.ends, strict=True)] == [
        "«The»",
        "cat's",
        "THE",
    ]
    assert pieces.words == [0, 1, 2]


def test_a_folder_with_words(words, tmp_path):
    model = build("bert_tiny", task="classification", labels=["x", "y"], vocab_size=len(words.vocabulary))
    model.tokenizer = words
    answers = model.answer(TEXTS)
    model.save_folder(tmp_path / "model")
    again = load(tmp_path / "model")
    assert isinstance(again.tokenizer, TextVectorization)
    assert again.tokenizer.settings == words.settings
    for one, other in zip(again.answer(TEXTS), answers, strict=True):
        assert one["score"] == pytest.approx(other["score"], abs=1e-6)
    assert open_folder(tmp_path / "model").ids(TEXTS) == words.ids(TEXTS)


def test_texts_are_read_once(words):
    assert TextVectorization.learn(iter(TEXTS), size=9).data == words.data


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: TextVectorization.learn([]), "There are no words in the texts"),
        (lambda: TextVectorization.learn(["a"], size=5), "size=5 leaves no room for words"),
        (lambda: TextVectorization.learn(["a"], standardize="upper"), "standardize='upper' is none of"),
        (lambda: TextVectorization.learn(["a", None]), "is None, of type NoneType"),
        (lambda: TextVectorization(b"a\nb\n"), r"has 2 pieces but no '\[PAD\]'"),
        (lambda: TextVectorization(b"a\n[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"), "must begin with"),
    ],
)
def test_what_cannot_be(make, sentence):
    with pytest.raises(ZooError, match=sentence):
        make()
