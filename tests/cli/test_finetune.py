"""From a CSV file to answers, in the shell."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import keras
import pytest
from conftest import BERT, PIECES

from keras_bert_zoo import build
from keras_bert_zoo.text import WordPiece

COMMAND = [sys.executable, "-m", "keras_bert_zoo"]
LETTERS = "bcdefgh"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with weights, a table to learn from, and a run."""
    place = tmp_path_factory.mktemp("shell")
    keras.utils.set_random_seed(0)
    model = build(BERT, num_layers=1, num_blocks=1, hidden_size=24, embedding_size=24, initializer_range=0.2)
    model.tokenizer = WordPiece("".join(f"{piece}\n" for piece in PIECES).encode(), max_length=23)
    model.save_folder(place / "weights")
    rows = [f"{a} {b} {c}" for a in LETTERS for b in LETTERS for c in LETTERS[:4]]
    table = "".join(f"{row},ham\n{row.replace('d', 'a')} a,spam\n" for row in rows)
    (place / "train.csv").write_text(f"words,kind\n{table}")
    columns = ("--text", "words", "--label", "kind")
    done = run(
        place, "finetune", "--data", "train.csv", "--weights", "weights", "--out", "run", *columns,
        "--learning-rate", "3e-3", "--best", "loss", "--epochs", "6", "--batch-size", "8", "--drop-duplicates",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return place, done.stdout


def run(place, *arguments, **more):
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=300, cwd=place, **more)


def test_a_run(place):
    folder, said = place
    report = json.loads((folder / "run" / "report.json").read_text())
    assert report["test"]["accuracy"] > 0.9
    assert report["settings"]["text"] == "words"
    assert f"test: accuracy {report['test']['accuracy']:.4f}" in said
    assert "are in run" in said.replace(str(folder) + "/", "")


def test_evaluate(place, here):
    done = here("evaluate", "run", "--data", "train.csv", "--text", "words", "--label", "kind", folder=place[0])
    assert re.match(r"train.csv: accuracy (0\.9\d+|1\.0000), macro F1", done.stdout)


def test_predict_from_the_standard_input_and_from_a_file(place, here):
    folder, _ = place
    done = run(folder, "predict", "run", input="b c b\nb b c a\n\nb\n")
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert [line[2] for line in lines] == ["b c b", "b b c a", "", "b"]
    assert [line[0] for line in lines[:2]] == ["ham", "spam"]
    assert all(0.5 <= float(line[1]) <= 1 for line in lines)
    done = here("predict", "run", "train.csv", "--text", "words", "--json", folder=folder)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert answers[0]["text"] == "b b b"
    assert set(answers[0]["answer"]["scores"]) == {"ham", "spam"}
    assert len(answers) == 2 * 7 * 7 * 4


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("finetune", "--data", "train.csv", "--weights", "weights", "--out", "new"), "no column in train.csv 'text'"),
        (("finetune", "--data", "x.csv", "--weights", "weights", "--out", "new"), "There is no file 'x.csv'"),
        (("finetune", "--data", "train.csv", "--weights", "weights", "--out", "run"), "run exists already"),
    ],
)
def test_one_sentence(place, here, arguments, sentence):
    done = here(*arguments, folder=place[0])
    assert done.returncode == 2
    assert sentence in done.stderr
    assert not (place[0] / "new").exists()


def test_one_sentence_in_a_process_of_its_own(place):
    """What TensorFlow writes while it starts comes before it."""
    done = run(place[0], "predict", "run", "-", stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("keras-bert-zoo: There is no text on the standard input")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("given", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_in_the_middle(place, given):
    """Status 130, and the best so far in the folder."""
    folder, _ = place
    arguments = (
        "--data",
        "train.csv",
        "--text",
        "words",
        "--label",
        "kind",
        "--weights",
        "weights",
        "--out",
        "stopped",
        "--overwrite",
    )
    command = [*COMMAND, "finetune", *arguments, "--epochs", "9999", "--learning-rate", "1e-4"]
    said = {"stdout": subprocess.PIPE, "text": True, "env": os.environ | {"PYTHONUNBUFFERED": "1"}}
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)  # pytest-xdist's workers ignore it, and so would the child
    with subprocess.Popen(command, cwd=folder, **said) as process:
        signal.signal(signal.SIGINT, before)
        for line in process.stdout:
            if line.startswith("epoch 2:"):
                break
        time.sleep(0.1)
        process.send_signal(given)
        rest, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Stopped by hand in epoch" in rest
    assert json.loads((folder / "stopped" / "report.json").read_text())["interrupted"]
