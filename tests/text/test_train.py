import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from keras_bert_zoo import ZooError
from keras_bert_zoo import tokenizer as open_tokenizer
from keras_bert_zoo.text import counting, rules
from keras_bert_zoo.text.train import train_vocabulary
from keras_bert_zoo.text.trainers import SentencePieceTrainer, WordPieceTrainer, alphabet, in_our_words, lines, repeated

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def quiet(*args, **kwargs):
    return train_vocabulary(*args, tell=lambda _: None, **kwargs)


@pytest.fixture(scope="module")
def texts():
    """Two hundred words of syllables, with many that are equally frequent."""
    draw = random.Random(0)
    syllables = ["ka", "ma", "wa", "xa", "soo", "li", "yo", "dii", "2010", "é"]
    words = ["".join(draw.choices(syllables, k=draw.randint(1, 4))) for _ in range(200)]
    return [" ".join(draw.choices(words, k=9)) + ", 1,234." for _ in range(300)]


def test_the_most_frequent_pair_becomes_a_piece():
    """ab 4 times, bc twice, abb once: a ##b is there 5 times, b ##c twice; ab ##b once, which is too seldom."""
    made = quiet(iter(["ab ab bc\nab abb", "ab bc"]), size=13, coverage=1)
    assert made.data.decode().split() == [*SPECIALS, "a", "b", "c", "##a", "##b", "##c", "ab", "bc"]
    assert made.ids("abb abc") == [[11, 9, 11, 10]]
    with pytest.raises(ZooError, match="size=14 is more than the 13 pieces that this text has: give more text, or"):
        quiet(iter(["ab ab bc\nab abb", "ab bc"]), size=14, coverage=1)


def test_the_pieces_are_those_that_the_encoder_meets():
    text = "Ünaffable NAÏVE 中文 don't\x0b a\u200db ΟΔΟΣ " + "y" * 201 + " " + "z" * 200
    made = quiet(iter([text] * 2), size=60, coverage=1)
    unknown = made.vocabulary.special("unknown")
    assert made.ids(text)[0].count(unknown) == 1  # the long one
    pieces = set(made.vocabulary.pieces)
    assert {"u", "中", "文", "'", "##n", "ς", "z"} <= pieces
    assert not {"Ü", "ü", "y", "##y", "##中", "##'", "\u200d"} & pieces
    assert made.clean(text) == rules.bert(True, True)(text)


def test_case_and_accents():
    text = iter(["Éa Éa Ba Ba"])
    cased = quiet(text, size=13, coverage=1, lower=False)
    assert {"É", "##É", "Éa", "Ba"} <= set(cased.vocabulary.pieces)
    assert cased.settings["do_lower_case"] is False
    kept = quiet(iter(["Éa Éa Ba Ba"]), size=13, coverage=1, strip_accents=False)
    assert "éa" in kept.vocabulary.ids
    assert "ba" in quiet(iter(["Éa Éa Ba Ba"]), size=13, coverage=1, strip_accents=True).vocabulary.ids


def test_rare_characters_stay_out():
    counts = {"aaab": 9, "c": 4}  # a 27, b 9, c 4: 36 of 40 are a and b
    assert alphabet(counts, 0.9) == ["a", "b"]
    assert alphabet(counts, 0.91) == ["a", "b", "c"]
    assert alphabet({"ba": 1}, 0.5) == ["a"]  # of equals the first
    assert list(repeated({"ab": 2, "cab": 5, "b": 10_001}, frozenset("ab"))) == [["ab"] * 2, ["b"] * 10_000, ["b"]]


@pytest.mark.parametrize("kind", ["wordpiece", "sentencepiece"])
def test_the_same_text_gives_the_same_bytes(kind, texts, tmp_path):
    first = quiet(iter(texts), kind=kind, size=120)
    assert len(first.vocabulary) == 120
    assert all(quiet(reversed(texts), kind=kind, size=120).data == first.data for _ in range(3))
    (tmp_path / "t.txt").write_text("\n".join(texts), "utf-8")
    code = "import sys; from keras_bert_zoo.text.train import train_vocabulary as train\n"
    code += f"sys.stdout.buffer.write(train('t.txt', {kind!r}, 120, tell=lambda _: 0).data)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, env=os.environ | {"LC_ALL": "C"})
    assert done.stdout == first.data


def test_sentencepiece_is_albert_s(texts):
    made = quiet(iter(texts), kind="sentencepiece", size=100)
    vocabulary = made.vocabulary
    assert vocabulary.pieces[:5] == ("<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]")
    assert made.settings == {"do_lower_case": True, "keep_accents": False}
    some = [*texts[:20], "SOOlié ``xa'' (2010, 1,234)", "kama\u00a0 ﬁ"]
    assert made.resplit == {}  # no piece has a number and its comma
    cleaned = [rules.albert(True, True)(text.replace("``", '"').replace("''", '"')) for text in some]
    assert made.ids(some) == made.model.encode(cleaned)
    assert made.decode(made.ids(texts[0])[0]) == cleaned[0]
    assert made.in_graph(some).to_list() == made.ids(some)
    assert max(map(len, made.ids(["kama soo"]))) < 8  # words are made of more than letters


def test_sentencepiece_changes_nothing_by_itself(texts):
    made = quiet(iter([*texts, *["ﬁ ß"] * 50]), kind="sentencepiece", size=100, coverage=1, strip_accents=False)
    assert made.decode(made.ids("ﬁß é")[0]) == "ﬁß é"


