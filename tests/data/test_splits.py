from collections import Counter

import pytest

from keras_bert_zoo import ZooError
from keras_bert_zoo.data import Splits, compare, read, without_repeats

EXAMPLES = read(([f"text {i}" for i in range(200)], ["ham", "ham", "ham", "spam"] * 50))


def test_every_class_in_its_share():
    splits = Splits.draw(EXAMPLES, (0.2, 0.1), seed=3)
    assert [len(part) for part in splits] == [140, 40, 20]
    assert [Counter(part.labels)["spam"] for part in splits] == [35, 10, 5]
    assert sorted(text for part in splits for text in part.texts) == sorted(EXAMPLES.texts)
    for part in splits:
        assert all(part.labels[i] == EXAMPLES.labels[int(text.split()[1])] for i, text in enumerate(part.texts))


def test_a_seed_decides():
    one, same, other = (Splits.draw(EXAMPLES, (0.2, 0.1), seed) for seed in (3, 3, 4))
    assert one == same
    assert one != other


def test_without_a_test_part():
    splits = Splits.draw(EXAMPLES, (0.2, 0), seed=0)
    assert (len(splits.train), len(splits.validation), splits.test) == (160, 40, None)


def test_texts_that_stand_twice():
    train = read((["a", "a ", "b", "c"], [0, 1, 0, 1]))
    test = read((["c", "d"], [1, 0]))
    validation = read((["b", "a"], [1, 0]))
    assert compare(Splits(train, validation, test)) == {
        "within train": 1,
        "within validation": 0,
        "within test": 0,
        "train and validation": 2,
        "train and test": 1,
        "validation and test": 0,
        "with different labels": 2,
    }
    assert without_repeats(train).texts == ["a", "b", "c"]
    assert without_repeats(train, [test, validation.take([0])]).texts == ["a"]
    with pytest.raises(ZooError, match="Every row of The data is also in the validation or test data"):
        without_repeats(train, [train])


def test_pairs_are_one_text():
    train = read((["a", "a"], ["x", "y"], [0, 1]))
    assert len(without_repeats(train)) == 2


@pytest.mark.parametrize(
    ("labels", "shares", "sentence"),
    [
        (["a"] * 5 + ["b"], (0.2, 0.2), "has 1 row of the class 'b', too few to be in each of 3 parts"),
        (["a", "b", "c"], (0.2, 0.2), "has 3 rows and 3 classes, too few for a row of every class in each of 3 parts"),
        (["a", "a", "b"], (0.2, 0), "has 3 rows and 2 classes, too few for a row of every class in each of 2 parts"),
        (["a"] * 10 + ["b"] * 2, (0.2, 0.2), "has 2 rows of the class 'b', too few"),
        (["a"] * 40 + ["b"] * 3, (0.15, 0.15), "has too few rows of the class 'b': none falls into the"),
        (["a", "b"] * 4, (0.1, 0.1), "a share of 0.1 is 1, too few for its 2 classes"),
    ],
)
def test_too_few_rows(labels, shares, sentence):
    with pytest.raises(ZooError, match=sentence):
        Splits.draw(read(([f"t{i}" for i in range(len(labels))], labels)), shares, 0)
