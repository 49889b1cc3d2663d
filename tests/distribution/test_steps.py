"""The same eight steps on one device, several, several processes, and on JAX: one result."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from conftest import on_jax

from keras_bert_zoo.layers import Dropout, Seeds

STEPS = Path(__file__).with_name("steps.py")
FEW = [{"family": "albert", "parts": 2, "call": 4, "clip": 1.0, "jit": None}, {"broken": 3, "pairs": "none"}]
MANY = [
    {"clip": None},
    {"parts": 2, "jit": None},
    {"call": 2},
    {"jit": True},
    {"optimizer": "lamb", "clip": 1.0},
    {"family": "albert", "parts": 2, "jit": True},
    {"broken": 3, "optimizer": "lamb"},
]
EXACT = ("norms", "weights", "slots")  # losses and counts are sums


def start(out, cases, environment=None, **more):
    code = [sys.executable, str(STEPS), str(out), json.dumps([case | more for case in cases])]
    return subprocess.Popen(code, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process, out):
    _, said = process.communicate(timeout=900)
    assert process.returncode == 0, said[-3000:]
    with np.load(out) as file:
        return dict(file)


def run(folder, name, cases, environment=None, **more):
    out = folder / f"{name}.npz"
    return finish(start(out, cases, environment, **more), out)


def alone(folder, cases, **more):
    """What one device makes of the cases, all at once and step by step."""
    return run(folder, "alone", [case | {"parts": 1, "call": 1, "jit": False} for case in cases], **more)


def compare(ours, theirs, count, slots=True):
    for case in range(count):
        for name in ("losses", "counts", "measured"):
            np.testing.assert_allclose(
                ours[f"{case}/{name}"], theirs[f"{case}/{name}"], rtol=1e-6, err_msg=f"{case} {name}"
            )
        for name in EXACT if slots else EXACT[:2]:
            a, b = ours[f"{case}/{name}"], theirs[f"{case}/{name}"]
            np.testing.assert_allclose(a, b, rtol=2e-6, atol=1e-6, err_msg=f"{case} {name}")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def devices(count):
    """The environment of a process with so many devices of JAX."""
    environment = on_jax()
    environment["XLA_FLAGS"] += f" --xla_force_host_platform_device_count={count}"
    return environment


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    return alone(tmp_path_factory.mktemp("few"), FEW)


@pytest.mark.long
def test_two_mirrored_devices(few, tmp_path):
    """Parts and steps at once, the clip on the whole gradient, a step without a number."""
    compare(run(tmp_path, "two", FEW, kind="mirrored", devices=2), few, len(FEW))
    norms = few["1/norms"]
    assert np.isnan(norms[3])
    assert np.isfinite(np.delete(norms, 3)).all()


@pytest.mark.slow
def test_four_devices_of_jax(few, tmp_path):
    """Against TensorFlow on one: parameters, not slots, which it keeps in another order."""
    cases = [case | {"parts": 1} for case in FEW]
    compare(run(tmp_path, "four", cases, devices(4), kind="mirrored"), few, len(FEW), slots=False)


@pytest.mark.slow
@pytest.mark.parametrize(("jit", "call"), [(None, 1), (True, 1), (True, 4)])
def test_two_hundred_steps_are_compiled_once(tmp_path, jit, call):
    """Real batches, of which none are alike; two replicas trace what is in the step once each."""
    case = [{"steps": 200, "jit": jit, "call": call, "dropout": 0.1}]
    whole, backward, judge = run(tmp_path, "two", case, kind="mirrored", devices=2)["0/compiled"]
    assert whole == 1
    assert max(backward, judge) <= 2
    assert run(tmp_path, "jax", [case[0] | {"call": 1}], devices(2), kind="mirrored")["0/compiled"] == [1]


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 4])
def test_everything_mirrored(tmp_path, count):
    compare(run(tmp_path, "several", MANY, kind="mirrored", devices=count), alone(tmp_path, MANY), len(MANY))


@pytest.mark.slow
@pytest.mark.parametrize("steps", [1, 2])
def test_two_workers(tmp_path, steps):
    """Two processes of TensorFlow: both end with the same bytes, which are those of one device."""
    cases = [{"call": steps}, {"family": "albert"}]
    outs = [tmp_path / "0.npz", tmp_path / "1.npz"]
    both = zip(outs, tensorflow_workers(), strict=True)
    workers = [start(out, cases, environment, kind="multi_worker") for out, environment in both]
    first, second = [finish(worker, out) for worker, out in zip(workers, outs, strict=True)]
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], err_msg=name)
    compare(first, alone(tmp_path, cases), len(cases))


@pytest.mark.slow
def test_jax_with_dropout(tmp_path):
    """One device, eight, and two processes with two each: the same masks everywhere."""
    cases = [{"dropout": 0.2}, {"family": "albert", "dropout": 0.2}]
    one = run(tmp_path, "one", cases, devices(1))
    compare(run(tmp_path, "eight", cases, devices(8), kind="mirrored"), one, len(cases))
    for found in two_of_jax(tmp_path, cases):
        compare(found, one, len(cases))


def tensorflow_workers():
    """The environments of two processes of TensorFlow."""
    cluster = {"worker": [f"127.0.0.1:{free_port()}" for _ in range(2)]}
    for number in (0, 1):
        config = {"cluster": cluster, "task": {"type": "worker", "index": number}}
        yield os.environ | {"TF_CONFIG": json.dumps(config)}


def jax_workers(each):
    """The environments of two processes of JAX with so many devices each."""
    own = {"JOB_ADDRESSES": f"127.0.0.1:{free_port()}", "NUM_PROCESSES": "2"}
    for number in ("0", "1"):
        said = own | {"PROCESS_ID": number}
        yield devices(each) | {f"KERAS_DISTRIBUTION_{name}": value for name, value in said.items()}


def two_of_jax(folder, cases, **more):
    """What each of two processes says of the cases."""
    outs = [folder / "0.npz", folder / "1.npz"]
    started = [
        start(out, cases, environment, kind="multi_worker", **more)
        for out, environment in zip(outs, jax_workers(2), strict=True)
    ]
    return [finish(*each) for each in zip(started, outs, strict=True)]


@pytest.mark.slow
def test_a_model_on_two_devices_of_jax(tmp_path):
    """Four pairs of devices that share a model each: with dropout, and in parts."""
    cases = [{"dropout": 0.2, "even": True}, {"family": "albert", "even": True, "parts": 2}]
    one = run(tmp_path, "one", cases, devices(1), parts=1)
    compare(run(tmp_path, "pairs", cases, devices(8), kind="mirrored", model=2), one, len(cases))
    for found in two_of_jax(tmp_path, cases, model=2):
        compare(found, one, len(cases))


@pytest.mark.slow
def test_dropout_of_replicas(tmp_path):
    """A run with dropout is the same again, and not that with the same masks on every replica."""
    cases = [{"dropout": 0.3}, {"dropout": 0.3, "shared": True}]
    first, again = (run(tmp_path, name, cases, kind="mirrored", devices=2) for name in ("first", "again"))
    for name, array in first.items():
        np.testing.assert_array_equal(array, again[name], err_msg=name)
    assert abs(first["0/weights"] - first["1/weights"]).max() > 1e-4


def masks(replica):
    """Of three draws."""
    keras.utils.set_random_seed(7)
    seeds = Seeds()
    layer = Dropout(0.5, seeds)
    seeds.replica = replica
    return [np.asarray(layer(np.ones((4, 16), "float32"), training=True)) > 0 for _ in range(3)]


def test_streams_of_replicas():
    """The first replica has the stream of one device; each has its own."""
    plain, first, second, third = (masks(replica) for replica in (None, 0, 1, 2))
    np.testing.assert_array_equal(plain, first)
    for a, b in ((first, second), (second, third), (first, third)):
        for x, y in zip(a, b, strict=True):
            assert (x != y).mean() > 0.2
