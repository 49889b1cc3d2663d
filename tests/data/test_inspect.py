"""Figures that can be counted by hand: a text of n letters in one word has n pieces, and n + 2 tokens."""

import json
import subprocess
import sys

import pytest
from conftest import BERT, PIECES

from keras_bert_zoo import ZooError
from keras_bert_zoo.data import Columns
from keras_bert_zoo.data.examples import gather
from keras_bert_zoo.data.inspect import inspect
from keras_bert_zoo.data.picture import draw_labels, draw_lengths
from keras_bert_zoo.text import WordPiece

LETTERS = WordPiece("\n".join(PIECES).encode() + b"\n")
TEXTS = ["a" * n for n in (1, 14, 15, 28)]  # 3, 16, 17 and 30 tokens
TRAIN = (["a b", "c", "a  b ", "A b", " c", "d", "e", "e", "e"], [0, 1, 1, 0, 1, 0, 0, 1, 1])


def look(data, *parts, tokenizer=LETTERS, **more):
    found = inspect(data, *parts, tokenizer=tokenizer, **more)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    return found


def test_lengths():
    found = look((TEXTS, [0, 1, 0, 1]), config=BERT)
    assert found["texts"] == 4
    assert found["tokens"] == {"min": 3, "50": 16, "90": 30, "95": 30, "99": 30, "100": 30, "mean": 16.5}
    assert found["characters"] == {"min": 1, "50": 14, "90": 28, "95": 28, "99": 28, "100": 28, "mean": 14.5}
    rows = {row.pop("length"): row for row in found["lengths"]}
    assert list(rows) == [16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512]
    assert [row["texts"] for row in rows.values()] == [2, 1, 1, *[0] * 8]
    shares = {length: [row[key] for key in ("truncated", "lost", "padding")] for length, row in rows.items()}
    assert shares[16] == pytest.approx([2 / 4, (1 + 14) / 66, 13 / 64])
    assert shares[24] == pytest.approx([1 / 4, 6 / 66, (21 + 8 + 7) / 96])
    assert shares[32] == pytest.approx([0, 0, 62 / 128])
    assert (rows[16]["multiply_adds"], rows[512]["multiply_adds"]) == (79_488, 20_828_160)
    assert (rows[16]["speed"], rows[512]["speed"]) == (pytest.approx(20_828_160 / 79_488), 1)
    assert found["suggested_length"] == 32
    assert found["shape"] == {"num_layers": 3, "hidden_size": 12}
    assert found["tokenizer"] == {"file": "vocab.txt", "pieces": 41}


def test_quantiles_are_counts_that_so_many_texts_do_not_pass():
    tokens = look((["a" * n for n in range(1, 101)], [0, 1] * 50))["tokens"]
    assert [tokens[percent] for percent in ("50", "90", "95", "99", "100")] == [52, 92, 97, 101, 102]


def test_the_histogram_counts_every_text_once():
    found = look((["a" * n for n in (1, 1, 2, 63, 64, 98)], [0, 1] * 3))["histogram"]  # 3, 3, 4, 65, 66, 100 tokens
    assert found["edges"] == list(range(0, 101, 4))
    assert {edge: count for edge, count in zip(found["edges"], found["counts"], strict=False) if count} == {
        0: 3, 64: 2, 96: 1,
    }  # fmt: skip
    long = look((["a b " * 255, "a b " * 256, "a"], [0, 1, 0]))
    assert (long["histogram"]["edges"][-1], long["histogram"]["longer"]) == (512, 1)
    assert (long["histogram"]["counts"][0], long["histogram"]["counts"][-1]) == (1, 1)
    assert (long["lengths"][-1]["texts"], long["suggested_length"]) == (1, 512)
    assert "\n longer         1  ████" in str(long)


def test_a_pair_is_one_row():
    found = look((["aaa"], ["bb"], [1]))
    assert (found["tokens"]["100"], found["characters"]["100"]) == (8, 5)


def test_no_longer_than_the_tokenizer_says(tokenizer):
    assert look((TEXTS, [0, 1, 0, 1]), tokenizer=tokenizer)["suggested_length"] == 23


