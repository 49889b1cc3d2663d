import subprocess
import sys

import pytest
from conftest import GOLDENS

COMMAND = [sys.executable, "-m", "keras_bert_zoo"]


def run(*arguments):
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=300)


def test_list():
    done = run("list", "albert_zh*")
    assert done.returncode == 0
    assert done.stdout.startswith("albert_zh_base")
    assert "10,547,968" in done.stdout
    assert len(run("list").stdout.splitlines()) == 48


def test_show():
    done = run("show", "bert-base-uncased")
    assert done.returncode == 0
    for fact in (
        "bert_base",
        "109,482,240",
        "108,891,648",
        "110,106,428",
        "huggingface: google-bert/bert-base-uncased",
    ):
        assert fact in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("show", "bert_bsae"), "keras-bert-zoo: There is no model 'bert_bsae': did you mean 'bert_base'"),
        (("list", "gpt*"), "keras-bert-zoo: No model fits 'gpt*'"),
    ],
)
def test_mistakes_are_one_sentence_and_status_2(arguments, sentence):
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(sentence)
    assert "Traceback" not in done.stderr
    assert "Traceback" in run(*arguments, "--debug").stderr


def test_convert(tmp_path, here):
    done = run("convert", GOLDENS / "albert", tmp_path / "google", "--to", "google")
    assert done.returncode == 0
    assert "variables matched" in done.stdout
    assert "Largest difference of any output, read back: 0.0e+00" in done.stdout
    again = here("convert", GOLDENS / "albert", tmp_path / "google", "--to", "google")
    assert again.returncode == 2
    assert "exists already" in again.stderr
    lost = here("convert", "nowhere", "x", "--to", "google")
    assert lost.returncode == 2
    assert lost.stderr.startswith("keras-bert-zoo: There is no folder 'nowhere'")


def test_unknown_format():
    assert run("convert", "a", "b", "--to", "onnx").returncode == 2
