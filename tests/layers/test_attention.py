import keras
import numpy as np
from conftest import BERT

from keras_bert_zoo import BertConfig
from keras_bert_zoo.layers import SelfAttention

ALL = np.ones((1, 2, 2), bool)


def test_by_hand():
    """Two tokens, one head of size 2: the sums can be done on paper."""
    config = BertConfig(
        vocab_size=1, num_layers=1, num_blocks=1, hidden_size=2, embedding_size=2, num_heads=1, intermediate_size=1
    )
    attention = SelfAttention(config)
    state = np.array([[[1.0, 0.0], [0.0, 1.0]]], "float32")
    attention(state, ALL)
    kernel = np.arange(1.0, 5).reshape(2, 1, 2)  # [[1, 2], [3, 4]]
    attention.set_weights(
        [
            *(kernel, np.zeros((1, 2))),  # query: [1, 2], [3, 4]
            *(np.eye(2)[:, None, :], np.zeros((1, 2))),  # key: [1, 0], [0, 1]
            *(kernel, np.ones((1, 2))),  # value: [2, 3], [4, 5]
            *(np.array([[[1.0, 0], [0, 10]]]), np.array([0.0, 100])),  # output: [a, 10 b + 100]
        ]
    )
    share = 1 / (1 + np.exp(-1 / np.sqrt(2)))  # softmax of a gap of 1 at a scale of sqrt 2: the second token's part
    value = np.array([2 + 2 * share, 3 + 2 * share])
    row = [value[0], 10 * value[1] + 100]
    np.testing.assert_allclose(attention(state, ALL)[0], [row, row], rtol=1e-6)
    np.testing.assert_allclose(attention.scores(state, ALL)[0, 0], [[1 - share, share]] * 2, rtol=1e-6)


def test_a_hidden_token_does_not_count():
    attention = SelfAttention(BERT)
    state = np.random.default_rng(0).normal(size=(1, 5, 12)).astype("float32")
    seen = np.ones((1, 5, 5), bool)
    seen[:, :, 3] = False
    before = attention(state, seen)
    state[0, 3] += 100
    kept = [0, 1, 2, 4]
    np.testing.assert_allclose(np.asarray(attention(state, seen))[:, kept], np.asarray(before)[:, kept], atol=1e-6)
    assert not np.allclose(np.asarray(attention(state, np.ones_like(seen)))[:, kept], np.asarray(before)[:, kept])


def test_weights_exchange_with_keras_both_ways():
    state = np.random.default_rng(0).normal(size=(2, 7, 12)).astype("float32")
    seen = np.random.default_rng(1).random((2, 7, 7)) > 0.3
    seen |= np.eye(7, dtype=bool)
    theirs = keras.layers.MultiHeadAttention(3, 4)
    expected = theirs(state, state, attention_mask=seen)
    ours = SelfAttention(BERT)
    ours(state, seen)
    ours.set_weights(theirs.get_weights())
    np.testing.assert_allclose(ours(state, seen), expected, atol=1e-6)
    back = keras.layers.MultiHeadAttention(3, 4)
    back(state, state)
    back.set_weights(ours.get_weights())
    np.testing.assert_allclose(back(state, state, attention_mask=seen), expected, atol=1e-6)


def test_sees_nothing_and_stays_a_number():
    state = np.ones((1, 2, 12), "float32")
    for policy in ("float32", "mixed_bfloat16", "mixed_float16"):
        attention = SelfAttention(BERT, dtype=policy)
        out = keras.ops.convert_to_numpy(keras.ops.cast(attention(state, ~ALL), "float32"))
        assert np.isfinite(out).all()
