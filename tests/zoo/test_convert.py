import json

import keras
import numpy as np
import pytest
from conftest import BERT, GOLDENS, copy_folder
from safetensors.numpy import load_file

from keras_bert_zoo import ZooError, build, load
from keras_bert_zoo.zoo.convert import convert


def test_round_the_formats(golden, tmp_path):
    source, _ = golden
    there = convert(source, tmp_path / "google", "google")
    back = convert(tmp_path / "google", tmp_path / "back", "huggingface")
    keras_file = convert(tmp_path / "back", tmp_path / "model.keras", "keras")
    assert (there.parity, back.parity, keras_file.parity) == (0, 0, 0)
    assert len(there.report.matched) > 20
    before, after = (load_file(f / "model.safetensors") for f in (source, tmp_path / "back"))
    assert before.keys() == after.keys()
    assert all(before[name].tobytes() == after[name].tobytes() for name in before)
    said = json.loads((tmp_path / "back" / "config.json").read_text())
    assert said["architectures"] == json.loads((source / "config.json").read_text())["architectures"]


def test_heads_that_no_task_has_together(golden, family, tmp_path):
    """A masked-LM file with a pooler, as official ALBERTs are, keeps it."""
    kept = copy_folder(
        golden[0],
        tmp_path / "source",
        lambda t: {n: a for n, a in t.items() if "sop" not in n and "seq_relationship" not in n},
        lambda c: c | {"architectures": [f"{family.title()}ForMaskedLM"]},
    )
    convert(kept, tmp_path / "google", "google")
    convert(tmp_path / "google", tmp_path / "back", "huggingface")
    assert set(load_file(kept / "model.safetensors")) == set(load_file(tmp_path / "back" / "model.safetensors"))


def test_labels_go_along(tmp_path):
    build(BERT, task="classification", labels=["ham", "spam"], head_dropout=0.4).save_folder(tmp_path / "ours")
    for source, target, form in (("ours", "google", "google"), ("google", "back", "huggingface")):
        assert convert(tmp_path / source, tmp_path / target, form).parity == 0
    back = load(tmp_path / "back")
    assert (back.key, back.labels, back.head_dropout) == ("classification", ("ham", "spam"), 0.4)


def test_parity_is_measured(golden, tmp_path, monkeypatch):
    """A number other than 0 when the weights that come back differ."""
    from keras_bert_zoo.checkpoints import Checkpoint

    exact = Checkpoint.array
    monkeypatch.setattr(
        Checkpoint, "array", lambda self, name: exact(self, name) * (1.5 if self.form == "google" else 1)
    )
    assert convert(golden[0], tmp_path / "google", "google").parity > 0.01


@pytest.mark.parametrize("golden", ["bert", "albert"])
def test_half_the_bytes(golden, tmp_path):
    done = convert(GOLDENS / golden, tmp_path / "half", "huggingface", dtype="float16")
    assert 0 < done.parity < 5e-3
    tensors = load_file(tmp_path / "half" / "model.safetensors")
    whole = load_file(GOLDENS / golden / "model.safetensors")
    assert all(np.array_equal(array, whole[name].astype("float16")) for name, array in tensors.items())
    model = load(tmp_path / "half")
    assert model.dtype == "float32"
    model.save_folder(tmp_path / "again", dtype="float16")
    assert (tmp_path / "again" / "model.safetensors").read_bytes() == (
        tmp_path / "half" / "model.safetensors"
    ).read_bytes()


def test_what_half_precision_cannot_do(tmp_path):
    model = build(BERT, task="masked_lm")
    for form in ("google", "keras"):
        with pytest.raises(ZooError, match="float32 only"):
            convert(GOLDENS / "bert", tmp_path / "x", form, dtype="float16")
    with pytest.raises(ZooError, match="There is no dtype 'int8'"):
        model.save_folder(tmp_path / "x", dtype="int8")
    bias = model.masked_lm.bias
    bias.assign(keras.ops.full(bias.shape, 7e4))
    with pytest.raises(ZooError, match="masked_lm/bias has values above 65,504"):
        model.save_folder(tmp_path / "x", dtype="float16")
    assert not list(tmp_path.iterdir())


def test_wrong_calls(tmp_path):
    source = GOLDENS / "bert"
    with pytest.raises(ZooError, match="There is no format 'onnx'"):
        convert(source, tmp_path / "x", "onnx")
    with pytest.raises(ZooError, match=r"must end in .keras"):
        convert(source, tmp_path / "x", "keras")
    (tmp_path / "y.keras").write_text("")
    with pytest.raises(ZooError, match="exists already"):
        convert(source, tmp_path / "y.keras", "keras")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("")
    with pytest.raises(ZooError, match="exists already"):
        convert(source, tmp_path / "full", "google")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full", "y.keras"]
    assert np.all([path.name == "file" for path in (tmp_path / "full").iterdir()])


def test_a_mean_is_not_mistaken_for_a_first_token(tmp_path):
    """transformers knows no such classifier, and Google's format has no word for it."""
    model = build(BERT, task="classification", labels=["ham", "spam"], pooling="mean")
    model.save_folder(tmp_path / "mean")
    convert(tmp_path / "mean", tmp_path / "again", "huggingface")
    for name in ("mean", "again"):
        config = json.loads((tmp_path / name / "config.json").read_text())
        assert config["model_type"] == "keras_bert_zoo_bert"
        assert "architectures" not in config
        assert load(tmp_path / name).pooling == "mean"
    with pytest.raises(ZooError, match=r"takes the mean .* pretraining model .* ignore='bert.pooler.dense\*'"):
        build(task="pretraining", weights=tmp_path / "mean")
    with pytest.raises(ZooError, match="takes the mean .*: build with pooler=False"):
        build(weights=tmp_path / "mean")
    assert not build(weights=tmp_path / "mean", pooler=False).load_report.new
    fresh = build(task="pretraining", weights=tmp_path / "mean", ignore="bert.pooler.dense*")
    assert "pooler/dense/kernel" in fresh.load_report.new
    with pytest.raises(ZooError, match="Google's format has no word for pooling"):
        model.save_folder(tmp_path / "google", form="google")
