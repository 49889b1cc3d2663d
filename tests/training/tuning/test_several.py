"""Fine-tuning on texts of letters: which of "a" and "b" a text has, and two classes by one sigmoid."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from keras_bert_zoo import ZooError, evaluate, finetune, load
from keras_bert_zoo.cli import app
from keras_bert_zoo.data import Splits, read
from keras_bert_zoo.training.tuning.scores import choose_threshold

QUICK = {"learning_rate": 3e-3, "batch_size": 8, "jit_compile": False, "best": "loss", "tell": lambda _: None}
SEVERAL = {"task": "multi_label", "pooling": "mean"}


def letters(count, seed=0):
    random = np.random.default_rng(seed)
    texts = sorted({" ".join(random.choice(list("abcdefgh"), random.integers(2, 7))) for _ in range(count)})
    return texts, [[letter for letter in "ab" if letter in text] for text in texts]


@pytest.fixture(scope="module")
def done(weights, tmp_path_factory):
    out, said = tmp_path_factory.mktemp("runs") / "several", []
    settings = QUICK | SEVERAL | {"threshold": "validation", "class_weight": "balanced", "tell": said.append}
    return finetune(weights, train=letters(300), out=out, epochs=8, **settings), "\n".join(said)


def test_it_learns_each(done):
    report = done[0].report
    assert report["labels"] == ["a", "b"]
    for figures in report["test"]["per_class"].values():
        assert figures["f1"] > 0.85
    assert report["test"]["micro_f1"] > 0.85
    assert report["baseline"]["micro_f1"] > 0.5
    assert set(report["class_weight"]) == {"a", "b"}
    losses = [row["loss"] for row in report["history"]]
    assert report["best_epoch"] == 1 + int(np.argmin(losses))


def test_each_has_its_best_threshold(done):
    """The report's are those that are chosen by the validation part, label by label."""
    run, _ = done
    part = Splits.draw(read(letters(300)), (0.15, 0.15), 0).validation
    found = [answer["scores"] for answer in run.model.answer(part.texts)]
    for label, least in zip("ab", run.report["threshold"], strict=True):
        likely = np.array([scores[label] for scores in found])
        truth = np.array([label in names for names in part.labels])
        assert least == pytest.approx(choose_threshold(likely, truth), abs=1e-5)
        assert least != 0.5


def test_the_report_shows_each(done):
    run, said = done
    assert {path.name for path in run.folder.iterdir()} >= {"labels.png", "curves.png", "report.json"}
    assert not (run.folder / "confusion.png").exists()
    assert "threshold: a from 0." in str(run.report)
    assert "every label right" in said
    json.loads((run.folder / "report.json").read_text())


def test_its_folder_answers(done):
    run, _ = done
    texts, names = letters(60, seed=1)
    model = load(run.folder)
    assert model.threshold == tuple(run.report["threshold"])
    found = [sorted(answer["labels"]) for answer in model.answer(texts)]
    right = np.mean([ours == theirs for ours, theirs in zip(found, names, strict=True)])
    scores = evaluate(run.folder, (texts, names))
    assert scores["accuracy"] == pytest.approx(right)
    assert right > 0.7


def test_the_weights_of_what_is_rare(weights, monkeypatch):
    """Every flag has the weight of its own label, in every batch."""
    from keras_bert_zoo.training.tuning import fitting

    kept = []
    monkeypatch.setattr(fitting.Fitting, "run", lambda self: kept.append(self.data.batches))
    finetune(weights, train=letters(100), class_weight="balanced", **QUICK | SEVERAL)
    _, targets, weighed = kept[0][0]
    assert targets.shape == weighed.shape
    assert targets.shape[-1] == 2
    share = kept[0].targets.mean(0)
    for label in (0, 1):
        there = weighed[..., label][targets[..., label] == 1]
        np.testing.assert_allclose(there, 0.5 / share[label], rtol=1e-5)
        absent = weighed[..., label][(targets[..., label] == 0) & (weighed[..., label] > 0)]
        np.testing.assert_allclose(absent, 0.5 / (1 - share[label]), rtol=1e-5)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"best": "f1:c"}, "best='f1:c' is no figure to choose by: there are accuracy, macro_f1, micro_f1, loss, f1:a"),
        ({"head_activation": "softmax"}, "head_activation='softmax' is for classification: multi_label has its own."),
        ({"train": (["x", "y"] * 9, np.eye(3)[[0, 1] * 9]), "label": list("pqr")}, "has no 1 in the column 'r'"),
        ({"separator": ""}, "separator='' must be what parts the labels in a cell"),
        ({"train": (["x", "y"] * 9, ["a|b", "a"] * 9)}, 'say what separates them, separator="|"'),
        ({"task": "classification"}, "give each text one label, a word or a number"),
        ({"task": "classification", "separator": "|"}, "separator='|' is for several labels of a text"),
        ({"task": "classification", "label": ["a", "b"]}, "label=['a', 'b'] is for several labels of a text"),
        ({"train": (["x", "y"] * 9, ["a|b", "a"] * 9), "separator": ";"}, "separator=';' parts no cell of The data"),
        ({"label": ["a", "b", "a"]}, "label= names the column 'a' twice"),
        ({"task": "multilabel"}, "task='multilabel': it must be 'classification' or 'multi_label'"),
    ],
)
def test_what_does_not_fit(weights, given, sentence):
    with pytest.raises(ZooError) as error:
        finetune(weights, **QUICK | SEVERAL | {"train": letters(60)} | given)
    assert sentence in str(error.value)


