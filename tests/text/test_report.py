import json

import pytest

from keras_bert_zoo import ZooError
from keras_bert_zoo.text import WordPiece, counting, packaged
from keras_bert_zoo.text.report import vocabulary_report

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "##b", "##1", ".", "中"]
TEXT = "Ab abb. b x中\nab  b b11 ABB"
# Words: ab Ab abb ABB b b x 中 b11, 9, and one mark. Their pieces:
# a ##b (twice), a ##b ##b (twice), b (twice), [UNK], 中, b ##1 ##1: 4 + 6 + 2 + 1 + 1 + 3 = 17, and "." 1.
FIGURES = {
    "size": 11,
    "fertility": 17 / 9,
    "single": 3 / 9,
    "continued": 5 / 9,
    "unknown": 1 / 9,
    "pieces": 18,
    "characters_per_piece": 18 / 18,
    "broken": [
        {"word": "ABB", "count": 1, "pieces": ["a", "##b", "##b"]},  # as the text has it; numbers are no words
        {"word": "abb", "count": 1, "pieces": ["a", "##b", "##b"]},
    ],
    "lost": [{"word": "x", "count": 1}],
}
TABLE = """\
9 words and 1 marks of punctuation

     size  pieces a word  one piece  continued  unknown  pieces  characters a piece
own    11          1.889     33.33%     55.56%  11.111%      18                1.00

own breaks
         1 x ABB  a ##b ##b
         1 x abb  a ##b ##b

own does not know x (1 x)"""


def vocabulary(pieces=PIECES, **options):
    return WordPiece("".join(f"{piece}\n" for piece in pieces).encode(), lower=True, **options)


def report(text, **vocabularies):
    return vocabulary_report(vocabularies, iter([text] if isinstance(text, str) else text), tell=print)


def test_by_hand():
    found = report(TEXT, own=vocabulary())
    assert found == {"words": 9, "marks": 1, "characters": 18, "vocabularies": {"own": FIGURES}}
    assert str(found) == TABLE
    assert json.loads(json.dumps(found)) == found


def test_blocks_and_room_make_no_difference(monkeypatch, tmp_path):
    (tmp_path / "t.txt").write_text(f"{TEXT} " * 3)
    whole = vocabulary_report({"own": vocabulary()}, tmp_path / "t.txt")
    monkeypatch.setattr(counting, "MOST", 2)
    assert report((f"{TEXT} " * 3).split(), own=vocabulary()) == whole
    assert whole["vocabularies"]["own"]["broken"][0] == {"word": "ABB", "count": 3, "pieces": ["a", "##b", "##b"]}


def test_what_costs_most_comes_first():
    pieces = [*PIECES, "##a"]
    text = "abbb " + "baa " * 2 + "bab " * 2 + "ab " * 9 + ". " * 5 + "y z z"
    found = report(text, own=vocabulary(pieces))["vocabularies"]["own"]
    assert [(row["word"], row["count"]) for row in found["broken"]] == [("baa", 2), ("bab", 2), ("abbb", 1)]
    assert found["lost"] == [{"word": "z", "count": 2}, {"word": "y", "count": 1}]
    many = report(" ".join(f"a{'b' * n}" for n in range(2, 20)), own=vocabulary())["vocabularies"]["own"]["broken"]
    assert [len(row["pieces"]) for row in many] == list(range(20, 10, -1))


def test_punctuation_that_is_unknown_is_named():
    found = report("a – – …", own=vocabulary())
    assert found["marks"] == 3
    own = found["vocabularies"]["own"]
    assert (own["unknown"], own["fertility"], own["pieces"]) == (0, 1, 4)
    assert own["lost"] == [{"word": "–", "count": 2}, {"word": "…", "count": 1}]


def test_sentencepiece_in_its_place():
    """ayaa alone is "▁ aya a", behind a bracket "aya a": 5 pieces of 2 words, and "▁ (" are 2 of the bracket's."""
    found = report("ayaa (ayaa", albert=packaged("albert_spiece.model"))
    own = found["vocabularies"]["albert"]
    assert (found["words"], found["marks"]) == (2, 1)
    assert (own["pieces"], own["fertility"], own["continued"], own["single"]) == (7, 2.5, 1, 0)
    assert own["broken"] == [{"word": "ayaa", "count": 1, "pieces": ["▁", "aya", "a"]}]
    known = report("Hello, wörld x☃", albert=packaged("albert_spiece.model"))["vocabularies"]["albert"]
    assert (known["single"], known["unknown"]) == (2 / 3, 1 / 3)
    assert known["lost"] == [{"word": "x☃", "count": 1}]


def test_a_wordpiece_that_does_not_split_chinese():
    """中a is one word to it, and so unknown: both of ours are."""
    found = report("中a", joined=vocabulary(split_cjk=False), own=vocabulary())["vocabularies"]
    assert found["joined"]["unknown"] == 1
    assert found["joined"]["pieces"] == 1
    assert found["own"]["unknown"] == 0


def test_pictures_and_files(tmp_path):
    found = report(TEXT + " \u202e\u202e$", **{"$own": vocabulary(), "other 中": vocabulary([*PIECES, "x"])})
    found.save(tmp_path / "new" / "r")
    assert (tmp_path / "new" / "r" / "vocabulary.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "new" / "r" / "vocabulary.txt").read_text("utf-8") == f"{found}\n"
    assert json.loads((tmp_path / "new" / "r" / "vocabulary.json").read_text("utf-8")) == found
    lines = str(found).splitlines()
    assert lines[3].startswith("$own        11 ")
    assert lines[4].startswith("other 中    12 ")  # two cells wide
    (tmp_path / "file").write_text("")
    with pytest.raises(ZooError, match="file is a file: give a folder"):
        found.save(tmp_path / "file")


def test_a_table_does_nothing_to_a_terminal():
    shown = str(report("a\ue000b " + "x" * 50, own=vocabulary()))
    assert shown.isascii()
    assert r"a\ue000b (1 x), xxxxxxxxxxxxxxxxxxxxxxxxxxxxx... (1 x)" in shown


@pytest.mark.parametrize(
    ("vocabularies", "text", "sentence"),
    [
        ({}, "a", "Give vocabularies by name"),
        ([vocabulary()], "a", "Give vocabularies by name"),
        ({"own": "vocab.txt"}, "a", "The vocabulary 'own' is 'vocab.txt': open it with keras_bert_zoo.tokenizer"),
        ({"own": vocabulary()}, " . ", "There is not one word in the text"),
    ],
)
def test_one_sentence(vocabularies, text, sentence):
    with pytest.raises(ZooError, match=sentence):
        vocabulary_report(vocabularies, iter([text]))
