import json

import numpy as np
import pytest
from corpora import make_corpus

from keras_bert_zoo import ZooError, pretrain
from keras_bert_zoo.corpus.batches import Batches, Objective
from keras_bert_zoo.distribution import Runtime, make_runtime


def test_one_device_is_the_default():
    assert make_runtime() == make_runtime("one") == Runtime()


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
