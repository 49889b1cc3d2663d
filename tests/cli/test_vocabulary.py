"""`keras-bert-zoo vocabulary` in the shell."""

import gzip
import json
import os
import subprocess
import sys

import pytest

from keras_bert_zoo import tokenizer

COMMAND = [sys.executable, "-m", "keras_bert_zoo", "vocabulary"]
HEAVY = "print([m for m in ('keras', 'tensorflow', 'jax', 'sklearn', 'matplotlib') if m in sys.modules])"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with text, and a vocabulary learnt from it."""
    place = tmp_path_factory.mktemp("shell")
    (place / "texts").mkdir()
    (place / "texts" / "a.txt").write_text("Soo soo dhowow.\n" * 9)
    (place / "texts" / "b.gz").write_bytes(gzip.compress("Wáa soo dhowow!\n".encode() * 9))
    done = run(place, "train", "texts/*", "--out", "made/my.own", "--size", "27", "--coverage", "1")
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout.splitlines()
    assert said[0] == "72 words, 5 different ones: learning 27 pieces"
    assert said[1].startswith("27 pieces after ")
    assert said[1].endswith(" s, in made/my.own")
    return place


def run(place, *arguments, **environment):
    more = {"capture_output": True, "text": True, "timeout": 100, "env": os.environ | environment}
    return subprocess.run([*COMMAND, *arguments], cwd=place, **more)


def test_what_was_trained(place):
    own = tokenizer(place / "made" / "my.own")
    assert own.settings["do_lower_case"] is True
    assert {"soo", "dhowow", "a"} <= set(own.vocabulary.pieces)
    assert len(own.vocabulary) == 27


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        (("--cased",), {"do_lower_case": False, "strip_accents": False}),
        (("--keep-accents", "--max-length", "99"), {"do_lower_case": True, "strip_accents": False}),
        (("--kind", "sentencepiece", "--size", "23"), {"do_lower_case": True, "keep_accents": False}),
    ],
)
def test_other_kinds(options, settings, place):
    out = place / "other" / "-".join(options)
    done = run(place, "train", "texts", "--size", "25", "--coverage", "1", "--out", str(out), *options)
    assert done.returncode == 0, done.stderr
    assert settings.items() <= tokenizer(out).settings.items()
    assert tokenizer(out).max_length == (99 if "99" in options else 512)


def test_report(place):
    (place / "vocab.txt").write_bytes((place / "made" / "my.own" / "vocab.txt").read_bytes())
    names = ("--with", "made/my.own", "--with", "bert_base", "--with", "vocab.txt", "--with", "made/my.own/vocab.txt")
    done = run(place, "report", "texts", *names, "--out", "made/report")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (place / "made" / "report" / "vocabulary.txt").read_text("utf-8")
    assert done.stdout.startswith("54 words and 18 marks of punctuation\n")
    table = [line.split("  ")[0] for line in done.stdout.splitlines()[3:7]]
    assert table == ["my.own", "bert_base", "vocab.txt", "made/my.own/vocab.txt"]
    found = json.loads(run(place, "report", "texts", *names, "--json").stdout)
    assert found == json.loads((place / "made" / "report" / "vocabulary.json").read_text("utf-8"))
    assert found["vocabularies"]["my.own"]["fertility"] == 1
    assert found["vocabularies"]["bert_base"]["fertility"] > 1.5


def test_a_log_in_ascii(place):
    (place / "other.txt").write_text("中")
    done = run(place, "report", "other.txt", "--with", "made/my.own", PYTHONIOENCODING="ascii")
    assert done.stdout.endswith("my.own does not know ? (1 x)\n")


def test_nothing_heavy(place):
    code = "import sys; from keras_bert_zoo.cli import app; app(sys.argv[1:], standalone_mode=False);" + HEAVY
    arguments = ("vocabulary", "report", "texts", "--with", "made/my.own")
    done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=place, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("train", "nowhere", "--out", "new"), "There is no file 'nowhere'"),
        (("train", "texts", "--out", "made/my.own"), "my.own is not empty: choose another folder"),
        (
            ("train", "texts", "--out", "new", "--size", "900"),
            "--size 900 is more than the 27 pieces that this text has: give more text, or --size",
        ),
        (("report", "texts", "--with", "bert_bsae"), "There is no model 'bert_bsae': did you mean 'bert_base'"),
        (("report", "texts", "--with", "texts/b.gz"), "texts/b.gz is no UTF-8 at byte 1: give a vocab.txt"),
        (("report", "texts", "--with", "texts/a.txt"), "vocab.txt has the piece 'Soo soo dhowow.' 9 times"),
    ],
)
def test_one_sentence(arguments, sentence, place):
    done = run(place, *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert not (place / "new").exists()
