import json
import os
import signal

import pytest
from conftest import BERT

from keras_bert_zoo import ZooError, build
from keras_bert_zoo.checkpoints import committed, open_folder


def test_nothing_half_written(tmp_path):
    class StopError(Exception):
        pass

    with pytest.raises(StopError), committed(tmp_path / "model") as partial:
        (partial / "config.json").write_text("{}")
        raise StopError
    assert list(tmp_path.iterdir()) == []


def test_a_config_nested_without_end(tmp_path):
    build(BERT).save_folder(tmp_path / "model")
    (tmp_path / "model" / "manifest.json").unlink()
    (tmp_path / "model" / "config.json").write_text("[" * 100_000)
    with pytest.raises(ZooError, match="config.json is no JSON"):
        open_folder(tmp_path / "model")


def test_a_failed_save_leaves_the_old_folder(tmp_path, monkeypatch):
    model = build(BERT)
    model.save_folder(tmp_path / "model")
    before = (tmp_path / "model" / "manifest.json").read_bytes()
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        model.save_folder(tmp_path / "model", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert (tmp_path / "model" / "manifest.json").read_bytes() == before


def test_an_existing_folder(tmp_path):
    model = build(BERT)
    model.save_folder(tmp_path / "model")
    with pytest.raises(ZooError, match="exists already: choose another folder, or replace it with overwrite=True"):
        model.save_folder(tmp_path / "model")
    model.save_folder(tmp_path / "model", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.txt").write_text("years")
    with pytest.raises(ZooError, match="thesis is no model folder, so it is not overwritten"):
        model.save_folder(tmp_path / "thesis", overwrite=True)
    assert (tmp_path / "thesis" / "thesis.txt").read_text() == "years"
    (tmp_path / "empty").mkdir()
    model.save_folder(tmp_path / "empty")


def test_the_manifest_lists_every_file_but_the_card(tmp_path):
    build(BERT).save_folder(tmp_path / "model")
    sums = json.loads((tmp_path / "model" / "manifest.json").read_text())["sha256"]
    assert set(sums) == {p.name for p in (tmp_path / "model").iterdir()} - {"manifest.json", "README.md"}
    (tmp_path / "model" / "README.md").write_text("my own words")
    open_folder(tmp_path / "model")


@pytest.mark.parametrize(
    ("manifest", "sentence"),
    [
        ('{"sha256": {"../outside": "0"}}', "names '../outside', outside its folder"),
        ('{"sha256": {"gone": "0"}}', "names 'gone', but the folder has no such file"),
        ('{"sha256": 3}', "lists no sha256 sums"),
        ("nonsense", "manifest.json is no JSON"),
    ],
)
def test_bad_manifests(manifest, sentence, tmp_path):
    build(BERT).save_folder(tmp_path / "model")
    (tmp_path / "model" / "manifest.json").write_text(manifest)
    with pytest.raises(ZooError, match=sentence):
        open_folder(tmp_path / "model")


@pytest.mark.parametrize(
    ("folder", "sentence"), [(None, "None is no folder"), ("", "'' is no folder"), ("f/x", "cannot be made")]
)
def test_places_that_cannot_be_written(folder, sentence, tmp_path):
    (tmp_path / "f").write_text("")
    with pytest.raises(ZooError, match=sentence):
        build(BERT).save_folder(tmp_path / folder if folder else folder)


def test_a_disk_that_is_full_for_good(tmp_path):
    """safetensors has an error of its own for it."""
    resource = pytest.importorskip("resource")
    model = build("bert_tiny")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    kept = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    try:
        with pytest.raises(OSError, match="could not be written"):
            model.save_folder(tmp_path / "model")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, kept)
    assert list(tmp_path.iterdir()) == []
