import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from corpora import make_corpus
from distribution.test_steps import free_port

from keras_bert_zoo import ZooError, pretrain
from keras_bert_zoo.corpus.batches import Batches, Objective
from keras_bert_zoo.distribution import Runtime, make_runtime, strategy
from keras_bert_zoo.distribution.kinds import choose
from keras_bert_zoo.training.step import fewest_parts


def test_one_device_is_the_default(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    for devices, kind in ((["cpu:0"], "one"), (["cpu:0", "cpu:1"], "one"), (["gpu:0"], "one"), (["tpu:0"], "tpu")):
        monkeypatch.setattr(keras.distribution, "list_devices", lambda found=devices: found)
        assert choose() == kind
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["gpu:0", "gpu:1"])
    assert choose() == "mirrored"
    monkeypatch.setenv("TF_CONFIG", "{}")
    assert choose() == "multi_worker"
    assert make_runtime("one") == Runtime()


JAX = "KERAS_DISTRIBUTION_"


@pytest.mark.parametrize(
    ("backend", "given", "sentence"),
    [
        ("jax", [JAX + "NUM_PROCESSES"], "NUM_PROCESSES is set, but KERAS_DISTRIBUTION_JOB_ADDRESSES is not"),
        (
            "jax",
            [JAX + "JOB_ADDRESSES", JAX + "PROCESS_ID"],
            "ADDRESSES is set, but KERAS_DISTRIBUTION_NUM_PROC",
        ),
        (
            "jax",
            ["TF_CONFIG"],
            "TF_CONFIG names workers, and jax is told of them by KERAS_DIST",
        ),
        (
            "tensorflow",
            [JAX + "JOB_ADDRESSES"],
            "JOB_ADDRESSES names workers, and tensorflow is told of them by TF_",
        ),
        ("tensorflow", [JAX + "PROCESS_ID", "TF_CONFIG"], None),
        ("jax", ["TF_CONFIG", *(JAX + name for name in ("JOB_ADDRESSES", "NUM_PROCESSES", "PROCESS_ID"))], None),
    ],
)
def test_workers_that_are_named_by_half_or_to_the_other_backend(backend, given, sentence, monkeypatch):
    """Each would train alone, and write what the other writes."""
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    for name in given:
        monkeypatch.setenv(name, "1")
    if sentence is None:
        assert choose() == "multi_worker"
        return
    for ask in (choose, lambda: make_runtime("multi_worker"), make_runtime):
        with pytest.raises(ZooError, match=sentence):
            ask()


@pytest.mark.parametrize(("others", "same"), [((), True), ((7, 7), True), ((7, 8), False)])
def test_processes_agree(others, same):
    runtime = Runtime(replicas=3, hosts=3, gather=lambda value: [value, *others])
    assert runtime.agree(7) == same


def test_parts_are_as_few_as_fit():
    for rows, micro, parts in ((14, 4, 7), (48, 32, 2), (32, 32, 1), (1, 4, 1), (12, 5, 3)):
        assert fewest_parts(rows, micro) == parts


@pytest.mark.parametrize(
    ("kind", "config", "sentence"),
    [
        ("mirored", None, "distribution='mirored': it must be 'auto', 'one', 'mirrored', 'multi_worker' or 'tpu'"),
        ("mirrored", None, "needs several devices, and here is /device:CPU:0 alone"),
        ("tpu", None, "There is no TPU 'local' here: give TPU_NAME the name of one"),
        ("multi_worker", None, "needs TF_CONFIG"),
        (
            "multi_worker",
            "{",
            r"""TF_CONFIG='{' cannot be read \(JSONDecode.*: it must be like {"cluster": {"worker": """,
        ),
        (
            "multi_worker",
            json.dumps({"cluster": {"worker": ["a:1"]}}),
            r"cannot be read \(KeyError: 'task'\): it must be like ",
        ),
        (
            "multi_worker",
            json.dumps({"cluster": {"worker": ["a"]}, "task": {"type": "worker", "index": 0}}),
            "cannot be read .ValueError: invalid literal.*: it must be like ",
        ),
        (
            "multi_worker",
            json.dumps({"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}),
            "must name workers alone, and this one as one of them",
        ),
        (
            "multi_worker",
            json.dumps({"cluster": {"worker": ["a:99999"]}, "task": {"type": "worker", "index": 0}}),
            "a port is a number from 1 to 65535",
        ),
        (
            "multi_worker",
            json.dumps({"cluster": {"worker": ["a:1", "b:1", "a:1"]}, "task": {"type": "worker", "index": 0}}),
            "TF_CONFIG names the worker a:1 twice: give each its own address",
        ),
    ],
)
def test_what_is_not_here(kind, config, sentence, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if config:
        monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(ZooError, match=sentence):
        make_runtime(kind)


def test_workers_wait_for_each_other(monkeypatch, caplog):
    """One that comes late is waited for, and one that has gone on, with TensorFlow answering in its place, counts."""
    monkeypatch.setattr(strategy, "TELL_S", 0.1)
    addresses = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    with ThreadPoolExecutor() as pool:
        first = pool.submit(strategy.meet, addresses, 0, 30.0)
        time.sleep(0.5)
        assert not first.done()
        assert f"Waiting for worker 1 ({addresses[1]}) since 0 s, of 30: start it too" in caplog.text
        strategy.meet(addresses, 1, 30.0)
        with socket.create_server(("", strategy.port_of(addresses[1]))):
            first.result(timeout=30)


def test_two_workers_with_one_index():
    """The second machine was told that it is the first: what it says where worker 1 should be gives it away."""
    address = f"127.0.0.1:{free_port()}"
    with (
        strategy.answering(address, 0),
        pytest.raises(ZooError, match=f"At {address}, where TF_CONFIG has worker 1, is one with index 0: give each"),
    ):
        strategy.meet([f"127.0.0.1:{free_port()}", address], 0, 30.0)


def test_a_worker_that_does_not_come_is_named():
    addresses = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    with pytest.raises(ZooError, match=rf"worker 1 .{addresses[1]}. did not come within 0 s"):
        strategy.meet(addresses, 0, 0.1)
    with (
        socket.create_server(("", strategy.port_of(addresses[0]))),
        pytest.raises(ZooError, match=f"This worker cannot answer at {addresses[0]}"),
    ):
        strategy.meet(addresses, 0, 0.1)


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
