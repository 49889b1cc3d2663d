import subprocess
import sys

import pytest
import typer

from keras_bert_zoo.cli import app
from keras_bert_zoo.cli.spelling import in_shell, options_of

OPTIONS = {"overwrite", "head", "separator", "batch_size", "best", "threshold", "task"}


@pytest.mark.parametrize(
    ("sentence", "spelt"),
    [
        ("replace it with overwrite=True.", "replace it with --overwrite."),
        ('start with a new one, head="new".', "start with a new one, --head new."),
        ("separator='|' parts no cell", "--separator '|' parts no cell"),
        ("batch_size=0 must be", "--batch-size 0 must be"),
        ("batch_size=-1.5 must be", "--batch-size -1.5 must be"),
        ("best='f1:c' is no figure", "--best f1:c is no figure"),
        ("threshold= is for two classes", "--threshold is for two classes"),
        ('or take task="multi_label".', "or take --task multi_label."),
        ('ignore="classifier.*" and label=[...]', 'ignore="classifier.*" and label=[...]'),
        ("KERAS_BACKEND=jax", "KERAS_BACKEND=jax"),
    ],
)
def test_settings_are_options(sentence, spelt):
    assert in_shell(sentence, OPTIONS) == spelt


def test_the_options_of_a_command():
    command = typer.main.get_command(app)
    assert {"batch_size", "overwrite"} <= options_of(command, ["finetune", "--data", "x"])
    assert "size" in options_of(command, ["vocabulary", "train", "texts"])
    assert "batch_size" not in options_of(command, ["show", "bert_base"])


def test_a_mistake_in_a_shell(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\na,b\n")
    words = ["finetune", "--data", tmp_path / "a.csv", "--weights", "bert_tiny", "--out", tmp_path, "--epochs", "0"]
    code = [sys.executable, "-m", "keras_bert_zoo", *map(str, words)]
    done = subprocess.run(code, capture_output=True, text=True, timeout=300)
    assert done.stderr.splitlines()[-1] == "keras-bert-zoo: --epochs 0 must be a whole number of at least 1."
