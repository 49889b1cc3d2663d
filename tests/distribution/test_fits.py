"""The same fine-tuning on one device and on several: one result."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from conftest import PIECES, SHAPES, disturb
from distribution.test_steps import devices, finish, jax_workers, tensorflow_workers

from keras_bert_zoo import ZooError, build, finetune
from keras_bert_zoo.data import PackedBatches
from keras_bert_zoo.distribution import Runtime
from keras_bert_zoo.text import WordPiece
from keras_bert_zoo.training import finetune as module
from keras_bert_zoo.training.tuning.together import fit_together

FITS = Path(__file__).with_name("fits.py")
SEVERAL = {"task": "multi_label", "label": "labels"}
QUIET = {"dropout": 0.0, "head_dropout": 0.0, "average": 0.9, "class_weight": "balanced"}


@pytest.fixture(scope="module", params=["bert", pytest.param("albert", marks=pytest.mark.slow)])
def folder(request, tmp_path_factory):
    """Weights of a new model, and texts of two classes."""
    folder = tmp_path_factory.mktemp(request.param) / "model"
    model = disturb(
        build(SHAPES[request.param], max_length=48)
    )  # with gradients of next to nothing Adam's step is noise
    model.tokenizer = WordPiece("\n".join(PIECES).encode() + b"\n", max_length=32)
    model.save_folder(folder)
    random, words = np.random.default_rng(0), [piece for piece in PIECES if piece.isalpha()]
    with (folder / "texts.jsonl").open("w") as file:
        for i in range(64):
            chosen = random.choice(words, random.integers(2, 25))
            labels = {"label": ["no", "yes", "no"][i % 3], "labels": [["a"], ["a", "b"], [], ["b"]][i % 4]}
            file.write(json.dumps({"text": " ".join(chosen), **labels}) + "\n")
    return folder


def start(folder, out, kind="one", count=1, environment=None, /, **settings):
    code = [sys.executable, str(FITS), str(folder), str(out), kind, str(count), json.dumps(QUIET | settings)]
    return subprocess.Popen(code, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(folder, out, *args, **settings):
    return finish(start(folder, out, *args, **settings), out)


def compare(ours, theirs):
    assert ours.keys() == theirs.keys()
    for name, array in theirs.items():
        np.testing.assert_allclose(ours[name], array, rtol=2e-6, atol=1e-6, err_msg=name)


@pytest.mark.long
@pytest.mark.parametrize("settings", [{}, SEVERAL], ids=["classification", "multi_label"])
def test_two_mirrored_devices(folder, tmp_path, settings):
    one = run(folder, tmp_path / "one.npz", **settings)
    compare(run(folder, tmp_path / "two.npz", "mirrored", 2, **settings), one)
    assert one["steps"] > 4


@pytest.mark.slow
def test_four_devices_of_jax(folder, tmp_path):
    one = run(folder, tmp_path / "one.npz", "one", 1, devices(1), dropout=0.2, head_dropout=0.2)
    compare(run(folder, tmp_path / "four.npz", "mirrored", 4, devices(4), dropout=0.2, head_dropout=0.2), one)


def workers(folder, tmp_path, environments, *each, **settings):
    """Two processes and what they write; the first writes a model. `each` are settings of their own."""
    outs = [tmp_path / f"{number}.npz" for number in (0, 1)]
    settings = {"out": str(tmp_path / "model")} | settings
    both = zip(outs, environments, each or ({}, {}), strict=True)
    return [(start(folder, out, "multi_worker", 1, said, **settings | more), out) for out, said, more in both]


def finish_all(started):
    """What each has said, when both have ended well."""
    said = [process.communicate(timeout=300) for process, _ in started]
    for (process, _), (_, errors) in zip(started, said, strict=True):
        assert process.returncode == 0, errors[-3000:]
    return [out for out, _ in said]


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_two_workers(folder, tmp_path, backend):
    """The same weights on both, and as on one device; the first has written the model, and it alone speaks."""
    draw = {"dropout": 0.2, "head_dropout": 0.2} if backend == "jax" else {}
    started = workers(folder, tmp_path, jax_workers(2) if backend == "jax" else tensorflow_workers(), **draw)
    said = finish_all(started)
    assert "epoch 2: validation accuracy" in said[0]
    assert said[1].endswith("folder None\n")
    assert "epoch" not in said[1]
    assert (tmp_path / "model" / "report.json").exists()
    ours, theirs = (dict(np.load(out)) for _, out in started)
    for name in ours:
        np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)
    compare(ours, run(folder, tmp_path / "one.npz", "one", 1, devices(1) if draw else None, **draw))


@pytest.mark.slow
def test_workers_stop_together(folder, tmp_path):
    """One is told to; both leave after the same step, with a report."""
    started = workers(folder, tmp_path, tensorflow_workers(), epochs=2000)
    for line in started[0][0].stdout:
        if line.startswith("epoch 2:"):
            break
    started[1][0].send_signal(signal.SIGTERM)
    assert "Stopped by hand in epoch" in finish_all(started)[0]
    ours, theirs = (np.load(out) for _, out in started)
    assert ours["interrupted"]
    for name in ours:
        np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("each", "sentences"),
    [
        (
            ({}, {"seed": 7}),
            ("differ in seed (worker 1 another than worker 0; here 0)", "here 7); texts of train (worker 1"),
        ),
        (({"out": "."}, {}), ("exists already", "Worker 0 cannot go on: its own message says why.")),
    ],
    ids=["differ", "refused"],
)
def test_workers_that_cannot_go_on(folder, tmp_path, each, sentences):
    """What differs is said on both; what only the first cannot do, the other hears of."""
    started = workers(folder, tmp_path, tensorflow_workers(), *each)
    for (process, _), sentence in zip(started, sentences, strict=True):
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 1
        assert sentence in errors.strip().splitlines()[-1], errors[-2000:]
    assert not (tmp_path / "model").exists()


def test_half_precision_that_needs_a_scaled_loss(monkeypatch):
    monkeypatch.setattr(module, "make_runtime", lambda kind: Runtime(replicas=2))
    with pytest.raises(ZooError, match="dtype='mixed_float16' is for one device: take mixed_bfloat16 on 2"):
        finetune("x", train=(["a"], ["b"]), dtype="mixed_float16")


class Failing:
    """A step of which these are the norms."""

    def __init__(self, norms):
        self.norms, self.model, self.runtime = iter(norms), SimpleNamespace(stop_training=False), Runtime(2)

    def take(self, batches, rates, stop):
        norm = next(self.norms)
        return [{"classes": norm, "weights": 2.0, "norm": norm, "stop": 0.0, "applied": np.isfinite(norm)}]


class Losses(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(logs["loss"])


def test_steps_without_a_number(caplog):
    """They are told and left out; a few in a row end the run."""
    inputs = {"padding_mask": np.ones((4, 8), "int32"), "token_ids": np.ones((4, 8)), "segment_ids": np.ones((4, 8))}
    batches = PackedBatches(inputs, np.zeros(4, "int32"), np.ones(4), batch_size=1)
    losses = Losses()
    fit_together(Failing([2.0, np.nan, np.nan, 4.0]), batches, 1, lambda step: 0.1, [losses])
    assert losses.seen == [1.0, 1.0, 1.0, 1.5]
    assert "Step 2 of epoch 1 has a gradient of nan" in caplog.text
    with pytest.raises(ZooError, match="3 steps in a row have a gradient that is no number: lower learning_rate="):
        fit_together(Failing([2.0] + 3 * [np.nan]), batches, 1, lambda step: 0.1, [losses])
