import numpy as np
import pytest

from keras_bert_zoo import ZooError
from keras_bert_zoo.text.pack import shorten_longest


def one_by_one(a, b, room):
    """google-research/bert's loop: the longer loses its last piece, the second where they are equal."""
    a, b = list(a), list(b)
    while len(a) + len(b) > room:
        (a if len(a) > len(b) else b).pop()
    return a, b


@pytest.mark.parametrize("room", range(14))
def test_shortens_as_google_does(room):
    for first in range(8):
        for second in range(8):
            a, b = range(first), range(second)
            kept = [list(part) for part in shorten_longest(a, b, room)]
            assert kept == list(one_by_one(a, b, room)), (first, second)


def test_pairs(tokenizer):
    row = tokenizer(["a b", "c"], ["d", "e f g"])
    assert row["token_ids"].tolist() == [[2, 5, 6, 3, 8, 3, 0], [2, 7, 3, 9, 10, 11, 3]]
    assert row["segment_ids"].tolist() == [[0, 0, 0, 0, 1, 1, 0], [0, 0, 0, 1, 1, 1, 1]]
    assert row["padding_mask"].tolist() == [[1, 1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1, 1]]
    assert {array.dtype for array in row.values()} == {np.dtype("int32")}


def test_length(tokenizer):
    assert tokenizer(["a b c d", ""], length=4)["token_ids"].tolist() == [[2, 5, 6, 3], [2, 3, 0, 0]]
    assert tokenizer("a", length=9)["token_ids"].shape == (1, 9)
    assert tokenizer(["a " * 99])["token_ids"].shape == (1, 23)  # the model's longest
    assert tokenizer(["a " * 99], ["b " * 99])["segment_ids"].sum() == 11


def test_wrong_lengths(tokenizer):
    with pytest.raises(ZooError, match="length=24 is longer than the 23 tokens"):
        tokenizer("a", length=24)
    with pytest.raises(ZooError, match="length=1 leaves no room"):
        tokenizer("a", length=1)
    with pytest.raises(ZooError, match="There are 2 texts but 1 pairs"):
        tokenizer(["a", "b"], ["c"])