def test_the_words_of_sentencepiece():
    trainer = SentencePieceTrainer(True, True)
    assert trainer.words("``Né\0e''") == ['"nee"']
    assert trainer.words("½") == ["1⁄2"]
    assert trainer.words("x" * 401) == ["x" * 200, "x" * 200, "x"]
    assert list(lines({"b": 5, "a": 1})) == ["a\t1", "b\t1", "b\t2", "b\t2"]
    assert WordPieceTrainer(True, True).words("Né中e") == ["ne", "中", "e"]


@pytest.mark.parametrize(("kind", "file"), [("wordpiece", "vocab.txt"), ("sentencepiece", "spiece.model")])
def test_a_folder_of_it(kind, file, texts, tmp_path):
    made = quiet(iter(texts), kind=kind, size=80, out=tmp_path / "new" / "v", strip_accents=False, max_length=99)
    assert {path.name for path in (tmp_path / "new" / "v").iterdir()} == {file, "tokenizer_config.json"}
    again = open_tokenizer(tmp_path / "new" / "v")
    assert again.ids(texts) == made.ids(texts)
    assert (again.settings, again.max_length) == (made.settings, 99)
    said = json.loads((tmp_path / "new" / "v" / "tokenizer_config.json").read_text())
    assert said["do_lower_case"] is True


def test_text_in_another_encoding(tmp_path):
    (tmp_path / "latin.txt").write_bytes("très peu d'été déjà passé ".encode("latin-1") * 50)
    with pytest.raises(ZooError, match=r"23% of the bytes are no UTF-8: give text, in UTF-8 or UTF-16"):
        quiet(tmp_path / "latin.txt", size=40)
    (tmp_path / "slip.txt").write_bytes(b"plain words here and there " * 50 + b"\xe8")
    said = []
    train_vocabulary(tmp_path / "slip.txt", size=40, tell=said.append)
    assert "1 bytes are no UTF-8 and were left out" in said


def test_replacing_a_folder(texts, tmp_path, monkeypatch):
    quiet(iter(texts), size=80, out=tmp_path / "v")
    with pytest.raises(ZooError, match=r"v is not empty: choose another folder, or replace .* overwrite=True"):
        quiet(iter(texts), size=80, out=tmp_path / "v")
    quiet(iter(texts), kind="sentencepiece", size=80, out=tmp_path / "v", overwrite=True)
    assert {path.name for path in (tmp_path / "v").iterdir()} == {"spiece.model", "tokenizer_config.json"}
    before = {path.name: path.read_bytes() for path in (tmp_path / "v").iterdir()}

    def full(path, content):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space left"):
        patched.setattr(Path, "write_bytes", full)
        quiet(iter(texts), size=80, out=tmp_path / "v", overwrite=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "v").iterdir()} == before
    (tmp_path / "v" / "config.json").write_text("{}")
    with pytest.raises(ZooError, match=r"holds config.json, which is no part of a vocabulary, so it is not overwr"):
        quiet(iter(texts), size=80, out=tmp_path / "v", overwrite=True)
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "v"):
        with pytest.raises(ZooError, match="cannot be written, because .*file is no folder that may be"):
            quiet(iter(texts), size=80, out=out)


def test_more_different_words_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(counting, "MOST", 4)
    said = []
    made = train_vocabulary(iter(["ab ab ab cd cd e f g", "ab"]), size=14, coverage=1, tell=said.append)
    assert said[0] == "5 different words so far: going on with the more frequent half"
    assert said[1] == "6 words, 2 different ones: learning 14 pieces"
    assert made.vocabulary.pieces[5:] == ("a", "b", "c", "d", "##a", "##b", "##c", "##d", "ab")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"kind": "bpe"}, "There is no kind of vocabulary 'bpe': there are sentencepiece, wordpiece"),
        ({"size": 0}, "size=0 must be a whole number of at least 1"),
        ({"size": 8}, "size=8 is too small: the special pieces and the characters of this text are 9 already"),
        ({"size": 900}, "size=900 is more than the 10 pieces that this text has: give more text, or size=10"),
        ({"size": 10**12}, "size=1000000000000 is past 1,048,576, and no text has so many pieces"),
        ({"size": 900, "kind": "sentencepiece"}, r"size=900 is more than the \d+ pieces that this text has"),
        ({"size": 16, "kind": "sentencepiece"}, r"size=16 is too small: .* of this text are \d+ already"),
        ({"coverage": 0}, "coverage=0 must be a number above 0, and at most 1"),
        ({"coverage": 1.5}, "coverage=1.5 must be a number above 0"),
        ({"lower": "yes"}, "lower='yes' must be of type bool"),
        ({"strip_accents": 1}, "strip_accents=1 must be of type bool"),
        ({"max_length": 0}, "max_length=0 must be a whole number"),
    ],
)
def test_one_sentence(options, sentence, tmp_path):
    with pytest.raises(ZooError, match=sentence):
        quiet(iter(["ab ab"]), **{"size": 10, "coverage": 1, "out": tmp_path / "v"} | options)
    assert not (tmp_path / "v").exists()


def test_what_else_sentencepiece_may_say():
    assert str(in_our_words(RuntimeError("No."), 9)) == "SentencePiece cannot learn size=9 pieces from this text: No."


def test_a_text_without_a_word():
    with pytest.raises(ZooError, match="There is not one word of at most 200 characters in the text"):
        quiet(iter([" \n", "\u200d"]))
