"""Any number of labels for a text, however people write them down."""

import json
from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from keras_bert_zoo import ZooError
from keras_bert_zoo.data import Columns, Labels, Splits, balanced_flags, compare, read
from keras_bert_zoo.data.inspect import inspect

TEXTS = ["a", "b", "c"]
NAMES = [["rude", "sad"], [], ["sad"]]
FLAGS = [[1, 1], [0, 0], [0, 1]]


def test_lists(tmp_path):
    lines = [json.dumps({"text": text, "label": names}) for text, names in zip(TEXTS, NAMES, strict=True)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    for data in ((TEXTS, NAMES), {"text": TEXTS, "label": NAMES}, tmp_path / "a.jsonl"):
        assert read(data).labels == NAMES


def test_one_cell(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\na,rude| sad \nb,\nc,sad|\n")
    assert read(tmp_path / "a.csv", Columns(separator="|")).labels == NAMES
    assert read((TEXTS, ["rude, sad", float("nan"), "sad"]), Columns(separator=",")).labels == NAMES
    assert read((TEXTS, [7, None, "7,8"]), Columns(separator=",")).labels == [["7"], [], ["7", "8"]]
    assert read((TEXTS, NAMES), Columns(separator=",")).labels == NAMES


def test_columns_of_flags(tmp_path):
    (tmp_path / "a.csv").write_text("rude,text,sad\n1,a,1\n0,b,0.0\nFalse,c,true\n")
    columns = Columns(label=("rude", "sad"))
    assert read(tmp_path / "a.csv", columns).labels == NAMES
    table = {"sad": np.array([1, 0, 1]), "rude": [True, False, False], "text": TEXTS}
    assert read(table, columns).labels == NAMES


@pytest.mark.parametrize("flags", [np.array(FLAGS), np.array(FLAGS, bool), [np.array(row, "float32") for row in FLAGS]])
def test_rows_of_flags(flags):
    assert read((TEXTS, flags)).labels == [["0", "1"], [], ["1"]]
    assert read((TEXTS, flags), Columns(label=("rude", "sad"))).labels == NAMES
    assert read((TEXTS, flags), Columns(known=("rude", "sad"))).labels == NAMES


def test_plain_lists_of_zeros_and_ones_may_be_either():
    assert read((TEXTS, FLAGS), Columns(label=("rude", "sad"))).labels == NAMES
    with pytest.raises(ZooError, match="The labels of The data are lists of 2 zeros and ones: where these say which"):
        read((TEXTS, FLAGS))


def test_a_set_has_an_order():
    names = [f"name {i}" for i in range(20)]
    assert read((["a", "b"], [set(names), frozenset()])).labels == [sorted(names), []]


@pytest.mark.parametrize("gap", [None, "", " ", float("nan")])
def test_a_gap_among_labels(gap):
    with pytest.raises(ZooError, match="The data, row 2 has an empty label among"):
        read((TEXTS, [["a"], ["b", gap], []]))


@pytest.mark.parametrize("batch", [False, True])
def test_a_data_set_of_flags(batch):
    data = tf.data.Dataset.from_tensor_slices((TEXTS, FLAGS))
    assert read(data.batch(2) if batch else data, Columns(label=("rude", "sad"))).labels == NAMES


def test_numbers_of_labels_are_no_flags():
    assert read((TEXTS, [[0, 1], [0], [1]])).labels == [[0, 1], [0], [1]]
    assert read((TEXTS, [[0], [0], [1]])).labels == [[0], [0], [1]]
    assert read((TEXTS, [[3, 1], [0, 1], [1, 2]])).labels == [[3, 1], [0, 1], [1, 2]]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("rude,sad,text\n1,maybe,a\n", "row 2: 'sad' is 'maybe': it must be 1 where the text has this label, else 0"),
        ("rude,sad,text\n1,,a\n", "row 2 has no label"),
        ("rude,text\n1,a\n", "There is no column .*'sad'"),
        ((TEXTS, [[1], [0], [1]]), r"row 1 has \[1\]: it must be 0 or 1 for each of rude, sad"),
        ((TEXTS, ["x", "y", "z"]), "row 1 has 'x': it must be 0 or 1 for each"),
        ((TEXTS, np.array([[0, 1], [2, 1], [0, 0]])), "row 2: 'rude' is '2': it must be 1"),
    ],
)
def test_flags_that_are_none(data, sentence, tmp_path):
    if isinstance(data, str):
        (tmp_path / "a.csv").write_text(data)
        data = tmp_path / "a.csv"
    with pytest.raises(ZooError, match=sentence):
        read(data, Columns(label=("rude", "sad")))


