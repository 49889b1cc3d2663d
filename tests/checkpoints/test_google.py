import json

import google_names as theirs
import numpy as np
import pytest
from safetensors.numpy import load_file

from keras_bert_zoo import ZooError, build, load
from keras_bert_zoo.tasks import Pretraining


@pytest.fixture
def folder(golden, family, tmp_path):
    source, _ = golden
    config = json.loads((source / "config.json").read_text())
    return theirs.write(tmp_path / "google", load_file(source / "model.safetensors"), config, family)


def test_loads_whole_with_heads(folder, golden):
    expected = golden[1]
    model = load(folder)
    assert isinstance(model, Pretraining)
    given = {key: expected[key] for key in ("token_ids", "segment_ids", "padding_mask")}
    out = model.encoder(given)
    states = np.stack([out["embedding_output"], *out["encoder_outputs"]])
    real = given["padding_mask"].astype(bool)
    assert abs(states - expected["states"])[:, real].max() < 1e-5
    assert abs(np.asarray(model(given)["masked_lm"]) - expected["masked_lm"])[real].max() < 1e-5
    assert abs(np.asarray(model(given)["next_sentence"]) - expected["next_sentence"]).max() < 1e-5
    report = model.load_report
    assert len(report.matched) == len(model.weights)
    assert len(report.skipped) == 2 * len(model.weights) + 1  # two slots a weight, and global_step
    assert not (report.new or report.missing or report.unexpected or report.unused)


def test_gelu_is_the_one_of_the_time(folder, family):
    """Google's word is the same; BERT was trained with the exact one, ALBERT with tanh."""
    model = load(folder)
    assert model.encoder.config.activation == {"bert": "gelu", "albert": "gelu_tanh"}[family]
    assert {"bert": "exact", "albert": "tanh"}[family] in str(model.load_report)
    assert build(weights=folder, activation="relu").encoder.config.activation == "relu"


def test_a_hub_module_s_prefix(golden, family, tmp_path):
    source, _ = golden
    config = json.loads((source / "config.json").read_text())
    folder = theirs.write(tmp_path / "hub", load_file(source / "model.safetensors"), config, family, "module/", False)
    model, plain = load(folder), load(source)
    for name, array in plain.arrays_by_name().items():
        np.testing.assert_array_equal(model.arrays_by_name()[name], array)


def test_there_and_back(golden, tmp_path):
    model = load(golden[0])
    model.save_folder(tmp_path / "tf1", form="google")
    again = load(tmp_path / "tf1")
    assert again.encoder.config == model.encoder.config
    ours, theirs_ = model.arrays_by_name(), again.arrays_by_name()
    assert ours.keys() == theirs_.keys()
    assert all(np.array_equal(ours[name], theirs_[name]) for name in ours)


def test_the_names_we_write_are_google_s(golden, family, tmp_path):
    import tensorflow as tf

    load(golden[0]).save_folder(tmp_path / "tf1", form="google")
    prefix = next((tmp_path / "tf1").glob("*.index")).with_suffix("")
    reader = tf.train.load_checkpoint(str(prefix))
    expected = theirs.variables(load_file(golden[0] / "model.safetensors"), family)
    assert set(reader.get_variable_to_shape_map()) == set(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(reader.get_tensor(name), array)


def test_a_fine_tuned_head(golden, tmp_path):
    model = build(weights=golden[0], task="classification", num_classes=3)
    model.save_folder(tmp_path / "tf1", form="google")
    again = load(tmp_path / "tf1")
    assert again.labels == ("LABEL_0", "LABEL_1", "LABEL_2")
    np.testing.assert_array_equal(again.classifier.dense.kernel, model.classifier.dense.kernel)


def test_damage(golden, family, tmp_path):
    source, _ = golden
    config = json.loads((source / "config.json").read_text())
    folder = theirs.write(tmp_path / "bad", load_file(source / "model.safetensors"), config, family, slots=False)
    data = next(folder.glob("*.data*"))
    content = bytearray(data.read_bytes())
    content[len(content) // 2] ^= 1
    data.write_bytes(content)
    with pytest.raises(ZooError, match=r"damaged|no readable TF 1 checkpoint"):
        load(folder)
    data.unlink()
    with pytest.raises(ZooError, match=r"no readable TF 1 checkpoint|damaged"):
        load(folder)


def test_incomplete_folders(folder, family):
    config = folder / f"{family}_config.json"
    said = config.read_text()
    config.unlink()
    with pytest.raises(ZooError, match=r"has the checkpoint model.ckpt but no bert_config.json or albert_config.json"):
        load(folder)
    config.write_text(said)
    for path in list(folder.glob("model.ckpt*")):
        (folder / path.name.replace("model", "other")).write_bytes(path.read_bytes())
    with pytest.raises(ZooError, match=r"has 2 checkpoints \(model.ckpt, other.ckpt\): leave one"):
        load(folder)
