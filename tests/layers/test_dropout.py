import keras
import numpy as np
from conftest import BERT

from keras_bert_zoo import build
from keras_bert_zoo.layers import Dropout


def test_drops_its_share_and_keeps_the_mean():
    out = np.asarray(Dropout(0.25)(np.ones((400, 100), "float32"), training=True))
    assert abs((out == 0).mean() - 0.25) < 0.02
    assert abs(out.mean() - 1) < 0.02


def test_only_in_training():
    x = np.ones((3, 5), "float32")
    np.testing.assert_array_equal(Dropout(0.9)(x), x)


def test_the_stream_decides_the_mask():
    x = np.ones((50,), "float32")
    one, two = (np.asarray(Dropout(0.5, keras.random.SeedGenerator(7))(x, training=True)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    shared = keras.random.SeedGenerator(7)
    first, second = (np.asarray(Dropout(0.5, shared)(x, training=True)) for _ in range(2))
    np.testing.assert_array_equal(first, one)
    assert not np.array_equal(first, second)


def test_a_model_has_one_stream():
    model = build(BERT, task="classification", num_classes=2)
    seeds = [v for v in model.non_trainable_variables if "seed" in v.path]
    assert len({id(v) for v in seeds}) == 1
    before = np.asarray(seeds[0])
    model({"token_ids": np.ones((1, 3), "int32")}, training=True)
    assert not np.array_equal(before, np.asarray(seeds[0]))
