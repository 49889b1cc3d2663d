"""Whole runs: to their end, stopped and gone on with, and gone wrong."""

import json
import os
import shutil
import signal

import numpy as np
import pytest
from conftest import BERT
from corpora import make_corpus
from safetensors.numpy import load_file

from keras_bert_zoo import ZooError, build, convert, fill_mask, load, plan_pretraining, pretrain
from keras_bert_zoo.corpus.records import scan
from keras_bert_zoo.training import loop as loops
from keras_bert_zoo.training import pretrain as module
from keras_bert_zoo.training.loop import Loop
from keras_bert_zoo.training.runlog import EVENTS, LOG
from keras_bert_zoo.zoo.presets import PRESETS

RECIPE = {
    "model": "bert_test",
    "steps": 12,
    "seed": 5,
    "objective": {"pairs": "nsp"},
    "optimizer": {"rate": 1e-2, "warmup": 0.2},
    "stages": [{"length": 24, "rows": 4, "micro": 2, "share": 0.7}, {"length": 32, "rows": 2, "share": 0.3}],
    "log_every": 2,
    "commit_every": 4,
    "evaluate_every": 6,
    "evaluate_rows": 4,
}


@pytest.fixture(autouse=True)
def small(monkeypatch, eager):
    from dataclasses import replace

    monkeypatch.setitem(PRESETS, "bert_test", replace(BERT, num_layers=1, num_blocks=1, max_length=40))
    monkeypatch.setattr(module, "canonical", lambda name: name)


@pytest.fixture
def data(tmp_path, tokenizer):
    return make_corpus(tmp_path, tokenizer).folder


def run(out, data, **overrides):
    said = []
    return pretrain(RECIPE, out, data, said.append, **overrides), said


def last_state(out):
    """All arrays of the newest commit, and its place without times."""
    newest = max((out / "commits").glob("step-*"))
    place = json.loads((newest / "place.json").read_text())
    times = ("seconds", "log")
    place["figures"].pop("seconds")
    return load_file(newest / "state.safetensors"), {key: value for key, value in place.items() if key not in times}


def same(out, other):
    (ours, place), (theirs, place_there) = last_state(out), last_state(other)
    assert place == place_there
    assert ours.keys() == theirs.keys()
    return all(np.array_equal(ours[key], theirs[key]) for key in ours)


def lines(out):
    """The log without times and speeds."""
    found = [json.loads(line) for line in (out / LOG).read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "time" and "per_s" not in k} for line in found]


def test_a_run_to_its_end(data, tmp_path):
    done, said = run(tmp_path / "run", data)
    assert done.finished
    log = lines(tmp_path / "run")
    assert [line["step"] for line in log if "loss" in line] == [2, 4, 6, 8, 10, 12]
    assert [line["step"] for line in log if "heldout_loss" in line] == [6, 12]
    assert all(np.isfinite(value) for line in log for value in line.values())
    rates = [line["rate"] for line in log if "rate" in line]
    assert max(rates) == rates[1]
    assert rates[-1] < 0.2 * rates[1]
    assert [path.name for path in sorted((tmp_path / "run" / "commits").iterdir())] == [
        "step-0000000008",
        "step-0000000012",
    ]
    model = load(tmp_path / "run" / "model")
    assert model.key == "pretraining"
    assert model.encoder.config.vocab_size == 41
    guesses = fill_mask("ab [MASK] cd", tmp_path / "run" / "model")
    assert len(guesses) == 1
    assert fill_mask(["ab [MASK] cd"], model)[0][0][0]["token"] == guesses[0][0]["token"]
    assert any("The model is in" in line for line in said)


def test_the_loss_falls(data, tmp_path):
    run(tmp_path / "run", data, steps=60, stages=[{"length": 24, "rows": 16}], evaluate_every=20, evaluate_rows=32)
    heldout = [line["heldout_masked_lm"] for line in lines(tmp_path / "run") if "heldout_masked_lm" in line]
    assert heldout[-1] < heldout[0] < np.log(36) - 0.15  # 36 letters that are equally likely to it at first


@pytest.mark.parametrize("at", [1, 5, 9])
def test_stopped_and_gone_on_with_is_the_same(data, tmp_path, monkeypatch, at):
    """It dies after a step, with nothing said, more than once."""
    run(tmp_path / "whole", data)
    real, deaths = Loop.after_step, []

    def mortal(self, *arguments):
        real(self, *arguments)
        if self.place["step"] == at + 2 * len(deaths) and len(deaths) < 2:
            deaths.append(at)
            raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(Loop, "after_step", mortal)
        for _ in range(2):
            with pytest.raises(MemoryError):
                run(tmp_path / "run", data)
    done, said = run(tmp_path / "run", data)
    assert done.finished
    assert len(deaths) == 2
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
    done, _ = run(tmp_path / "run", data)
    assert done.finished
    assert (tmp_path / "run" / "model" / "mine.txt").exists()
    assert (last_state(tmp_path / "run")[1], lines(tmp_path / "run")) == before