def test_the_names_that_occur():
    assert Labels.of_several([["b", "a"], [], "c"], "x").names == ("a", "b", "c")
    assert Labels.of_several([[10, 9], [1.0]], "x").names == ("1", "9", "10")
    with pytest.raises(ZooError, match="x has only the label 'a', and multi_label needs two or more"):
        Labels.of_several([["a"], []], "x")
    with pytest.raises(ZooError, match=r"Every text in x has one label, such as .a\|b.: .* separator=.\|.; if not,"):
        Labels.of_several(["a|b", "a"], "x")
    assert Labels.of_several([["a"], ["b"]], "x").names == ("a", "b")
    with pytest.raises(ZooError, match="x has no label, and"):
        Labels.of_several([[], []], "x")
    with pytest.raises(ZooError, match=r"The labels of a text are \['a', \['b'\]\]: give a list of words or numbers"):
        Labels.of_several([["a", ["b"]]], "x")
    with pytest.raises(ZooError, match="give each text one label, a word or a number .* or take task="):
        Labels.of([["b", "a"], []], "x")


def test_flags_by_name():
    labels = Labels(("rude", "sad"))
    np.testing.assert_array_equal(labels.flags(read((TEXTS, NAMES))), FLAGS)
    with pytest.raises(ZooError, match="The data, row 3 has the label 'sat', but the model tells apart only rude, sad"):
        labels.flags(read((TEXTS, [[], ["sad"], ["rude", "sat"]])))


def test_rare_labels_are_in_every_part():
    """One in ten has the rare one, which a draw by chance leaves out of the small part as often as not."""
    random = np.random.default_rng(0)
    labels = [["often"] * (i % 2) + ["rare"] * (i % 10 == 3) + ["odd"] * (random.random() < 0.2) for i in range(200)]
    examples = read(([f"text {i}" for i in range(200)], labels))
    for seed in range(5):
        splits = Splits.draw(examples, (0.1, 0.1), seed)
        assert [len(part) for part in splits] == [160, 20, 20]
        counts = [Counter(name for names in part.labels for name in names) for part in splits]
        assert [count["rare"] for count in counts] == [16, 2, 2]
    assert Splits.draw(examples, (0.1, 0.1), 0) == Splits.draw(examples, (0.1, 0.1), 0)


def test_many_labels_on_few_texts():
    """A text has five of fifty labels: fewer texts than labels times parts, but enough of each label."""
    labels = [[f"{(i + 7 * k) % 50}" for k in range(5)] for i in range(120)]
    splits = Splits.draw(read(([f"text {i}" for i in range(120)], labels)), (0.3, 0.3), 0)
    assert sum(map(len, splits)) == 120


@pytest.mark.parametrize("seed", range(8))
def test_eight_of_a_label(seed):
    """With a share of 0.15 eight are enough to be everywhere."""
    labels = [["often"] + ["seldom"] * (i < 8) for i in range(200)]
    splits = Splits.draw(read(([f"text {i}" for i in range(200)], labels)), (0.15, 0.15), seed)
    assert all(any("seldom" in names for names in part.labels) for part in splits)


def test_combinations_that_come_once():
    """Labels that are the rarest of one text only cannot be drawn by, and must not stop the others."""
    labels = [["a", "b"] if i % 2 else ["a"] for i in range(40)] + [[], ["b"]]
    splits = Splits.draw(read(([f"text {i}" for i in range(42)], labels)), (0.2, 0.2), 0)
    assert sum(map(len, splits)) == 42


def test_a_label_that_cannot_be_everywhere():
    labels = [["a"], ["b"]] * 30 + [["a", "c"]]
    with pytest.raises(ZooError, match="has 1 row of the class 'c', too few to be in each of 3 parts"):
        Splits.draw(read(([f"text {i}" for i in range(61)], labels)), (0.2, 0.2), 0)


def test_other_labels_for_the_same_text():
    train, test = read((["a", "b"], [["x", "y"], []])), read((["a", "b"], [["y", "x"], ["x"]]))
    found = compare(Splits(train, test, None))
    assert (found["train and validation"], found["with different labels"]) == (2, 1)


def test_balanced_flags():
    flags = np.array([[1, 0], [0, 0], [0, 1], [0, 1]])
    without, there = balanced_flags(flags)
    np.testing.assert_allclose(without, [2 / 3, 1])
    np.testing.assert_allclose(there, [2, 1])
    np.testing.assert_allclose((there * flags).sum(0), (without * (1 - flags)).sum(0))


def test_an_inspection_counts_each():
    found = inspect((TEXTS, NAMES))
    assert found["labels"]["counts"] == {"sad": 2, "rude": 1}
    assert found["labels"]["shares"] == pytest.approx({"sad": 2 / 3, "rude": 1 / 3})
    assert found["missing"]["label"]["count"] == 0
    assert inspect({"text": TEXTS, "label": ["x;y", "", "y"]}, separator=";")["labels"]["counts"] == {"y": 2, "x": 1}
