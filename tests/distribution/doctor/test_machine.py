import json
import os

import pytest

from keras_bert_zoo.distribution.doctor import machine


def test_versions_come_from_what_is_installed(tmp_path, monkeypatch):
    """Without an import; a package that was half removed has none."""
    for name, said in (("libtpu-0.0.14", "Name: libtpu\nVersion: 0.0.14\n"), ("tensorflow_tpu-2.20.0", "")):
        (tmp_path / f"{name}.dist-info").mkdir()
        (tmp_path / f"{name}.dist-info" / "METADATA").write_text(said)
    monkeypatch.syspath_prepend(tmp_path)
    found = machine.find_versions()
    assert found["libtpu"] == "0.0.14"
    assert found["keras"] >= "3.15"
    assert "tensorflow-tpu" not in found
    needs = machine.find_requirements(found)
    assert needs["libtpu"] == []
    assert any(need.startswith("numpy") for need in needs["keras"])


@pytest.mark.parametrize(
    ("environment", "file", "found"),
    [
        ({}, None, ("tensorflow", "Keras's default")),
        ({}, '{"backend": "jax"}', ("jax", "{}/keras.json")),
        ({"KERAS_BACKEND": "torch"}, '{"backend": "jax"}', ("torch", "KERAS_BACKEND")),
        ({"KERAS_BACKEND": ""}, '{"backend": "jax"}', ("jax", "{}/keras.json")),
        ({}, '{"floatx": "float32"}', ("tensorflow", "Keras's default")),
        ({}, "[]", ("tensorflow", "Keras's default")),
        ({}, "{", ("tensorflow", "Keras's default")),
    ],
)
def test_the_backend_that_keras_takes(tmp_path, environment, file, found):
    if file:
        (tmp_path / "keras.json").write_text(file)
    backend, source = found
    assert machine.find_backend(environment | {"KERAS_HOME": str(tmp_path)}) == (backend, source.format(tmp_path))


def test_chips_and_network_cards(tmp_path, monkeypatch):
    for number, (vendor, device) in enumerate((("0x1ae0", "0x0063"), ("0x1ae0", "0x0042"), ("0x10de", "0x0063"))):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "vendor").write_text(f"{vendor}\n")
        (tmp_path / str(number) / "device").write_text(f"{device}\n")
    (tmp_path / "9").mkdir()
    monkeypatch.setattr(machine, "PCI", tmp_path)
    assert machine.find_chips() == ["v5e"]
    monkeypatch.setattr(machine, "PCI", tmp_path / "nowhere")
    assert machine.find_chips() == []


@pytest.mark.parametrize(
    ("script", "found"),
    [
        (
            'echo "NVIDIA H200, 143771, 570.86.15"; echo "GH, big, [N/A], 1"',
            [("NVIDIA H200", 143771 << 20, "570.86.15"), ("GH, big", None, "1")],
        ),
        ('echo "NVIDIA-SMI has failed because it could not talk to the driver, 1, 2"; exit 9', []),
        ("echo No devices were found", []),
        ("sleep 9", []),
        (None, []),
    ],
)
def test_gpus_of_the_driver(tmp_path, monkeypatch, script, found):
    if script:
        (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin" if script else str(tmp_path))
    monkeypatch.setattr(machine, "ASK_S", 2)
    keys = ("name", "memory_bytes", "driver")
    assert machine.find_gpus() == [dict(zip(keys, gpu, strict=True)) for gpu in found]


def test_memory_and_cores(monkeypatch):
    whole = machine.find_memory()
    assert whole > 1e8
    monkeypatch.setattr(machine, "read", lambda path: "123456789")
    assert machine.find_memory() == 123456789
    monkeypatch.setattr(machine, "read", lambda path: "max")
    assert machine.find_memory() >= whole
    assert 1 <= machine.count_processors() <= os.cpu_count()
    monkeypatch.delattr(os, "sysconf")
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert machine.find_memory() is None
    assert machine.count_processors() == os.cpu_count()


def test_all_of_it_is_fit_for_json():
    assert json.dumps([machine.find_versions(), machine.find_gpus(), machine.find_chips()])
