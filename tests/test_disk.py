import hashlib
from pathlib import Path

import pytest

from keras_bert_zoo.disk import settle, sha256


def make(folder, content):
    (folder / "inside").mkdir(parents=True)
    (folder / "inside" / "file").write_text(content)
    return folder


def failing_at(name, real=Path.rename):
    def rename(path, target):
        if path.name == name:
            raise OSError(5, "Input/output error")
        return real(path, target)

    return rename


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_takes_the_place_of_another(tmp_path):
    for content in ("first", "second"):
        make(tmp_path / ".a.replaced", "of a process that was killed")
        settle(make(tmp_path / ".partial", content), tmp_path / "a")
        assert (tmp_path / "a" / "inside" / "file").read_text() == content
        assert names(tmp_path) == ["a"]


def test_where_it_fails_the_old_one_stays(tmp_path, monkeypatch):
    settle(make(tmp_path / ".partial", "first"), tmp_path / "a")
    with monkeypatch.context() as patched, pytest.raises(OSError, match="Input/output error"):
        patched.setattr(Path, "rename", failing_at(".partial"))
        settle(make(tmp_path / ".partial", "second"), tmp_path / "a")
    assert (tmp_path / "a" / "inside" / "file").read_text() == "first"
    assert names(tmp_path) == [".partial", "a"]


def test_an_old_one_that_only_its_hidden_name_is_left_of(tmp_path, monkeypatch):
    """A process was killed between the two renames, and the next one fails."""
    make(tmp_path / ".a.replaced", "first")
    with monkeypatch.context() as patched, pytest.raises(OSError, match="error"):
        patched.setattr(Path, "rename", failing_at(".partial"))
        settle(make(tmp_path / ".partial", "second"), tmp_path / "a")
    assert (tmp_path / "a" / "inside" / "file").read_text() == "first"
    settle(tmp_path / ".partial", tmp_path / "a")
    assert (tmp_path / "a" / "inside" / "file").read_text() == "second"
    assert names(tmp_path) == ["a"]


def test_a_sum(tmp_path):
    (tmp_path / "file").write_bytes(b"abc" * 1000)
    assert sha256(tmp_path / "file") == hashlib.sha256(b"abc" * 1000).hexdigest()
