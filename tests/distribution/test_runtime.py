import json

import keras
import numpy as np
import pytest
from corpora import make_corpus

from keras_bert_zoo import ZooError, pretrain
from keras_bert_zoo.corpus.batches import Batches, Objective
from keras_bert_zoo.distribution import Runtime, make_runtime
from keras_bert_zoo.distribution.makers import choose
from keras_bert_zoo.distribution.runtime import PRIMES
from keras_bert_zoo.training.loop import held_out
from keras_bert_zoo.training.recipe import Recipe
from keras_bert_zoo.training.step import Step


def test_one_device_is_the_default(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    for devices, kind in ((["cpu:0"], "one"), (["cpu:0", "cpu:1"], "one"), (["gpu:0"], "one"), (["tpu:0"], "tpu")):
        monkeypatch.setattr(keras.distribution, "list_devices", lambda found=devices: found)
        assert choose("tensorflow") == kind
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["gpu:0", "gpu:1"])
    assert choose("tensorflow") == "mirrored"
    monkeypatch.setenv("TF_CONFIG", "{}")
    assert choose("tensorflow") == "multi_worker"
    assert make_runtime("one") == Runtime()


class Several(Runtime):
    """One of several processes, of which the others say what `others` holds."""

    others = ()

    def total(self, value):
        return value + sum(self.others.pop(0))


@pytest.mark.parametrize(("numbers", "same"), [((7, 7, 7), True), ((1, 2, 3), False), ((2_000_000_011,) * 3, True)])
def test_processes_agree(numbers, same):
    own, *others = numbers
    runtime = Several(replicas=3, hosts=3)
    rests = [[other % prime for other in others] for prime in PRIMES]
    said = [[[rest**2 for rest in part], part] for part in rests]
    object.__setattr__(runtime, "others", [one for pair in said for one in pair])
    assert runtime.agree(own) == same


def test_too_little_is_held_out_for_all_workers(tmp_path, tokenizer, caplog):
    recipe = Recipe.of({"model": "bert_tiny", "stages": [{"length": 512, "rows": 4}]})
    corpus = make_corpus(tmp_path, tokenizer)
    assert held_out(recipe, corpus, (0, 64)) is None
    assert "and there are 64 workers" in caplog.text


def test_parts_are_as_few_as_fit():
    step = Step.__new__(Step)
    for rows, replicas, micro, parts in ((28, 2, 4, 7), (96, 2, 32, 2), (32, 1, 32, 1), (8, 8, 4, 1), (12, 1, 5, 3)):
        step.runtime, step.micro = Runtime(replicas=replicas), micro
        assert step.parts({"token_ids": np.zeros((rows, 4))}) == parts


@pytest.mark.parametrize(
    ("kind", "config", "sentence"),
    [
        ("mirored", None, "distribution='mirored': it must be 'auto', 'one', 'mirrored', 'multi_worker' or 'tpu'"),
        ("mirrored", None, "needs several devices, and here is /device:CPU:0 alone"),
        ("tpu", None, "There is no TPU 'local' here"),
        ("multi_worker", None, "needs TF_CONFIG"),
        ("multi_worker", "{", "TF_CONFIG='{' cannot be read"),
        ("multi_worker", json.dumps({"cluster": {"worker": ["a:1"]}}), "cannot be read .KeyError: 'task'"),
        (
            "multi_worker",
            json.dumps({"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}),
            "must name workers alone, and this one as one of them",
        ),
    ],
)
def test_what_is_not_here(kind, config, sentence, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if config:
        monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(ZooError, match=sentence):
        make_runtime(kind)


def test_rows_that_replicas_cannot_share():
    Runtime(replicas=4).check_rows(8)
    with pytest.raises(ZooError, match="10 rows of a step cannot be shared by 4 replicas: 8 can"):
        Runtime(replicas=4).check_rows(10)


def test_each_process_makes_its_own_rows(tmp_path, tokenizer):
    corpus = make_corpus(tmp_path, tokenizer)
    whole, *parts = (
        Batches(corpus, Objective(pairs="sop"), 48, 6, 1, share=share) for share in ((0, 1), (0, 3), (1, 3), (2, 3))
    )
    for index in (0, 5):
        for name, array in whole[index].items():
            np.testing.assert_array_equal(np.concatenate([part[index][name] for part in parts]), array)
    with pytest.raises(ZooError, match="7 rows of a batch cannot be shared by 2 processes"):
        Batches(corpus, Objective(), 48, 7, share=(0, 2))


def test_a_kind_that_there_is_none_of_stops_a_run(tmp_path):
    with pytest.raises(ZooError, match="distribution='two'"):
        pretrain({"model": "bert_tiny"}, tmp_path / "run", data=tmp_path, distribution="two")
