"""Runs that are stopped and gone on with, and runs that go wrong."""

import json
import os
import shutil
import signal

import numpy as np
import pytest
from small_runs import data, dying, last_state, lines, run, same, small  # noqa: F401

from keras_bert_zoo import ZooError
from keras_bert_zoo.training import claims
from keras_bert_zoo.training import loop as loops
from keras_bert_zoo.training.loop import Loop
from keras_bert_zoo.training.runlog import LOG
from keras_bert_zoo.training.tensorflow_step import TensorFlowStep


@pytest.mark.parametrize("at", [1, 5, 9])
def test_stopped_and_gone_on_with_is_the_same(data, tmp_path, at):
    """It dies after a step, with nothing said, more than once."""
    run(tmp_path / "whole", data, log_every=3)  # not every commit comes just behind a line
    for step in (at, at + 2):
        with dying(step), pytest.raises(MemoryError):
            run(tmp_path / "run", data, log_every=3)
    done, said = run(tmp_path / "run", data, log_every=3)
    assert done.finished
    assert (said[0] == "going on after step 8") == (at == 9)
    assert same(tmp_path / "run", tmp_path / "whole")
    assert lines(tmp_path / "run") == lines(tmp_path / "whole")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_commits_and_returns(data, tmp_path, monkeypatch, number):
    run(tmp_path / "whole", data)
    real = Loop.after_step

    def signalled(self, *arguments):
        if self.place["step"] == 7:
            os.kill(os.getpid(), number)
        real(self, *arguments)

    handler = signal.getsignal(number)
    with monkeypatch.context() as patched:
        patched.setattr(Loop, "after_step", signalled)
        done, said = run(tmp_path / "run", data)
    assert (done.finished, done.signal) == (False, number)
    assert said[-1] == "stopped after step 7; the same command goes on"
    assert not (tmp_path / "run" / "model").exists()
    assert signal.getsignal(number) == handler
    done, said = run(tmp_path / "run", data)
    assert said[0] == "going on after step 7"
    assert same(tmp_path / "run", tmp_path / "whole")
    assert lines(tmp_path / "run") == lines(tmp_path / "whole")


def test_a_finished_run_again_changes_nothing(data, tmp_path):
    run(tmp_path / "run", data)
    before = last_state(tmp_path / "run")[1], lines(tmp_path / "run")
    (tmp_path / "run" / "model" / "mine.txt").write_text("mine")
    done, said = run(tmp_path / "run", data)
    assert done.finished
    assert said[-1] == f"The run is at its end already; its model is in {tmp_path / 'run' / 'model'}"
    assert (tmp_path / "run" / "model" / "mine.txt").exists()
    assert (last_state(tmp_path / "run")[1], lines(tmp_path / "run")) == before


def poison(monkeypatch, steps, times):
    """Steps whose gradient is no number, so many times each."""
    real, left = TensorFlowStep.take, dict.fromkeys(steps, times)
    place = []

    def broken(self, batches, rates, stop):
        step = place[0].place["step"] + 1
        if left.get(step, 0):
            left[step] -= 1
            return [dict.fromkeys(loops.Figures(), 0.0) | {"norm": float("nan"), "applied": False, "stop": 0.0}]
        return real(self, batches, rates, stop)

    init = Loop.__init__

    def remembered(self, *arguments):
        init(self, *arguments)
        place[:] = [self]

    monkeypatch.setattr(TensorFlowStep, "take", broken)
    monkeypatch.setattr(Loop, "__init__", remembered)


def test_steps_without_a_number_are_skipped_and_counted(data, tmp_path, monkeypatch, caplog):
    poison(monkeypatch, [3, 4, 7], 1)
    done, _ = run(tmp_path / "run", data)
    assert done.finished
    assert lines(tmp_path / "run")[-1].get("skipped", lines(tmp_path / "run")[-2].get("skipped")) == 3
    assert "step 3 has a gradient of nan and was skipped (documents:pieces " in caplog.text


@pytest.mark.parametrize(("steps", "back"), [([5, 6, 7], 4), ([3, 4, 5], 0)])
def test_several_in_a_row_go_back_once(data, tmp_path, monkeypatch, steps, back):
    """To before the first of them, though a commit was due among them."""
    run(tmp_path / "whole", data)
    poison(monkeypatch, steps, 1)
    done, said = run(tmp_path / "run", data)
    assert done.finished
    assert any(line.startswith(f"3 steps in a row failed: back to step {back}; step {steps[2]} has") for line in said)
    assert same(tmp_path / "run", tmp_path / "whole")
    assert lines(tmp_path / "run") == lines(tmp_path / "whole")


def test_the_same_again_ends_the_run(data, tmp_path, monkeypatch):
    poison(monkeypatch, [5, 6, 7], 9)
    with pytest.raises(ZooError, match=r"3 steps in a row failed, twice; step 7 .*documents:pieces \d+:\d+"):
        run(tmp_path / "run", data)


def test_by_the_clock(data, tmp_path, monkeypatch):
    """Every look at the clock is a second later; a step takes one."""
    clock = iter(range(10**6))
    monkeypatch.setattr(loops.time, "monotonic", lambda: float(next(clock)))
    done, _ = run(
        tmp_path / "run", data, hours=30 / 3600, steps=10**6, log_every=1, optimizer={"rate": 0.5, "warmup": 0.1}
    )
    assert done.finished
    log = [line for line in lines(tmp_path / "run") if "rate" in line]
    assert len(log) == 30
    np.testing.assert_allclose(np.diff([line["rate"] for line in log[4:]]), -0.5 / 0.9 / len(log), rtol=0.3)
    assert len(json.loads((max((tmp_path / "run" / "commits").iterdir()) / "place.json").read_text())["began"]) == 2


def test_commits_that_are_gone(data, tmp_path):
    run(tmp_path / "run", data, steps=4)
    shutil.rmtree(tmp_path / "run" / "commits")
    with pytest.raises(ZooError, match="run has the log of a run, but its commits are gone"):
        run(tmp_path / "run", data, steps=4)


def test_two_at_once(data, tmp_path):
    run(tmp_path / "run", data, steps=2)
    with (
        claims.alone(tmp_path / "run"),
        pytest.raises(ZooError, match="Another process is at work in"),
    ):
        run(tmp_path / "run", data, steps=2)


def test_a_disk_that_is_full(data, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("keras_bert_zoo.training.commits.save_file", full)
    with pytest.raises(ZooError, match=r"Step 0 could not be committed in .*No space left.*: see that there is room"):
        run(tmp_path / "run", data)


def test_a_log_that_is_gone(data, tmp_path, caplog):
    run(tmp_path / "run", data, steps=4)
    (tmp_path / "run" / LOG).unlink()
    run(tmp_path / "run", data, steps=4)
    assert "is shorter than it was: some lines are lost" in caplog.text
    assert (tmp_path / "run" / LOG).read_bytes() == b""
