"""Each look is a process of its own, in which a `tensorflow` of the test's may stand for the true one."""

import keras
import pytest
from conftest import on_jax

from keras_bert_zoo.distribution.doctor.probe import ending, last_words, look, probe

ABORTS = """
import os, sys
print("2026-01-01 00:00:00.0: F a/tpu_library_init_fns.inc:12] Configure [x] not available in this library.",
      "*** end ***", sep="\\n", file=sys.stderr, flush=True)
os.abort()
"""


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """Code in place of a backend."""

    def make(name, code):
        (tmp_path / f"{name}.py").write_text(code)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")

    return make


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (ABORTS, "Python was killed by SIGABRT: Configure [x] not available in this library."),
        ("import sys; sys.exit('enough')", "Python ended with status 1: enough"),
        ("raise TypeError('Descriptors.\\nMore.')", "TypeError: Descriptors."),
        ("raise OSError", "OSError: no reason given"),
        ("import atexit, os; atexit.register(os.abort); raise OSError('before the end')", "OSError: before the end"),
        ("import os; os._exit(0)", "Python ended with status 0: it said nothing"),
    ],
)
def test_a_backend_that_breaks(broken, tmp_path, monkeypatch, code, error):
    broken("tensorflow", code)
    monkeypatch.chdir(tmp_path)
    assert probe("tensorflow", 100) == {"error": error}
    assert not list(tmp_path.glob("core*"))


def test_a_backend_that_hangs(broken):
    broken("tensorflow", "import time; time.sleep(60)")
    assert probe("tensorflow", 2) == {"error": "no answer within 2 s"}


def test_jax_where_tensorflow_is_not(broken, monkeypatch, tmp_path):
    pytest.importorskip("jax")
    broken("tensorflow", "raise ModuleNotFoundError(\"No module named 'tensorflow'\", name='tensorflow')")
    for name, value in on_jax(XLA_FLAGS="--xla_force_host_platform_device_count=3").items():
        monkeypatch.setenv(name, value)
    found = probe("jax", 100)
    assert [device["name"] for device in found["devices"]] == ["cpu:0", "cpu:1", "cpu:2"]
    assert (found["auto"], found["why"]) == ("one", "3 CPU devices count as one")
    assert probe("tensorflow", 100) == {"error": "ModuleNotFoundError: No module named 'tensorflow'"}


def test_the_folder_that_one_stands_in_is_not_imported_from(tmp_path, monkeypatch):
    (tmp_path / "keras.py").write_text("raise OSError('mine')")
    monkeypatch.chdir(tmp_path)
    assert "mine" not in probe("no such backend", 100)["error"]


def test_a_look_at_this_process(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["gpu:0", "gpu:1"])
    found = look()
    assert (found["auto"], found["why"]) == ("mirrored", "there are 2 GPUs")
    assert found["devices"][1] == {"name": "gpu:1", "model": None, "capability": None, "memory_bytes": None}


def test_the_place_of_a_tpu_is_no_device(monkeypatch):
    names = {None: ["tpu_system:0"], "cpu": ["cpu:0"]}
    monkeypatch.delenv("TF_CONFIG", raising=False)
    monkeypatch.setattr(keras.distribution, "list_devices", lambda kind=None: names[kind])
    assert [device["name"] for device in look()["devices"]] == ["cpu:0"]


def test_workers_that_cannot_be_read(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "{")
    assert probe("tensorflow", 100)["error"].startswith("TF_CONFIG='{' cannot be read (JSONDecodeError")


def test_workers():
    """What is said of workers takes no meeting with them."""
    config = '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}'
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TF_CONFIG", config)
        found = look()
    assert (found["auto"], found["why"]) == ("multi_worker", "TF_CONFIG names workers")


def test_how_a_process_ended():
    assert ending(-11) == "Python was killed by SIGSEGV"
    assert ending(-200) == "Python was killed by signal 200"
    assert last_words("a\nF0101 00:00:00.1 7 x.cc:9] Check failed: y\nb\n") == "Check failed: y"
    assert last_words("a\n\nb \n") == "b"
    assert len(last_words("x" * 1000)) == 300
