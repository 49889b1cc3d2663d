"""The whole diagnosis, in places that are made up: what is installed, what looks find."""

import json
import subprocess
import sys

import pytest

from keras_bert_zoo.distribution.doctor import machine, visit
from keras_bert_zoo.distribution.doctor.visit import choose_dtype, doctor, is_unseen
from keras_bert_zoo.errors import ZooError

HERE = {"keras": "3.15.1", "tensorflow": "2.21.0", "jax": "0.10.2"}
H200 = {"name": "NVIDIA H200", "memory_bytes": 150754820096, "driver": "570.86"}


def look_of(*names, capability=None, memory=None):
    model = "H200" if capability else None
    keys = ("name", "model", "capability", "memory_bytes")
    devices = [dict(zip(keys, (name, model, capability, memory), strict=True)) for name in names]
    return {"devices": devices, "auto": "one", "why": "there is one device"}


@pytest.fixture
def place(monkeypatch, tmp_path):
    """Where there is nothing but what the test says."""
    for name in machine.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))

    def make(versions=HERE, gpus=(), chips=(), **looks):
        monkeypatch.setattr(machine, "find_versions", lambda: versions)
        monkeypatch.setattr(machine, "find_requirements", lambda versions: {})
        monkeypatch.setattr(machine, "find_gpus", lambda: list(gpus))
        monkeypatch.setattr(machine, "find_chips", lambda: list(chips))
        monkeypatch.setattr(visit, "probe", lambda name, timeout_s: looks[name])

    return make


def test_a_place_that_is_well(place, here, tmp_path):
    place(tensorflow=look_of("cpu:0"), jax=look_of("cpu:0", "cpu:1"))
    done = here("doctor")
    assert (done.returncode, done.stderr) == (0, "Looking at tensorflow ...\nLooking at jax ...\n")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("keras_bert_zoo  0.1.0, Python 3.")
    assert lines[2:] == [
        "accelerators    none",
        "packages        keras 3.15.1, tensorflow 2.21.0, jax 0.10.2",
        "backend         tensorflow, by Keras's default",
        "  tensorflow    cpu:0",
        "  jax           cpu:0, cpu:1",
        'distribution    "auto" takes "one": there is one device',
        "dtype           float32 suits these devices",
        f"environment     KERAS_HOME={tmp_path}",
        "",
        "All of this goes together.",
    ]


def test_a_place_that_is_not(place, here, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    place(HERE | {"keras": "3.9.0"}, [H200], tensorflow={"error": "OSError: no"}, jax=look_of("cpu:0"))
    done = here("doctor")
    assert done.returncode == 1
    assert "accelerators    NVIDIA H200, 150.8 GB, driver 570.86\n" in done.stdout
    assert "  tensorflow    does not come up: OSError: no\n" in done.stdout
    assert done.stdout.endswith(
        f"environment     KERAS_BACKEND=jax\nenvironment     KERAS_HOME={tmp_path}\n\n2 things to mend:\n"
        '- keras 3.9.0 is too old for this package.\n    pip install "keras>=3.15"\n'
        '- There is a GPU, which JAX does not see.\n    pip install --upgrade "jax[cuda12]==0.10.2"\n'
    )


def test_json(place, here):
    place(chips=["v5e"] * 4, tensorflow={"error": "no answer within 7 s"}, jax=look_of("cpu:0"))
    done = here("doctor", "--json", "--timeout", "7")
    found = json.loads(done.stdout)
    assert done.returncode == 1
    assert found["tpu_chips"] == ["v5e"] * 4
    assert found["versions"] == HERE
    assert (found["distribution"], found["dtype"]) == (None, None)
    (fault,) = found["faults"]
    assert fault["wrong"] == "tensorflow 2.21.0 does not come up: no answer within 7 s."


def test_without_tensorflow(place):
    """Nothing of it is looked at, and what is said is how to do without."""
    place({"keras": "3.15.1", "jax": "0.10.2"}, jax=look_of("gpu:0", capability=[9, 0], memory=75e9), gpus=[H200])
    found = doctor(tell=lambda line: None)
    assert [fault["mend"] for fault in found["faults"]] == ["export KERAS_BACKEND=jax"]
    assert found["backends"]["tensorflow"] is None
    assert "  tensorflow    not installed\n  jax           gpu:0 (H200, 75.0 GB)\n" in str(found)


def test_no_backend_of_ours(place, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    place({"keras": "3.15.1"})
    found = doctor(tell=lambda line: None)
    assert [fault["mend"] for fault in found["faults"]] == ["export KERAS_BACKEND=tensorflow"]
    assert "distribution" not in str(found)


@pytest.mark.parametrize(
    ("accelerator", "name", "environment", "unseen"),
    [
        ("gpu", "cpu:0", {}, True),
        ("gpu", "gpu:0", {}, False),
        ("", "cpu:0", {}, False),
        ("gpu", "cpu:0", {"CUDA_VISIBLE_DEVICES": "0"}, True),
        ("gpu", "cpu:0", {"CUDA_VISIBLE_DEVICES": ""}, False),
        ("gpu", "cpu:0", {"CUDA_VISIBLE_DEVICES": "-1"}, False),
        ("tpu", "cpu:0", {"CUDA_VISIBLE_DEVICES": ""}, True),
        ("tpu", "cpu:0", {"JAX_PLATFORMS": "cpu"}, False),
    ],
)
def test_accelerators_that_are_not_seen(accelerator, name, environment, unseen):
    """But for those that are hidden on purpose."""
    assert is_unseen(accelerator, look_of(name), "jax", environment) == unseen
    assert not is_unseen(accelerator, {"error": "x"}, "jax", environment)
    assert is_unseen("gpu", look_of("cpu:0"), "tensorflow", {"JAX_PLATFORMS": "cpu"})


@pytest.mark.parametrize(
    ("look", "dtype"),
    [
        (look_of("tpu:0", "tpu:1"), "mixed_bfloat16"),
        (look_of("gpu:0", capability=[8, 0]), "mixed_bfloat16"),
        (look_of("gpu:0", capability=[7, 5]), "float32"),
        (look_of("gpu:0"), "float32"),
        ({}, None),
    ],
)
def test_the_dtype_that_suits(look, dtype):
    assert choose_dtype(look) == dtype


def test_a_long_list_is_broken_between_packages(place):
    place({f"package-{number}": "1.0" for number in range(30)} | HERE, tensorflow=look_of("cpu:0"), jax=look_of())
    lines = str(doctor(tell=lambda line: None)).splitlines()
    assert max(map(len, lines)) <= 120
    assert all(line.startswith("package") for line in (line.strip() for line in lines[4:7]))


def test_the_doctor_itself_imports_no_backend():
    heavy = "print([m for m in ('keras', 'numpy', 'tensorflow', 'jax') if m in sys.modules])"
    code = f"""
import sys
from keras_bert_zoo.distribution import Runtime
from keras_bert_zoo.distribution.doctor import visit
visit.survey()
{heavy}
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_backend_needs_time():
    with pytest.raises(ZooError, match="timeout=-3 must be a number of seconds above 0"):
        doctor(-3)
