"""A small pretraining run, for the tests of what becomes of it."""

import json
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from conftest import BERT
from corpora import make_corpus
from safetensors.numpy import load_file

from keras_bert_zoo import pretrain
from keras_bert_zoo.training import pretrain as module
from keras_bert_zoo.training.loop import Loop
from keras_bert_zoo.training.runlog import LOG
from keras_bert_zoo.zoo.presets import PRESETS

RECIPE = {
    "model": "bert_test",
    "steps": 12,
    "seed": 5,
    "objective": {"pairs": "nsp"},
    "optimizer": {"rate": 1e-2, "warmup": 0.2},
    "stages": [{"length": 24, "rows": 4, "micro": 2, "share": 0.7}, {"length": 32, "rows": 2, "share": 0.3}],
    "log_every": 2,
    "commit_every": 4,
    "evaluate_every": 6,
    "evaluate_rows": 4,
}


@pytest.fixture(autouse=True)
def small(monkeypatch, eager):
    monkeypatch.setitem(PRESETS, "bert_test", replace(BERT, num_layers=1, num_blocks=1, max_length=40))
    monkeypatch.setattr(module, "canonical", lambda name: name)


@pytest.fixture
def data(tmp_path, tokenizer):
    return make_corpus(tmp_path, tokenizer).folder


def run(out, data, **overrides):
    said = []
    return pretrain(RECIPE, out, data, said.append, **overrides), said


@contextmanager
def dying(step):
    """A process that ends after this step, with nothing said."""
    real = Loop.after_step

    def mortal(self, *arguments):
        real(self, *arguments)
        if self.place["step"] == step:
            raise MemoryError

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Loop, "after_step", mortal)
        yield


def last_state(out):
    """All arrays of the newest commit, and its place without times."""
    newest = max((out / "commits").glob("step-*"))
    place = json.loads((newest / "place.json").read_text())
    times = ("seconds", "log")
    place["figures"].pop("seconds")
    return load_file(newest / "state.safetensors"), {key: value for key, value in place.items() if key not in times}


def same(out, other):
    (ours, place), (theirs, place_there) = last_state(out), last_state(other)
    assert place == place_there
    assert ours.keys() == theirs.keys()
    return all(np.array_equal(ours[key], theirs[key]) for key in ours)


def lines(out):
    """The log without times and speeds."""
    found = [json.loads(line) for line in (out / LOG).read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "time" and "per_s" not in k} for line in found]
