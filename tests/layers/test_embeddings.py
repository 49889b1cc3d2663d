from dataclasses import replace

import numpy as np
import pytest
from conftest import ALBERT, BERT

from keras_bert_zoo import ZooError
from keras_bert_zoo.layers.embeddings import Embeddings, Positions


def places(mask):
    """The position each token is given: the table's row i is [i, i, ...]."""
    positions = Positions(BERT)
    positions.build((None, None))
    positions.embeddings.assign(np.arange(23)[:, None] * np.ones((1, 12), "float32"))
    return np.asarray(positions(np.array([mask], "int32")))[0, :, 0].astype(int).tolist()


def test_positions_count_within_a_text():
    assert places([1, 1, 1, 0, 0]) == [0, 1, 2, 0, 1]
    assert places([1, 1, 2, 2, 2, 3, 0]) == [0, 1, 0, 1, 2, 0, 0]
    assert places([0, 0, 1, 1]) == [0, 1, 0, 1]


def test_a_row_longer_than_the_table():
    with pytest.raises(ZooError, match="Rows of 24 tokens are longer than the 23"):
        places([1] * 24)


def test_factorised():
    embeddings = Embeddings(ALBERT)
    ids = np.ones((2, 3), "int32")
    assert embeddings(ids, ids, ids).shape == (2, 3, 12)
    assert embeddings.tokens.embeddings.shape == (41, 7)


def test_without_positions_or_segments():
    embeddings = Embeddings(replace(BERT, use_positions=False, num_segments=0))
    ids = np.array([[5, 6, 5]], "int32")
    out = np.asarray(embeddings(ids, ids, np.ones_like(ids)))
    np.testing.assert_array_equal(out[0, 0], out[0, 2])  # the same word anywhere
    assert [w.path.split("/")[-2] for w in embeddings.weights] == ["tokens", "norm", "norm"]
