"""Pretraining by two workers, each a program of its own, stopped and killed: the command line as people use it."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest
from corpora import make_corpus
from distribution.test_steps import devices, jax_workers, tensorflow_workers
from safetensors.numpy import load_file

KILLS = 20
STARTED = []
RECIPE = """
model = "bert_tiny"
steps = {steps}
commit_every = 10
log_every = 5
evaluate_every = 50
evaluate_rows = 9
steps_per_call = 2

[shape]
num_layers = 1
hidden_size = 12
num_heads = 4
intermediate_size = 24
dropout = {dropout}
attention_dropout = {dropout}

[objective]
pairs = "sop"

[optimizer]
rate = 1e-3

[[stages]]
length = 32
rows = 4
"""


@pytest.fixture(autouse=True)
def no_survivors():
    """Programs that a failed test has left behind."""
    yield
    end([program for program in STARTED if program.poll() is None])
    STARTED.clear()


@pytest.fixture
def made(tmp_path, tokenizer):
    """The words of a command but for --out; `recipe` makes it one of so many steps with such dropout."""
    data = make_corpus(tmp_path, tokenizer).folder

    def recipe(steps, dropout=0.0):
        (tmp_path / "recipe.toml").write_text(RECIPE.format(steps=steps, dropout=dropout))
        return ["pretrain", str(tmp_path / "recipe.toml"), "--data", str(data)]

    return recipe


def start(words, out, environment=None):
    code = [sys.executable, "-u", "-m", "keras_bert_zoo", *words, "--out", str(out)]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"} | (environment or {})
    program = subprocess.Popen(code, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    STARTED.append(program)
    return program


def start_workers(words, out):
    return [start(words, out, environment) for environment in tensorflow_workers()]


def finish(*programs, status=0):
    said = [program.communicate(timeout=600) for program in programs]
    for program, (_, errors) in zip(programs, said, strict=True):
        assert program.returncode == status, errors[-3000:]
    return [out for out, _ in said]


def end(programs):
    for program in programs:
        program.kill()
        program.communicate()


def last_step(out):
    return max((int(path.name.removeprefix("step-")) for path in (out / "commits").glob("step-*")), default=0)


def wait_for(out, step, programs):
    while last_step(out) < step:
        assert all(program.poll() is None for program in programs), programs[0].communicate()
        time.sleep(0.05)


def state(out):
    return load_file(max((out / "commits").glob("step-*")) / "state.safetensors")


def lines(out):
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def measured(out):
    """What was measured last of held-out text, which does not fill its last batch."""
    figures = [{key: line[key] for key in line if key.startswith("heldout_")} for line in lines(out)]
    return [one for one in figures if one][-1]


@pytest.mark.slow
def test_two_workers_are_one(made, tmp_path):
    """Told to stop in the middle, through one of them, both leave after one step and go on from it."""
    words = made(60)
    finish(start(words, tmp_path / "one"))
    workers = start_workers(words, tmp_path / "two")
    wait_for(tmp_path / "two", 20, workers)
    workers[1].send_signal(signal.SIGTERM)
    chief, other = finish(*workers, status=75)
    stopped = last_step(tmp_path / "two")
    assert f"stopped after step {stopped}; the same command goes on" in chief
    assert 20 <= stopped < 60
    assert other == "Worker 1 of 2 takes part; worker 0 tells how it goes, and writes.\n"
    finish(*start_workers(words, tmp_path / "two"))
    ours, theirs = state(tmp_path / "one"), state(tmp_path / "two")
    assert list(ours) == list(theirs)
    for name, array in ours.items():
        np.testing.assert_allclose(theirs[name], array, atol=1e-6, err_msg=name)
    assert [line["step"] for line in lines(tmp_path / "two") if "loss" in line] == list(range(5, 61, 5))
    assert measured(tmp_path / "two") == pytest.approx(measured(tmp_path / "one"), abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 1])
def test_who_is_left_says_that_a_worker_was_lost(made, tmp_path, number):
    workers = start_workers(made(4000), tmp_path / "run")
    wait_for(tmp_path / "run", 10, workers)
    end([workers[number]])
    _, said = workers[1 - number].communicate(timeout=120)
    assert workers[1 - number].returncode == 2, said[-3000:]
    (line,) = (line for line in said.splitlines() if line.startswith("keras-bert-zoo: "))
    assert line.endswith("start all of them again.")
    assert "Traceback" not in said


@pytest.mark.slow
@pytest.mark.parametrize("environments", [tensorflow_workers, partial(jax_workers, 1)], ids=["tensorflow", "jax"])
@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("manifest.json", "is no prepared corpus"),
        ("tokenizer/vocab.txt", "another vocabulary (41 pieces as here"),
    ],
)
def test_no_worker_waits_for_one_that_is_refused(made, tmp_path, environments, damage, sentence):
    """One has no corpus, or another vocabulary."""
    words = made(60)
    shutil.copytree(words[-1], tmp_path / "other")
    path = tmp_path / "other" / damage
    pieces = path.read_text().splitlines()
    path.unlink()
    if damage != "manifest.json":
        path.write_text("\n".join([*pieces[:-1], "another"]) + "\n")
    orders, out = [words, [*words[:-1], str(tmp_path / "other")]], tmp_path / "run"
    workers = [start(order, out, where) for order, where in zip(orders, environments(), strict=True)]
    said = [worker.communicate(timeout=60)[1].splitlines() for worker in workers]
    assert [worker.returncode for worker in workers] == [2, 2], said
    ours, theirs = ([line for line in lines if line.startswith("keras-bert-zoo: ")] for lines in said)
    assert ours == ["keras-bert-zoo: Worker 1 cannot go on: its own message says why."]
    assert len(theirs) == 1 and sentence in theirs[0]
    assert not any("Traceback" in line for lines in said for line in lines)
    assert not out.exists()


@pytest.mark.slow
@pytest.mark.parametrize("shared", [1, 2])
def test_two_workers_of_jax_are_one(made, tmp_path, shared):
    """Each has two devices, with a model each or a part of one; stopped in the middle, they go on."""
    words = made(40)
    finish(start(words, tmp_path / "one", devices(1)))
    more = ["--distribution", "multi_worker", "--model-parallel", str(shared)]
    for status in (75, 0):
        workers = [start([*words, *more], tmp_path / "two", environment) for environment in jax_workers(2)]
        if status:
            wait_for(tmp_path / "two", 20, workers)
            workers[0].send_signal(signal.SIGTERM)
        finish(*workers, status=status)
    ours, theirs = state(tmp_path / "one"), state(tmp_path / "two")
    assert list(ours) == list(theirs)
    for name, array in ours.items():
        np.testing.assert_allclose(theirs[name], array, atol=1e-6, err_msg=name)
    assert measured(tmp_path / "two") == pytest.approx(measured(tmp_path / "one"), abs=1e-5)


@pytest.mark.slow
def test_killed_workers_end_the_same(made, tmp_path):
    """One of two is killed at any moment, the other can't go on; begun again they end with the same bytes."""
    words, draw = made(400, dropout=0.1), random.Random(0)
    finish(*start_workers(words, tmp_path / "whole"))
    hits = []
    while len(hits) < KILLS:
        workers = start_workers(words, tmp_path / "killed")
        wait_for(tmp_path / "killed", min(last_step(tmp_path / "killed") + 10, 400), workers)
        time.sleep(draw.random() * 0.3)
        victim = workers[draw.randrange(2)]
        victim.kill()
        if victim.wait() != -signal.SIGKILL:
            end(workers)
            break
        hits.append(last_step(tmp_path / "killed"))
        end(workers)
    print("killed after the commits of steps", hits)
    assert len(hits) == KILLS
    finish(*start_workers(words, tmp_path / "killed"))
    ours, theirs = state(tmp_path / "whole"), state(tmp_path / "killed")
    for name, array in ours.items():
        np.testing.assert_array_equal(theirs[name], array, err_msg=name)