def test_labels():
    labels = look((["a"] * 8, [1, "1", 1.0, "Spam", "spam ", "sp am", None, " "]))["labels"]
    assert labels["counts"] == {"1": 3, "Spam": 1, "spam": 1, "sp am": 1}
    assert labels["shares"] == pytest.approx({"1": 3 / 6, "Spam": 1 / 6, "spam": 1 / 6, "sp am": 1 / 6})
    assert labels["types"] == {"str": 4, "int": 1, "float": 1}
    assert labels["spellings"] == [["Spam", "spam "]]
    assert look((["a"], [1]), label=None)["labels"] is None


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ([1, 1.0, "1"], "every label is '1': a classifier needs two or more"),
        ([0, 1, "1"], "labels are of several types (2 int, 1 str): 1, 1.0 and '1' are taken as one class"),
        (["b", "B", "c\n"], "labels differ only in case or white space: 'B', 'b'; in other case"),
        (["b", "b ", "c"], "labels differ only in case or white space: 'b', 'b '; in other case"),
        ([None, float("nan"), ""], "no row has a label"),
        ([f"{i / 7:.3f}" for i in range(51)], "51 different numbers as labels: are they to be estimated"),
        ([f"n{i}" for i in range(51)], "51 different labels, most of them once: is it the right column?"),
    ],
)
def test_labels_to_look_at(labels, sentence):
    said = look(([f"a{'b' * i}" for i in range(len(labels))], labels))["notes"]
    assert [note for note in said if note.startswith(sentence)]


def test_empty_rows_are_counted_and_left_out_of_lengths(tmp_path):
    (tmp_path / "a.csv").write_text('words,kind\n"a\nb",1\n,0\n" ",0\nb,\nc,1\n')
    found = look(tmp_path / "a.csv", text="words", label="kind")
    assert found["missing"] == {"text": {"count": 2, "rows": [4, 5]}, "label": {"count": 1, "rows": [6]}}
    assert (found["rows"], found["texts"], found["tokens"]["min"]) == (5, 3, 3)
    assert found["repeats"]["exact"]["count"] == 0
    assert found["notes"] == ["2 rows without a text (first: rows 4, 5)", "1 row without a label (first: row 6)"]
    assert found["labels"]["counts"] == {"1": 2, "0": 2}
    found = look((["", "a", "aaa"], ["b", "", "b"], [0, 1, 0]))
    assert found["missing"]["pair"] == {"count": 1, "rows": [2]}
    assert (found["texts"], found["tokens"]["min"]) == (1, 7)


def test_only_the_first_places_are_named():
    found = look((["", *"abcdef"], [None] * 7))
    assert found["missing"]["label"] == {"count": 7, "rows": [1, 2, 3, 4, 5]}


def test_nothing_to_measure():
    found = look(([None, ""], [1, 0]))
    assert (found["texts"], found["tokens"], found["suggested_length"]) == (0, None, None)
    assert "no row has a text" in str(found)
    assert found.picture().startswith(b"\x89PNG")


def test_repeats():
    assert look(TRAIN)["repeats"] == {
        "exact": {"count": 3, "first": [[2, 5], [7, 8], [7, 9]]},
        "loose": {"count": 2, "first": [[1, 3], [1, 4]]},
        "labels_differ": {"count": 1, "first": [[7, 8]]},
    }
    assert look(TRAIN)["notes"] == [
        "3 rows with the text of an earlier one (first: rows 2, 5)",
        "2 rows with the text of an earlier one but for case or white space (first: rows 1, 3)",
        "1 text with different labels (first: rows 7, 8)",
    ]
    assert look((["a", "a", "a"], ["x", "y", "x "], [0, 1, 0]))["repeats"]["exact"]["first"] == [[1, 3]]
    assert look((["a", "a"], [0, None]))["repeats"]["labels_differ"]["count"] == 0


def test_leaks():
    found = look(TRAIN, (["e", "f", "E", "  e", ""], [1, 0, 1, 2, 0]), (["F", "g"], [0, 1]))
    assert found["leakage"] == {
        "train and validation": {
            "exact": {"count": 2, "first": [[7, 1], [7, 4]]},
            "loose": {"count": 1, "first": [[7, 3]]},
            "share": 3 / 5,
        },
        "train and test": {"exact": {"count": 0, "first": []}, "loose": {"count": 0, "first": []}, "share": 0},
        "validation and test": {
            "exact": {"count": 0, "first": []},
            "loose": {"count": 1, "first": [[2, 1]]},
            "share": 1 / 2,
        },
    }
    assert found["validation"]["labels"]["counts"] == {"1": 2, "0": 2, "2": 1}
    assert found["test"]["rows"] == 2
    assert found["notes"][-3:] == [
        "validation: no row of train has the label '2'",
        "validation: 2 rows with a text of train (first: rows 7, 1); 1 row with a text of train but for case or white "
        "space (first: rows 7, 3): 60.00% of its rows leak",
        "test: 1 row with a text of validation but for case or white space (first: rows 2, 1): 50.00% of its rows leak",
    ]