def test_the_same_classifier_goes_on(done, tmp_path):
    run, _ = done
    again = finetune(run.folder, train=letters(60, 2), test=False, epochs=1, **QUICK | SEVERAL)
    assert not again.model.load_report.new
    with pytest.raises(ZooError, match="is one of the task multi_label, not of classification"):
        finetune(run.folder, train=(["a", "b"] * 20, [0, 1] * 20), test=False, epochs=1, **QUICK)
    with pytest.raises(ZooError, match=r"label= has no column for 'b', which the model tells"):
        evaluate(run.model, letters(60, 2), label=["a"])
    new = finetune(run.folder, train=(["a", "b"] * 20, [0, 1] * 20), test=False, epochs=1, head="new", **QUICK)
    assert new.model.labels == ("0", "1")


def test_rows_of_flags_are_of_the_models_labels(done):
    texts, names = letters(60, seed=1)
    flags = np.array([[letter in found for letter in "ab"] for found in names])
    assert evaluate(done[0].model, (texts, flags)) == evaluate(done[0].model, (texts, names))


def test_few_texts_with_several_labels(weights, eager):
    """One text of 61 has two labels: whichever part it falls into, the labels are lists."""
    texts, _ = letters(90)
    labels = [["a"] if "a" in text else ["b"] for text in texts[:60]] + [["a", "b"]]
    for seed in (0, 1, 2):
        finetune(weights, train=(texts[:61], labels), epochs=1, seed=seed, baseline=None, **QUICK | SEVERAL)


def test_one_sigmoid_learns(weights, tmp_path):
    texts, names = letters(200)
    train = (texts, ["yes" if "a" in found else "no" for found in names])
    settings = QUICK | {"threshold": "validation", "class_weight": "balanced", "head_activation": "sigmoid"}
    run = finetune(weights, train=train, epochs=5, out=tmp_path / "run", **settings)
    assert run.model.classifier.dense.kernel.shape[1] == 1
    assert run.report["test"]["accuracy"] > 0.85
    assert run.report["settings"]["head_activation"] == "sigmoid"
    with pytest.raises(ZooError, match="the classifier in .* was made for sigmoid: leave it out, or start with a new"):
        finetune(tmp_path / "run", train=train, **QUICK | {"head_activation": "softmax"})
    again = load(tmp_path / "run")
    assert (again.head_activation, again.threshold) == ("sigmoid", run.report["threshold"])
    assert evaluate(again, train)["accuracy"] > 0.85
    assert {answer["label"] for answer in again.answer(texts)} == {"yes", "no"}


def test_in_a_shell(weights, done, tmp_path):
    texts, names = letters(80)
    lines = [f"{int('a' in found)},{text},{int('b' in found)}" for text, found in zip(texts, names, strict=True)]
    (tmp_path / "a.csv").write_text("\n".join(["a,text,b", *lines]))
    call = ["finetune", "--task", "multi_label", "--labels", "a,b", "--data", tmp_path / "a.csv", "--weights", weights]
    run = CliRunner().invoke(app, [str(word) for word in [*call, "--epochs", 1, "--out", tmp_path / "run"]])
    assert run.exit_code == 0, run.output
    assert load(tmp_path / "run").labels == ("a", "b")
    call = ["evaluate", done[0].folder, "--labels", "a,b", "--data", tmp_path / "a.csv"]
    assert "every label right" in CliRunner().invoke(app, [str(word) for word in call]).output
    run = CliRunner().invoke(app, ["predict", str(done[0].folder)], input="a b\nc d\n")
    (names, scores, text), (none, *_) = (line.split("\t") for line in run.output.splitlines()[-2:])
    assert (sorted(names.split(",")), len(scores.split(",")), text, none) == (["a", "b"], 2, "a b", "-")