def poison(monkeypatch, steps, times):
    """Steps whose gradient is no number, so many times each."""
    real, left = loops.Step.__call__, dict.fromkeys(steps, times)
    place = []

    def broken(self, batch, rate):
        step = place[0].place["step"] + 1
        if left.get(step, 0):
            left[step] -= 1
            return dict.fromkeys(loops.Figures(), 0.0) | {"norm": float("nan"), "applied": False}
        return real(self, batch, rate)

    init = Loop.__init__

    def remembered(self, *arguments):
        init(self, *arguments)
        place[:] = [self]

    monkeypatch.setattr(loops.Step, "__call__", broken)
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
    """Every look at the clock is a second later; a step takes two of them."""
    clock = iter(range(10**6))
    monkeypatch.setattr(loops.time, "monotonic", lambda: float(next(clock)))
    done, _ = run(
        tmp_path / "run", data, hours=30 / 3600, steps=10**6, log_every=1, optimizer={"rate": 0.5, "warmup": 0.1}
    )
    assert done.finished
    log = [line for line in lines(tmp_path / "run") if "rate" in line]
    assert len(log) == 15
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
        module.alone(tmp_path / "run"),
        pytest.raises(ZooError, match="Another process is at work in"),
    ):
        run(tmp_path / "run", data, steps=2)


def test_a_disk_that_is_full(data, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("keras_bert_zoo.training.commits.save_file", full)
    with pytest.raises(ZooError, match=r"Step 0 could not be committed in .*No space left.*: see that there is room"):
        run(tmp_path / "run", data)


def test_another_recipe_in_the_same_folder(data, tmp_path):
    run(tmp_path / "run", data, steps=2)
    with pytest.raises(ZooError, match=r"run holds a run with another steps \(2, here 12\): choose another folder"):
        run(tmp_path / "run", data)
    with pytest.raises(ZooError, match="is not empty and holds no run"):
        run(data, data)
    with pytest.raises(ZooError, match=r"a run with another optimizer.rate \(0.01, here 0.5\)"):
        run(tmp_path / "run", data, steps=2, optimizer={"rate": 0.5})
    run(tmp_path / "run", data, steps=2, log_every=1)


def test_a_log_that_is_gone(data, tmp_path, caplog):
    run(tmp_path / "run", data, steps=4)
    (tmp_path / "run" / LOG).unlink()
    run(tmp_path / "run", data, steps=4)
    assert "is shorter than it was: some lines are lost" in caplog.text
    assert (tmp_path / "run" / LOG).read_bytes() == b""


def test_what_does_not_fit(data, tmp_path):
    with pytest.raises(ZooError, match=r"fills \d+ rows of 32 tokens, and a batch has 4,000"):
        run(tmp_path / "run", data, stages=[{"length": 24, "share": 0.9}, {"length": 32, "rows": 4000, "share": 0.1}])
    with pytest.raises(ZooError, match="rows of 64 tokens, but the model takes 40"):
        run(tmp_path / "run", data, stages=[{"length": 64}])
    with pytest.raises(ZooError, match="is no prepared corpus"):
        run(tmp_path / "run", tmp_path)
    with pytest.raises(ZooError, match="Give data=, the folder that"):
        run(tmp_path / "run", None)
    with pytest.raises(ZooError, match="There is no field of The recipe 'step'"):
        run(tmp_path / "run", data, step=3)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("form", ["huggingface", "google"])
def test_going_on_from_weights(data, tmp_path, tokenizer, form):
    """With a rate of nothing nothing changes, and the loss does not jump."""
    run(tmp_path / "first", data)
    began = load(tmp_path / "first" / "model").variables_by_name()
    weights = tmp_path / "weights"
    convert(tmp_path / "first" / "model", weights, form)
    done, _ = run(tmp_path / "second", data, model=None, weights=str(weights), optimizer={"rate": 0.0})
    for name, variable in done.model.variables_by_name().items():
        if "seed" not in name:
            np.testing.assert_array_equal(np.asarray(variable), np.asarray(began[name]), err_msg=name)
    losses = [
        next(line for line in lines(tmp_path / name)[::-1] if "heldout_loss" in line) for name in ("first", "second")
    ]
    assert losses[0]["heldout_loss"] == pytest.approx(losses[1]["heldout_loss"], rel=1e-6)
    other = build(BERT, task="pretraining", max_length=40)
    other.tokenizer = type(tokenizer)(tokenizer.data.replace(b"a\n", b"z\n"), max_length=40)
    other.save_folder(tmp_path / "other")
    with pytest.raises(ZooError, match="was prepared with another vocabulary"):
        run(tmp_path / "third", data, model=None, weights=str(tmp_path / "other"))


def test_the_plan(data):
    plan = plan_pretraining(RECIPE, data)
    assert plan["parameters"] == build(PRESETS["bert_test"], task="pretraining").count_params()
    shown = str(plan)
    for word in ("8 steps of 4 rows of 24 tokens", "4 steps of 2 rows of 32", "GFLOP/s", "epochs", "minutes"):
        assert word in shown


def test_tensorboard_reads_the_events(data, tmp_path):
    tf = pytest.importorskip("tensorflow")
    run(tmp_path / "run", data)
    found = {}
    for event in tf.compat.v1.train.summary_iterator(str(tmp_path / "run" / EVENTS)):
        for value in event.summary.value:
            found[value.tag, event.step] = value.simple_value
    for line in lines(tmp_path / "run"):
        for name, value in line.items():
            if name != "step":
                assert found[name, line["step"]] == pytest.approx(value, rel=1e-6), name
    assert next(scan(tmp_path / "run" / EVENTS))[1].endswith(b"brain.Event:2")


def test_words_that_are_hidden(data, tmp_path):
    with pytest.raises(ZooError, match="has no head for hidden words"):
        fill_mask("a [MASK]", build(BERT, task="classification", num_classes=2))
    run(tmp_path / "run", data, steps=2, objective={"pairs": "none"})
    assert load(tmp_path / "run" / "model").key == "masked_lm"
