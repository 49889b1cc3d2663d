"""`keras-bert-zoo inspect` in the shell."""

import json
import os
import subprocess
import sys

import pytest
from conftest import PIECES

COMMAND = [sys.executable, "-m", "keras_bert_zoo", "inspect"]
HEAVY = "print([m for m in ('keras', 'tensorflow', 'jax', 'sklearn', 'matplotlib') if m in sys.modules])"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with data and a vocabulary."""
    place = tmp_path_factory.mktemp("shell")
    (place / "vocabulary").mkdir()
    (place / "vocabulary" / "vocab.txt").write_text("".join(f"{piece}\n" for piece in PIECES))
    (place / "train.csv").write_text("words,other,kind\nabc,b,1\nd,,0\ne,f,1\n")
    (place / "test.csv").write_text("words,other,kind\nABC,b,1\n")
    (place / "bare.tsv").write_bytes("1\tKäse\n0\tb\n".encode("latin-1"))
    return place


def run(place, *arguments, **environment):
    more = {"capture_output": True, "text": True, "timeout": 100, "env": os.environ | environment}
    return subprocess.run([*COMMAND, *arguments], cwd=place, **more)


def test_text_and_files(place):
    arguments = ("train.csv", "--text", "words", "--pair", "other", "--label", "kind", "--test", "test.csv")
    done = run(place, *arguments, "--tokenizer", "vocabulary", "--out", "made")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (place / "made" / "inspect.txt").read_text()
    assert run(place, *arguments, "--tokenizer", "vocabulary/vocab.txt").stdout == done.stdout
    assert "- train: 1 row without a pair (first: row 3)\n" in done.stdout
    assert "- test: 1 row with a text of train but for case or white space (first: rows 2, 2)" in done.stdout
    found = json.loads((place / "made" / "inspect.json").read_text())
    assert (found["tokenizer"]["pieces"], found["tokens"]["100"], found["shape"]["hidden_size"]) == (41, 7, 768)
    assert (place / "made" / "inspect.png").read_bytes().startswith(b"\x89PNG")


def test_json_of_a_named_shape(place):
    arguments = ("bare.tsv", "--columns", "label,text", "--encoding", "latin-1", "--validation", "bare.tsv")
    found = json.loads(run(place, *arguments, "--tokenizer", "all-MiniLM-L6-v2", "--json", "--no-label").stdout)
    assert found["shape"] == {"num_layers": 6, "hidden_size": 384}
    assert found["leakage"]["train and validation"]["share"] == 1
    assert found["labels"] is None


def test_a_log_in_ascii(place):
    done = run(place, "train.csv", "--text", "words", "--label", "kind", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "1               2   66.67%  ########################\n" in done.stdout
    assert done.stdout.isascii()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nowhere.csv",), "There is no file 'nowhere.csv'"),
        (("train.csv", "--text", "words", "--tokenizer", "brt_base"), "There is no model 'brt_base': did you mean"),
        (("train.csv", "--text", "words", "--no-label", "--out", "test.csv"), "test.csv is a file: give a folder"),
    ],
)
def test_one_sentence(place, arguments, sentence):
    done = run(place, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"keras-bert-zoo: {sentence}")
    assert len(done.stderr.splitlines()) == 1


def test_nothing_heavy_is_imported(place):
    code = f"import sys; from keras_bert_zoo.cli import app; app({['inspect', 'sms_spam']}, standalone_mode=False)"
    done = subprocess.run([sys.executable, "-c", f"{code}; {HEAVY}"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
