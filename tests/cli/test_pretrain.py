"""`keras-bert-zoo prepare`, `pretrain` and `fill-mask` in the shell."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from conftest import PIECES
from corpora import write_texts

from keras_bert_zoo.text import WordPiece

RECIPE = """
model = "bert_tiny"
steps = 6
commit_every = 3
evaluate_rows = 4
[shape]
num_layers = 1
num_blocks = 1
hidden_size = 8
embedding_size = 8
intermediate_size = 8
max_length = 32
[[stages]]
length = 24
rows = {rows}
"""


@pytest.fixture
def place(tmp_path):
    write_texts(tmp_path / "texts")
    (tmp_path / "words").mkdir()
    for name, content in WordPiece("\n".join(PIECES).encode() + b"\n", max_length=32).files().items():
        (tmp_path / "words" / name).write_bytes(content)
    (tmp_path / "a.toml").write_text(RECIPE.format(rows=4))
    return tmp_path


PREPARE = "prepare texts --out shards --tokenizer words --split blank_line --sentences line --heldout 0.1 --workers 0"


def test_from_text_to_guesses(place, here):
    done = here(*PREPARE.split(), folder=place)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("120 documents, 1 of them again; ")
    done = here("pretrain", "a.toml", "--data", "shards", "--dry-run", folder=place)
    assert "6 steps of 4 rows of 24 tokens" in done.stdout
    assert not (place / "run").exists()
    done = here("pretrain", "a.toml", "--data", "shards", "--out", "run", "--steps", 4, folder=place)
    assert done.stdout.endswith("The model is in run/model\n")
    assert json.loads((place / "run" / "log.jsonl").read_text().splitlines()[-1])["step"] == 4
    done = here("fill-mask", "run/model", "ab [MASK] c [MASK]", "d", "[MASK]", folder=place)
    text, first, second, *_ = done.stdout.splitlines()
    assert text == "ab [MASK] c [MASK]"
    assert len(first.split()) == len(second.split()) == 10
    done = here("fill-mask", "run/model", "[MASK]", "--json", folder=place)
    assert len(json.loads(done.stdout)["masks"][0]) == 5


def test_what_does_not_fit(place, here):
    here(*PREPARE.split(), folder=place)
    for arguments, said in (
        (PREPARE + " --shards 2", "shards exists already: choose another folder"),
        ("prepare missing --out x --tokenizer words", "There is no file 'missing'"),
        ("prepare texts --out x --tokenizer bert_bass", "did you mean 'bert_base'"),
        ("pretrain b.toml --data shards --out x", "There is no recipe 'b.toml': examples/recipes has some"),
        ("pretrain a.toml --data texts --out x", "texts is no prepared corpus"),
        ("pretrain a.toml --data shards", "Give --out, the folder of the run"),
        ("fill-mask missing [MASK]", "missing"),
    ):
        done = here(*arguments.split(), folder=place)
        assert done.returncode == 2
        assert said in done.stderr
        assert done.stderr.count("\n") == 1


def test_sigterm_commits_and_leaves_with_status_75(place, here):
    here(*PREPARE.split(), folder=place)
    (place / "a.toml").write_text(RECIPE.format(rows=2).replace("steps = 6", "steps = 1000000"))
    command = [sys.executable, "-m", "keras_bert_zoo", "pretrain", "a.toml", "--data", "shards", "--out", "run"]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    run = subprocess.Popen(command, cwd=place, env=environment, stdout=subprocess.PIPE, text=True)
    while not (place / "run" / "log.jsonl").exists() or not (place / "run" / "log.jsonl").read_text():
        assert run.poll() is None
        time.sleep(0.2)
    run.send_signal(signal.SIGTERM)
    said, _ = run.communicate(timeout=60)
    assert run.returncode == 75
    assert "; the same command goes on" in said
    newest = max((place / "run" / "commits").glob("step-*"))
    assert f"stopped after step {int(newest.name[5:]):,};" in said
