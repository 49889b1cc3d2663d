"""Twenty SIGKILLs at random moments of a run in a process of its own (about five minutes)."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from corpora import make_corpus

KILLS = 20
STEPS = 500
PROGRAM = """
import sys
sys.path.insert(0, {tests!r})
from conftest import BERT
from dataclasses import replace
from keras_bert_zoo import pretrain
from keras_bert_zoo.training import pretrain as module
from keras_bert_zoo.zoo.presets import PRESETS
PRESETS["bert_test"] = replace(BERT, max_length=40)
module.canonical = lambda name: name
print("ready", flush=True)
pretrain({recipe!r}, sys.argv[1], {data!r})
"""
RECIPE = {
    "model": "bert_test",
    "steps": STEPS,
    "objective": {"pairs": "nsp"},
    "optimizer": {"name": "lamb", "rate": 1e-2},
    "stages": [{"length": 24, "rows": 4, "share": 0.5}, {"length": 32, "rows": 4, "micro": 2, "share": 0.5}],
    "commit_every": 7,
    "evaluate_every": 50,
    "evaluate_rows": 8,
}


def start(program, out):
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.Popen(
        [sys.executable, "-c", program, str(out)], env=environment, stdout=subprocess.PIPE, text=True
    )


def finish(program, out):
    run = start(program, out)
    run.communicate()
    assert run.returncode == 0


def final(out):
    """SHA-256 of weights, optimizer and random streams, and the place in the data."""
    newest = max((out / "commits").glob("step-*"))
    place = json.loads((newest / "place.json").read_text())
    state = hashlib.sha256((newest / "state.safetensors").read_bytes()).hexdigest()
    return state, {key: place[key] for key in ("step", "tokens", "skipped", "began")}


def steps_of(out):
    found = [int(path.name.removeprefix("step-")) for path in (out / "commits").glob("step-*")]
    return max(found, default=0)


@pytest.mark.slow
def test_killed_at_any_moment_it_ends_the_same(tmp_path, tokenizer):
    data = make_corpus(tmp_path, tokenizer).folder
    program = PROGRAM.format(tests=str(Path(__file__).parents[1]), recipe=RECIPE, data=str(data))
    finish(program, tmp_path / "whole")
    draw, hits = random.Random(0), []
    while len(hits) < KILLS:
        run = start(program, tmp_path / "killed")
        run.stdout.readline()
        before = steps_of(tmp_path / "killed")
        while steps_of(tmp_path / "killed") <= before and run.poll() is None:  # past what it found
            time.sleep(0.02)
        time.sleep(draw.random() * 0.4)
        run.send_signal(signal.SIGKILL)
        status = run.wait()
        run.stdout.close()
        if status != -signal.SIGKILL:
            break  # it was through before
        hits.append(steps_of(tmp_path / "killed"))
    print("killed after the commits of steps", hits)
    assert len(hits) == KILLS
    finish(program, tmp_path / "killed")
    assert final(tmp_path / "killed") == final(tmp_path / "whole")
