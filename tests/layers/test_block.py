from dataclasses import replace

import keras
import numpy as np
from conftest import ALBERT, BERT, disturb, rows

from keras_bert_zoo import build, untie
from keras_bert_zoo.layers import EncoderBlock


def test_norms_stand_where_the_config_says():
    state = np.random.default_rng(0).normal(size=(1, 4, 12)).astype("float32") * 5
    seen = np.ones((1, 4, 4), bool)
    after = np.asarray(EncoderBlock(BERT)(state, seen))
    np.testing.assert_allclose(after.mean(-1), 0, atol=1e-5)
    np.testing.assert_allclose(after.std(-1), 1, atol=1e-4)
    before = np.asarray(EncoderBlock(replace(BERT, pre_norm=True))(state, seen))
    np.testing.assert_allclose(before, state, atol=0.5)  # a small update on an untouched residual


def test_pre_norm_ends_with_a_norm():
    model = build(BERT, pre_norm=True, initializer_range=0.3)
    out = model(rows([5, 7], 8))
    np.testing.assert_allclose(np.asarray(out["sequence_output"]).mean(-1), 0, atol=1e-5)
    assert abs(np.asarray(out["encoder_outputs"][-1]).mean(-1)).max() > 0.05
    assert model.count_params() == model.encoder.config.count_params(("pooler",))


class Gated(keras.layers.Layer):
    """A feed-forward with a gate, to swap in."""

    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.up, self.gate, self.down = (
            keras.layers.Dense(n, name=m) for n, m in ((8, "up"), (8, "gate"), (size, "down"))
        )

    def build(self, shape):
        self.built = True

    def call(self, state):
        return self.down(self.up(state) * keras.ops.sigmoid(self.gate(state)))


def test_a_part_can_be_swapped_saved_and_loaded(tmp_path):
    def block(config, seeds, name):
        return EncoderBlock(config, seeds, feed_forward=Gated(config.hidden_size, name="feed_forward"), name=name)

    model = disturb(build(BERT, block=block))
    assert "encoder/block_2/feed_forward/gate/kernel" in model.variables_by_name()
    model.save_folder(tmp_path / "gated")
    again = build(weights=tmp_path / "gated", block=block)
    given = rows([3, 5], 6)
    np.testing.assert_array_equal(again(given)["sequence_output"], model(given)["sequence_output"])
    untied = untie(build(ALBERT, block=block))
    assert "encoder/block_4/feed_forward/gate/kernel" in untied.variables_by_name()
