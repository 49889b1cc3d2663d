import importlib.metadata
import importlib.util
import os

import pytest

from keras_bert_zoo import ZooError
from keras_bert_zoo.training.tpu import topologies
from keras_bert_zoo.training.tpu.topologies import chip_of, chips_of, prepare_process


@pytest.mark.parametrize(
    ("topology", "sentence"),
    [
        ("v5e", "topology='v5e' is not a chip and how many each way, such as v5e:2x4"),
        ("v5e:0x4", "topology='v5e:0x4' is not a chip"),
        ("v5e:8", "topology='v5e:8' is not a chip"),
        ("v9:2x4", "There is no TPU chip 'v9': there are v5e, v6e"),
        ("v5:2x4", "There is no TPU chip 'v5': did you mean 'v5e'"),
    ],
)
def test_names_that_are_none(topology, sentence):
    with pytest.raises(ZooError, match=sentence):
        chip_of(topology)


def test_how_many_chips():
    assert [chips_of(name) for name in ("v5e:2x4", "v6e:1x1", "v6e:2x2x4")] == [8, 1, 16]


def test_the_memory_of_a_chip():
    assert [chip_of(name).memory / 2**30 for name in ("v5e:2x4", "v6e:4x4")] == [15.75, 31.25]


@pytest.mark.parametrize("missing", ["jax", "libtpu"])
def test_what_is_not_installed(missing, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else object())
    with pytest.raises(ZooError, match=rf"{missing} is not installed.*: pip install 'keras_bert_zoo\[tpu-check\]'"):
        prepare_process()


def test_keras_is_there_already_on_another_backend(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    before = dict(os.environ)
    with pytest.raises(ZooError, match="Keras runs on tensorflow in this process.*with KERAS_BACKEND=jax"):
        prepare_process()
    assert dict(os.environ) == before


def test_tensorflow_is_not_installed_for_tpus():
    with pytest.raises(
        ZooError, match=r"tensorflow-tpu is not installed.*: pip install --no-deps -r tpu/req.*Python 3"
    ):
        prepare_process("tf")
    with pytest.raises(ZooError, match="There is no engine 'torch': there are jax, tf"):
        prepare_process("torch")


def test_the_process_is_told_of_tensorflow(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: {"tensorflow-tpu": "2.19.1"}[name])
    prepared = dict(os.environ)
    monkeypatch.setattr(os, "environ", prepared)
    prepare_process("tf")
    assert prepared["KERAS_BACKEND"] == "tensorflow"
    assert prepared["TPU_SKIP_MDS_QUERY"] == "1"


def test_the_process_is_told(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.delitem(topologies.sys.modules, "keras")
    monkeypatch.setattr(os, "environ", {"KERAS_BACKEND": "tensorflow"})
    prepare_process()
    assert os.environ["KERAS_BACKEND"] == "jax"
    assert os.environ["JAX_PLATFORMS"] == "cpu"
