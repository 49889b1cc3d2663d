import json
import os
import random
from pathlib import Path

import numpy as np
import pytest

from keras_bert_zoo import ZooError, checkpoints, disk
from keras_bert_zoo.training import commits as module
from keras_bert_zoo.training.commits import Commits


class Variable:
    """As much of a variable as a commit needs."""

    def __init__(self, value):
        self.value = np.asarray(value, "float32")
        self.shape = self.value.shape

    def __array__(self, dtype=None, copy=None):
        return self.value

    def assign(self, value):
        self.value = np.array(value)


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    monkeypatch.setattr(module, "whole", np.asarray)


def variables(value):
    return [("model/a", Variable(np.full((3, 5), value))), ("optimizer/b", Variable(value))]


def values(held):
    return [float(variable.value.flat[0]) for _, variable in held]


def test_there_and_back(tmp_path):
    commits = Commits(tmp_path, 2)
    for step in (1, 2, 10):
        commits.write(variables(step), {"step": step, "seconds": step / 3})
    assert [path.name for path in commits.steps()] == ["step-0000000010", "step-0000000002"]
    again = variables(0)
    assert commits.read(again) == {"step": 10, "seconds": 10 / 3}
    assert values(again) == [10, 10]
    assert Commits(tmp_path / "none", 2).read(again) is None


def test_a_disk_that_fails_at_any_call(tmp_path, monkeypatch):
    """The second commit fails at its n-th call of the system, for every n; what is read then is whole."""
    calls = [
        (os, "fsync"),
        (os, "open"),
        (os, "close"),
        (os, "rename"),
        (Path, "rename"),
        (Path, "write_text"),
        (Path, "mkdir"),
        (Path, "chmod"),
        (module, "save_file"),
        (disk.shutil, "rmtree"),
        (disk.tempfile, "mkdtemp"),
        (checkpoints.folder, "sha256"),
    ]
    outcomes, n = [], 0
    while True:
        folder = tmp_path / str(n)
        commits = Commits(folder, 2)
        commits.write(variables(1), {"step": 1})
        left = [n]

        def failing(real, after=n % 3 == 0, left=left):
            def call(*arguments, **named):
                left[0] -= 1
                if left[0] == -1:
                    if after:  # done, but said to have failed
                        real(*arguments, **named)
                    raise OSError(5, "Input/output error")
                return real(*arguments, **named)

            return call

        failed = False
        with monkeypatch.context() as patched:
            for owner, name in calls:
                patched.setattr(owner, name, failing(getattr(owner, name)))
            try:
                commits.write(variables(2), {"step": 2})
            except (OSError, ZooError):
                failed = True
        again = variables(0)
        place = commits.read(again)
        assert values(again) == [place["step"]] * 2
        assert place["step"] in (1, 2)
        outcomes.append((failed, place["step"]))
        commits.clean()
        commits.write(variables(3), {"step": 3})
        assert commits.read(again)["step"] == 3
        if left[0] >= 0:
            break
        n += 1
    assert n > 20
    assert outcomes[-1] == (False, 2)
    assert {step for failed, step in outcomes if failed} == {1, 2}


@pytest.mark.parametrize("trials", [90, pytest.param(1000, marks=pytest.mark.slow)])
def test_no_damage_is_used_in_silence(tmp_path, caplog, trials):
    commits, draw, noticed = Commits(tmp_path, 3), random.Random(0), 0
    for step in (1, 2):
        commits.write(variables(step), {"step": step})
    files = sorted(path for path in (tmp_path / "step-0000000002").iterdir())
    for trial in range(trials):
        path = files[trial % len(files)]
        content = path.read_bytes()
        at, bit = draw.randrange(len(content)), 1 << draw.randrange(8)
        flipped = content[:at] + bytes([content[at] ^ bit]) + content[at + 1 :]
        path.write_bytes(flipped if draw.random() < 0.5 else content[:at])
        again = variables(0)
        place = commits.read(again)
        assert values(again) == [place["step"]] * 2
        noticed += place["step"] == 1
        for aside in tmp_path.glob("broken-*"):
            aside.rename(tmp_path / "step-0000000002")
        path.write_bytes(content)
    assert noticed > 0.98 * trials  # a manifest without its last newline is whole
    assert "step-0000000002 is not whole and left aside" in caplog.text


def test_damaged_commits_do_not_push_out_whole_ones(tmp_path):
    commits = Commits(tmp_path, 1)
    for step in (1, 2):
        commits.keep = 2
        commits.write(variables(step), {"step": step})
    (tmp_path / "step-0000000002" / "state.safetensors").write_bytes(b"")
    commits.keep, again = 1, variables(0)
    assert commits.read(again)["step"] == 1
    commits.write(variables(1.5), {"step": 2})
    assert [path.name for path in commits.steps()] == ["step-0000000002"]
    assert commits.read(again) == {"step": 2}
    assert values(again) == [1.5, 1.5]
    assert len(list(tmp_path.glob("broken-step-0000000002-*"))) == 1


def test_no_whole_commit_is_no_fresh_start(tmp_path):
    commits = Commits(tmp_path, 2)
    commits.write(variables(1), {"step": 1})
    (tmp_path / "step-0000000001" / "place.json").write_text("{}")
    with pytest.raises(ZooError, match="has 1 commits and none is whole: choose another out="):
        commits.read(variables(0))


def test_another_model(tmp_path):
    commits = Commits(tmp_path, 2)
    commits.write(variables(1), {"step": 1})
    wider = [("model/a", Variable(np.zeros((3, 6)))), ("optimizer/b", Variable(0))]
    with pytest.raises(ZooError, match=r"is of another run: model/a is \(3, 5\), here \(3, 6\): choose another out="):
        commits.read(wider)
    with pytest.raises(ZooError, match=r"optimizer/b is \(\), here not there"):
        commits.read(variables(1)[:1])
    assert json.loads((tmp_path / "step-0000000001" / "place.json").read_text()) == {"step": 1}
