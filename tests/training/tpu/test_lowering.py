"""TensorFlow's step for TPUs that are not here: what tensorflow-tpu is given, and that it takes it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from conftest import SHAPES, disturb

from keras_bert_zoo import build
from keras_bert_zoo.corpus.batches import Objective, empty_batch
from keras_bert_zoo.distribution import Runtime
from keras_bert_zoo.training.optimizers import LAMB, AdamW
from keras_bert_zoo.training.step import make_step
from keras_bert_zoo.training.tpu.lowering import RATE, LoweredStep, of_arrays, pure

LENGTH, ROWS = 16, 3
RECIPE = """
model = "{model}"
dtype = "mixed_bfloat16"
[shape]
num_layers = 2
hidden_size = 128
num_heads = 2
intermediate_size = 128
vocab_size = 512
[objective]
pairs = "sop"
[[stages]]
length = 128
rows = 32
micro = 2
"""
OTHER = os.environ.get("KBZ_TENSORFLOW_TPU")  # the Python of tpu/requirements-tf.txt and this package


def batch_of(model):
    """Arrays with something to learn in them."""
    random, batch = np.random.default_rng(0), empty_batch(Objective(pairs="nsp"), LENGTH, ROWS, 2)
    for key in ("token_ids", "mask_ids"):
        batch[key] = random.integers(5, model.encoder.config.vocab_size, batch[key].shape, "int32")
    batch["padding_mask"][:], batch["mask_positions"][:] = 1, np.arange(batch["mask_positions"].shape[1])
    batch["mask_weights"][:], batch["text_weights"][:, 0] = 1, 1
    return batch | {"stop": batch["mask_weights"][:, :1]}


@pytest.mark.parametrize("family", list(SHAPES))
def test_what_is_lowered_is_the_step(family, monkeypatch):
    """On two chips that see the same, every sum is twice one device's, and what is learnt is the same."""
    model = build(SHAPES[family], task="pretraining", max_length=LENGTH, dropout=0.2)
    disturb(model)
    optimizer = {"bert": AdamW, "albert": LAMB}[family](0.0, 0.5, global_clipnorm=None)
    step = make_step(model, optimizer, ROWS, 1.0, True)  # XLA draws other numbers
    step.several = True  # each chip draws its own dropout
    lowered = LoweredStep(model, of_arrays(optimizer), ROWS, 1.0, True, Runtime(2))
    batch = {key: tf.constant(value[None]) for key, value in batch_of(model).items()}
    states = [variable.numpy() for variable in model.variables]
    called = []

    def twice(input, group_assignment):  # noqa: A002, TensorFlow's name
        called.append(group_assignment)
        return 2 * input

    monkeypatch.setattr(tf.raw_ops, "CrossReplicaSum", twice)
    run, arguments = pure(lowered, batch)
    figures, values = run(*arguments)
    assert called and all(group == [[0, 1]] for group in called)
    for variable, state in zip(model.variables, states, strict=True):
        np.testing.assert_array_equal(variable, state)  # it changes nothing
    assert float(figures["norm"]) > 1  # so that clipping shows
    own = step(batch_of(model), RATE)
    for name in ("masked_lm", "pairs", "masked"):
        assert float(figures[name]) == pytest.approx(2 * own[name], rel=1e-5), name
    for (name, variable), value in zip(step.variables(), values, strict=True):
        np.testing.assert_allclose(value, variable, atol=1e-6, err_msg=name)
    moved = [(v.numpy() != state).any() for v, state in zip(model.variables, states, strict=True)]
    assert sum(moved) > 0.9 * len(moved)


@pytest.mark.slow
@pytest.mark.skipif(OTHER is None, reason="KBZ_TENSORFLOW_TPU: NOT LOWERED for TPU by tensorflow-tpu")
@pytest.mark.parametrize("model", ["bert_tiny", "albert_base"])
def test_tensorflow_lowers_and_libtpu_compiles(tmp_path, model):
    """The program leaves nothing to the host, and Google's compiler takes it, for the version that is not its own."""
    pytest.importorskip("libtpu", reason="NOT COMPILED for TPU: pip install 'keras_bert_zoo[tpu-check]'")
    (tmp_path / "a.toml").write_text(RECIPE.format(model=model))
    asked = ["tpu-check", "a.toml", "--engine", "tf", "--out", "programs", "--json"]
    bare = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "TPU_LIBRARY_PATH")}
    command = [OTHER, "-m", "keras_bert_zoo", *asked]
    done = subprocess.run(command, cwd=tmp_path, env=bare, capture_output=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    (stage,) = json.loads(done.stdout)["stages"]
    assert (stage["rows"], stage["at_once"], stage["unknown_shapes"]) == (32, 2, 0)
    assert stage["collectives"]["all-reduce"]["count"] > 20  # a sum for every weight; libtpu joins them
    assert stage["leaves_the_device"] == []
    program = Path(__file__).with_name("compile_program.py")
    asked = [sys.executable, program, tmp_path / "programs" / "stage-1.stablehlo", "v5e:2x4"]
    alone = os.environ | {"JAX_PLATFORMS": "cpu"}
    done = subprocess.run(asked, env=alone, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["collectives"]["all-reduce"]["count"] >= 1
    assert found["leaves_the_device"] == []
    assert 0 < found["bytes"] < 2**30
