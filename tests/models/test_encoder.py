from dataclasses import replace

import numpy as np
import pytest
from conftest import ALBERT, BERT, disturb, rows

from keras_bert_zoo import BertConfig, ZooError, build, load
from keras_bert_zoo.models import BertEncoder


def test_every_depth_equals_transformers(golden):
    """Goldens: what transformers computes with the weights in the folder (tests/goldens/make.py)."""
    folder, expected = golden
    given = {key: expected[key] for key in ("token_ids", "segment_ids", "padding_mask")}
    real = given["padding_mask"].astype(bool)
    model = load(folder)
    out = model.encoder(given)
    states = np.stack([out["embedding_output"], *out["encoder_outputs"]])
    assert states.shape == expected["states"].shape
    assert abs(states - expected["states"])[:, real].max() < 1e-5
    heads = {key: np.asarray(value) for key, value in model(given).items()}
    assert abs(heads["masked_lm"] - expected["masked_lm"])[real].max() < 1e-5
    assert abs(heads["next_sentence"] - expected["next_sentence"]).max() < 1e-5
    pooled = np.asarray(build(weights=folder)(given)["pooled_output"])
    assert abs(pooled - expected["pooled"]).max() < 1e-5


def test_the_map(family):
    model = build({"bert": BERT, "albert": ALBERT}[family], attentions=True)
    out = model(rows([3, 8], 9))
    depths = model.encoder.config.num_layers
    assert set(out) == {"pooled_output", "sequence_output", "encoder_outputs", "embedding_output", "attentions"}
    assert out["pooled_output"].shape == (2, 12)
    assert out["sequence_output"].shape == out["embedding_output"].shape == (2, 9, 12)
    assert [state.shape for state in out["encoder_outputs"]] == [(2, 9, 12)] * depths
    assert [a.shape for a in out["attentions"]] == [(2, 3, 9, 9)] * depths
    np.testing.assert_array_equal(out["sequence_output"], out["encoder_outputs"][-1])


def test_attentions_are_those_of_the_forward_pass():
    """Each depth's output follows from the scores that `attentions` gives for it."""
    model = disturb(build(BERT))
    given = rows([6, 4], 6)
    scores = model.encoder.attentions(given)
    states = model.encoder(given)
    before = [states["embedding_output"], *states["encoder_outputs"]]
    for depth, block in enumerate(model.encoder.blocks):
        weights = np.asarray(scores[depth])
        np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-5)
        assert weights[1, :, :4, 4:].max() == 0
        value = np.asarray(block.attention.value(before[depth]))
        mixed = block.attention.attention_output(np.einsum("bnts,bsnd->btnd", weights, value))
        state = block.attention_norm(before[depth] + mixed)
        np.testing.assert_allclose(block.output_norm(state + block.feed_forward(state)), before[depth + 1], atol=1e-5)


def test_blocks_by_depth():
    assert BERT.block_at == (0, 1, 2)
    assert ALBERT.block_at == (0, 0, 0, 1, 1)
    assert replace(ALBERT, num_layers=12, num_blocks=3).block_at == (0,) * 4 + (1,) * 4 + (2,) * 4
    assert len(BertEncoder(ALBERT).blocks) == 2


def test_enters_half_way():
    encoder = disturb(build(ALBERT)).encoder
    given = rows([5, 9], 9)
    states = encoder(given)["encoder_outputs"]
    rest = encoder.run(states[2], given["padding_mask"], start=3)
    np.testing.assert_allclose(rest[-1], states[-1], atol=1e-6)
    assert len(rest) == 2


def test_causal_sees_nothing_later():
    model = disturb(build(BERT, causal=True))
    given = rows([9], 9)
    before = np.asarray(model(given)["sequence_output"])
    given["token_ids"][0, 6] = 5 if given["token_ids"][0, 6] != 5 else 6
    after = np.asarray(model(given)["sequence_output"])
    np.testing.assert_allclose(after[:, :6], before[:, :6], atol=1e-6)
    assert abs(after[:, 6:] - before[:, 6:]).max() > 0.01


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"hidden_size": 13, "embedding_size": 13}, "hidden_size=13 cannot be shared among num_heads=3"),
        ({"num_layers": 0}, "num_layers=0 must be a whole number of at least 1"),
        ({"vocab_size": "41"}, "vocab_size='41' must be a whole number"),
        ({"vocab_size": True}, "vocab_size=True must be a whole number"),
        ({"dropout": 1.0}, "dropout=1.0 must be a number from 0"),
        ({"num_blocks": 7}, "num_blocks=7 is more than num_layers=5"),
        ({"hidden_size": 3 * 10**9}, "The number of parameters is .* past"),
        ({"max_length": 10**9}, "max_length is 1,000,000,000, past"),
        ({"pre_norm": "yes"}, "pre_norm='yes' must be of type bool"),
    ],
)
def test_sizes_that_cannot_be(change, sentence):
    with pytest.raises(ZooError, match=sentence):
        replace(ALBERT, **change)


def test_an_unknown_activation():
    with pytest.raises(ZooError, match="There is no activation 'gelu_new': did you mean"):
        BertEncoder(replace(BERT, activation="gelu_new"))


def test_config_counts_what_is_built(family):
    config = {"bert": BERT, "albert": ALBERT}[family]
    for change in ({}, {"pre_norm": True}, {"use_positions": False}, {"num_segments": 0}, {"num_segments": 5}):
        changed = replace(config, **change)
        assert build(changed, pooler=False).count_params() == changed.count_params()
    model = build(config, task="pretraining")
    assert model.count_params() == config.count_params(("pooler", "masked_lm", "next_sentence"))
    assert isinstance(config, BertConfig)