def test_as_text():
    lines = str(look((TEXTS, ["ham", "ham", "ham", "情感"]), (["b"], ["ham"]))).splitlines()
    assert lines == [
        "4 rows in The data",
        "1 row in The data",
        "",
        "label                train           validation",
        f"ham             3   75.00%           1  100.00%  {'█' * 24}",
        f"情感            1   25.00%           0    0.00%  {'█' * 8}",
        "",
        "                   min        50 %        90 %        95 %        99 %       100 %        mean",
        "characters           1          14          28          28          28          28        14.5",
        "tokens               3          16          30          30          30          30        16.5",
        "",
        " tokens     texts                                cut  tokens lost  padding   speed",
        f"     16         2  {'█' * 24}   50.00%       22.73%    20.3%   35.4x",
        f"     24         1  {'█' * 12:<24}   25.00%        9.09%    37.5%   23.6x",
        f"     32         1  {'█' * 12:<24}    0.00%        0.00%    48.4%   17.7x",
        *lines[15:23],
        "suggested length: 32",
        "cut: share of the texts; speed: by the multiply-adds of 12 x 768, beside 512 tokens",
        "",
        "To look at:",
        "- validation: every label is 'ham': a classifier needs two or more",
    ]
    assert max(map(len, lines)) < 100


def test_names_that_would_spoil_a_terminal():
    said = str(look((["a", "b", "c"], ["\x1b[31mred\n!", "\ud800", "x" * 500])))
    assert "\ufffd[31mred\ufffd!" in said
    assert f"{'x' * 37}... " in said
    said.encode()


def test_many_labels():
    said = str(look((["a"] * 30, [f"n{i}" for i in range(30)])))
    assert "\nn19 " in said
    assert "\nn20 " not in said
    assert "\nand 10 more\n" in said


def test_the_picture(tmp_path):
    from matplotlib.figure import Figure

    found = look((["a" * n for n in (1, 1, 14, 98)], ["b", "b", "c", "$x_1$"]))
    lengths, labels = Figure().subplots(1, 2)
    draw_lengths(lengths, found)
    assert lengths.patches[0].get_data().values.tolist() == found["histogram"]["counts"]
    assert [line.get_xdata()[0] for line in lengths.lines] == [3, 100, 100, 100, 128]
    draw_labels(labels, found["labels"]["counts"], found["labels"]["shares"])
    assert [bar.get_width() for bar in labels.patches] == [2, 1, 1]
    assert [text.get_text() for text in labels.texts] == ["2 (50.0%)", "1 (25.0%)", "1 (25.0%)"]
    assert [tick.get_text() for tick in labels.get_yticklabels()] == ["b", "c", r"\$x_1\$"]
    assert found.picture().startswith(b"\x89PNG")


def test_the_picture_has_no_warnings():
    assert look((["a b " * 300, "b"], ["情感", "b"])).picture().startswith(b"\x89PNG")
    assert look((["a"], [1]), label=None).picture().startswith(b"\x89PNG")


def test_files(tmp_path):
    found = look(TRAIN)
    folder = found.save(tmp_path / "new" / "folder")
    assert json.loads((folder / "inspect.json").read_text()) == found
    assert (folder / "inspect.txt").read_text() == f"{found}\n"
    assert (folder / "inspect.png").read_bytes() == found.picture()
    assert found.save(folder) == folder
    with pytest.raises(ZooError, match="inspect.txt is a file: give a folder"):
        found.save(folder / "inspect.txt")


@pytest.mark.parametrize(
    ("data", "tokenizer", "sentence"),
    [
        (TRAIN, "bert_base", r"tokenizer='bert_base' is no tokenizer: make one with keras_bert_zoo.tokenizer\("),
        (([], []), LETTERS, "The data has no rows"),
        ((["a"], [1, 2]), LETTERS, "has 1 texts but 2 labels"),
        ("nowhere.csv", LETTERS, "There is no file 'nowhere.csv'"),
    ],
)
def test_mistakes(data, tokenizer, sentence):
    with pytest.raises(ZooError, match=sentence):
        inspect(data, tokenizer=tokenizer)


def test_the_bundled_set_with_the_packaged_vocabulary():
    found = inspect("sms_spam")
    assert found["labels"]["counts"] == {"ham": 4827, "spam": 747}
    assert found["tokenizer"] == {"file": "vocab.txt", "pieces": 30_522}
    assert found["repeats"]["exact"]["count"] == 414
    assert found["suggested_length"] == 128


def test_examples_with_what_is_missing():
    found = gather({"text": ["a", None], "kind": [float("nan"), 1]}, Columns(label="kind"))
    assert (found.texts, found.rows) == (["a", ""], [1, 2])
    assert found.labels[1] == 1
    assert gather(found) is found


def test_keras_is_not_needed():
    code = "import sys; sys.modules['keras'] = None; from keras_bert_zoo.data.inspect import inspect"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=100)
