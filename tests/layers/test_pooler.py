import numpy as np
import pytest
from conftest import BERT

from keras_bert_zoo import ZooError
from keras_bert_zoo.layers import Pooler

STATE = np.arange(2 * 5 * 3, dtype="float32").reshape(2, 5, 3) ** 1.5
MASK = np.array([[1, 1, 2, 2, 0], [1, 1, 1, 0, 0]], "int32")
PLACES = np.array([[0, 2], [0, 0]], "int32")  # the second row has one text


def pooled(pooling, *places):
    """Before the dense layer."""
    layer = Pooler(BERT, pooling)
    layer.dense = lambda vectors: vectors
    return np.asarray(layer.call(STATE, MASK, *places))


def test_the_first_token():
    np.testing.assert_array_equal(pooled("first"), STATE[:, 0])
    np.testing.assert_array_equal(pooled("first", PLACES), [[STATE[0, 0], STATE[0, 2]], [STATE[1, 0], STATE[1, 0]]])


def test_the_mean_of_a_text():
    alone, shared = pooled("mean"), pooled("mean", PLACES)
    one, two, last = STATE[0, :2].mean(0), STATE[0, 2:4].mean(0), STATE[1, :3].mean(0)
    np.testing.assert_allclose(alone, [one, last], rtol=1e-6)
    np.testing.assert_allclose(shared, [[one, two], [last, last]], rtol=1e-6)


def test_a_pooling_that_there_is_none_of():
    with pytest.raises(ZooError, match="There is no pooling 'men': did you mean 'mean'"):
        Pooler(BERT, "men")
