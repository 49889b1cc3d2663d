import numpy as np
import pytest
import tensorflow as tf

from keras_bert_zoo import ZooError
from keras_bert_zoo.data import Columns, Labels, balanced, read


class Frame(dict):
    """What a DataFrame is to us."""

    columns = property(lambda self: list(self))


TEXTS, LABELS = ["a", "b", "c"], [1, 0, 1]


@pytest.mark.parametrize(
    "data",
    [
        (TEXTS, LABELS),
        [TEXTS, LABELS],
        (np.array(TEXTS), np.array(LABELS)),
        {"text": TEXTS, "label": LABELS},
        Frame(text=np.array(TEXTS, object), label=np.array(LABELS), other=[1, 2, 3]),
        tf.data.Dataset.from_tensor_slices((TEXTS, LABELS)),
        tf.data.Dataset.from_tensor_slices((TEXTS, LABELS)).batch(2),
    ],
)
def test_data_of_every_kind(data):
    found = read(data)
    assert (found.texts, found.labels, found.pairs) == (TEXTS, LABELS, None)
    assert all(type(text) is str for text in found.texts)
    assert all(type(label) is int for label in found.labels)


@pytest.mark.parametrize(
    ("data", "columns"),
    [
        ((TEXTS, ["x", "y", "z"], LABELS), Columns()),
        ({"text": TEXTS, "b": ["x", "y", "z"], "label": LABELS}, Columns(pair="b")),
        (tf.data.Dataset.from_tensor_slices(((TEXTS, ["x", "y", "z"]), LABELS)).batch(2), Columns()),
    ],
)
def test_pairs(data, columns):
    assert read(data, columns).pairs == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ((["a", None, float("nan")], [1, 2, 3]), "The data has 2 rows without .* row 2 has no text"),
        ((["a", " "], [1, 2]), "has a row without .* row 2 has no text"),
        ((["a", "b"], [1, float("nan")]), "row 2 has no label"),
        ((["a", "b"], [1, None]), "row 2 has no label"),
        ((["a", "b"], ["x", " "]), "row 2 has no label"),
        ((["a", "b"], ["", "x"], [1, 2]), "row 1 has no pair"),
        ((["a", "b"], [1]), "The data has 2 texts but 1 labels"),
        (([b"\xff"], [1]), "row 1: the text is not UTF-8"),
        (([["a"]], [1]), "is a list, not a text"),
        (7, "7 is no labelled text: give a file's path"),
        (["a", "b"], "is no labelled text"),
        ({"texts": ["a"], "label": [1]}, "There is no column in The dict 'text': did you mean 'texts'"),
        (tf.data.Dataset.from_tensor_slices(TEXTS), r"must give \(text, label\)"),
    ],
)
def test_data_that_cannot_be_read(data, sentence):
    with pytest.raises(ZooError, match=sentence):
        read(data)


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["spam", "ham", "spam"], ("ham", "spam")),
        ([10, 9, 10], ("9", "10")),
        ([1.0, 0.0], ("0", "1")),
        (["1", 0, 1.0, np.int64(1).item()], ("0", "1")),
        ([True, False], ("False", "True")),
        ([0.5, 1.5], ("0.5", "1.5")),
    ],
)
def test_labels_of_every_type(labels, names):
    assert Labels.of(labels, "x").names == names


def test_numbers_by_name():
    labels = Labels(("0", "1"))
    assert labels.numbers(read((TEXTS, ["1", 0, 1.0]))).tolist() == [1, 0, 1]
    with pytest.raises(ZooError, match="The data, row 2 has the label 'maybe', but the model tells apart only 0, 1"):
        labels.numbers(read((TEXTS, [1, "maybe", 0])))


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ([1, 1, 1], "x has only the label '1': a classifier needs two or more"),
        ([i / 7 for i in range(100)], "has 100 different labels such as .*: these are numbers to estimate"),
    ],
)
def test_labels_that_are_no_classes(labels, sentence):
    with pytest.raises(ZooError, match=sentence):
        Labels.of(labels, "x")


def test_balanced_weights():
    np.testing.assert_allclose(balanced(np.array([0, 0, 0, 1]), 2), [4 / 6, 2])
