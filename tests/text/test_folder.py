import json
import pickle

import numpy as np
import pytest

from keras_bert_zoo import ZooError
from keras_bert_zoo import tokenizer as open_tokenizer
from keras_bert_zoo.text import TextVectorization, WordPiece, packaged

ASIS = packaged("bert_uncased_vocab.txt")


@pytest.mark.parametrize("name", ["bert_uncased_vocab.txt", "albert_spiece.model"])
def test_a_tokenizer_comes_back_from_its_files(name, tmp_path):
    tokenizer = packaged(name)
    for file, content in tokenizer.files().items():
        (tmp_path / file).write_bytes(content)
    again = open_tokenizer(tmp_path)
    text = "Ünaffable [MASK] in 2010, 中"
    assert again.ids(text) == tokenizer.ids(text)
    assert again.settings == tokenizer.settings


def write(folder, vocabulary=ASIS.data, config=None):
    (folder / "vocab.txt").write_bytes(vocabulary)
    if config is not None:
        (folder / "tokenizer_config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    return folder


def test_defaults_and_settings(tmp_path):
    assert open_tokenizer(write(tmp_path)).ids("É") == ASIS.ids("e")
    marked = open_tokenizer(write(tmp_path, b"\xef\xbb\xbf" + ASIS.data))  # a byte order mark
    assert marked.ids("É") == ASIS.ids("e")
    assert marked.files()["vocab.txt"] == ASIS.data
    kept = open_tokenizer(write(tmp_path, config={"do_lower_case": True, "strip_accents": False}))
    assert kept.ids("É") == [[ASIS.vocabulary.special("unknown")]]
    short = open_tokenizer(write(tmp_path, config={"model_max_length": 9}))
    assert short("a " * 50)["token_ids"].shape == (1, 9)
    assert open_tokenizer(write(tmp_path, config={"model_max_length": 10**30})).max_length == 512


def test_a_folder_of_transformers_without_a_vocabulary_file(tmp_path):
    """Of its tokenizer.json only pieces and case count, not the truncation and padding that were left in it."""
    pieces = {piece: i for i, piece in enumerate(ASIS.vocabulary.pieces)}
    said = {"model": {"type": "WordPiece", "vocab": pieces}, "normalizer": {"lowercase": True, "strip_accents": None}}
    said |= {"truncation": {"max_length": 2}, "padding": {"strategy": {"Fixed": 128}}}
    (tmp_path / "tokenizer.json").write_text(json.dumps(said))
    again = open_tokenizer(tmp_path)
    assert again.ids("Ünaffable") == ASIS.ids("Ünaffable")
    assert again.data == ASIS.data
    assert np.array_equal(again("a b c d")["token_ids"], ASIS("a b c d")["token_ids"])
    (tmp_path / "tokenizer.json").write_text('{"model": {"type": "WordPiece", "vocab": {"a": 7}}}')
    with pytest.raises(ZooError, match="tokenizer.json holds no WordPiece vocabulary"):
        open_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text('{"model": {"type": "Unigram", "vocab": []}}')
    with pytest.raises(ZooError, match="has no vocabulary"):
        open_tokenizer(tmp_path)


@pytest.mark.parametrize(
    ("vocabulary", "config", "sentence"),
    [
        (b"[PAD]\n\xff\xfe\n", None, "vocab.txt is no UTF-8 at byte 6"),
        (ASIS.data[:600], None, r"pieces but no '\[UNK\]', the unknown piece"),
        (ASIS.data, "{", "tokenizer_config.json is no JSON"),
        (ASIS.data, "[]", "tokenizer_config.json holds a list, not settings by name"),
        (ASIS.data, {"do_lower_case": "yes"}, "says do_lower_case='yes': it must be true or false"),
        (ASIS.data, {"cls_token": "<s>"}, "pieces but no '<s>', the start piece"),
    ],
)
def test_damage(vocabulary, config, sentence, tmp_path):
    with pytest.raises(ZooError, match=sentence):
        open_tokenizer(write(tmp_path, vocabulary, config))


def test_they_travel_to_other_processes(monkeypatch):

    class Mine(WordPiece):
        """A subclass comes back as what it is."""

    monkeypatch.setitem(globals(), "Mine", Mine)
    Mine.__qualname__ = "Mine"
    words = TextVectorization(b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\n", None, 7)
    spaced = WordPiece(ASIS.data.replace(b"[PAD]", b"<p>"), True, False, specials={"pad": "<p>"}, max_length=33)
    for made in (
        ASIS,
        packaged("albert_spiece.model", 9),
        WordPiece(ASIS.data, False, True),
        words,
        spaced,
        Mine(ASIS.data),
    ):
        again = pickle.loads(pickle.dumps(made))
        assert type(again) is type(made)
        assert again.files() == made.files()
        assert again.ids("Ünaffable, 2010, THE") == made.ids("Ünaffable, 2010, THE")


def test_no_vocabulary(tmp_path):
    with pytest.raises(ZooError, match="no vocabulary in the package 'make_unicode.py': there are albert_spiece"):
        packaged("make_unicode.py")
    with pytest.raises(ZooError, match=r"has no vocabulary: put vocab.txt"):
        open_tokenizer(tmp_path)
