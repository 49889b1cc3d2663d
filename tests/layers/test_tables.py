"""Ids that repeat: Keras's own table gets Adam wrong on TensorFlow, ours is right with any optimizer."""

import keras
import numpy as np
import pytest
from conftest import BERT

from keras_bert_zoo import build
from keras_bert_zoo.layers.tables import Table, TokenTable

IDS = np.array([[0, 0, 0, 0, 1]], "int32")


class Mean(keras.Model):
    def __init__(self, table):
        super().__init__()
        self.table = table

    def call(self, ids):
        return keras.ops.mean(self.table(ids), axis=1)


def second_moment(table, jit):
    """Adam's, of rows 0 and 1, after one step on the sum of the mean vector's single number."""
    model, adam = Mean(table), keras.optimizers.Adam(0.1, beta_2=0.9)
    model.compile(adam, lambda truth, found: keras.ops.sum(found, axis=-1), jit_compile=jit)
    model.fit(IDS, np.zeros((1, 1)), verbose=0)
    return next(v.numpy()[:2, 0] for v in adam.variables if v.path.endswith("velocity"))


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("cls", [Table, TokenTable])
def test_the_second_moment_squares_the_sum(cls, jit):
    np.testing.assert_allclose(second_moment(cls(3, 1), jit), [0.1 * 0.8**2, 0.1 * 0.2**2], rtol=1e-5)


def test_keras_squares_each():
    """When this fails, Keras has mended it, and `lookup` can go."""
    assert second_moment(keras.layers.Embedding(3, 1), jit=False)[0] < 0.1 * 0.8**2 / 2


def test_every_table_of_the_encoder_has_a_dense_gradient():
    import tensorflow as tf

    model = build(BERT, task="masked_lm")
    given = {"token_ids": IDS, "segment_ids": IDS, "padding_mask": IDS * 0 + 1, "mask_positions": IDS[:, :2]}
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(given))
    weights = [weight.value for weight in model.trainable_weights]
    assert not [g for g in tape.gradient(loss, weights) if isinstance(g, tf.IndexedSlices)]
