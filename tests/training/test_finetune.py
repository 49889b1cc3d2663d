"""Fine-tuning a tiny model on texts of letters: those with an "a" are spam."""

import json
import signal
import warnings
from pathlib import Path

import numpy as np
import pytest
from conftest import BERT

from keras_bert_zoo import ZooError, build, evaluate, finetune, load
from keras_bert_zoo.data import PackedBatches, read
from keras_bert_zoo.training.tuning import fitting, scores

QUICK = {"learning_rate": 3e-3, "batch_size": 8, "jit_compile": False, "best": "loss"}
FEW = QUICK | {"batch_size": 32, "baseline": None, "tell": lambda _: None}  # steps, with `eager`


def letters(count, seed=0):
    random = np.random.default_rng(seed)
    texts = [" ".join(random.choice(list("abcdefgh"), random.integers(2, 9))) for _ in range(count)]
    texts = sorted(set(texts))
    return texts, ["spam" if "a" in text else "ham" for text in texts]


def drawn(count):
    """The parts that a run with seed 0 draws from so many texts."""
    return fitting.Splits.draw(read(letters(count)), (0.15, 0.15), 0)


@pytest.fixture(scope="module")
def done(weights, tmp_path_factory):
    """One run, and what it said."""
    said = []
    out = tmp_path_factory.mktemp("runs") / "spam"
    run = finetune(weights, train=letters(300), out=out, epochs=6, tell=said.append, threshold="validation", **QUICK)
    return run, "\n".join(said)


def test_it_learns(done):
    report = done[0].report
    assert report["test"]["accuracy"] > 0.9
    assert report["test"]["accuracy"] > max(report["test"]["per_class"][c]["support"] for c in ("ham", "spam")) / 45
    losses = [row["loss"] for row in report["history"]]
    assert losses[-1] < losses[0]
    assert report["best_epoch"] == 1 + int(np.argmin(losses))


def test_the_report(done):
    run, said = done
    report = run.report
    texts = report["sizes"]["train"]
    assert report["examples_seen"] == 6 * texts
    assert report["steps"] == 6 * -(-texts // 8)
    whole = load(run.folder).tokenizer
    assert report["real_tokens"] == 6 * whole(drawn(300).train.texts)["padding_mask"].sum()
    assert report["train_seconds"] > 0
    for part in ("validation", "test"):
        figures = report[part]
        confusion = np.array(figures["confusion"])
        assert confusion.sum() == report["sizes"][part]
        assert figures["accuracy"] == pytest.approx(confusion.trace() / confusion.sum())
        spam = figures["per_class"]["spam"]
        assert spam["recall"] == pytest.approx(confusion[1, 1] / confusion[1].sum())
        assert spam["precision"] == pytest.approx(confusion[1, 1] / confusion[:, 1].sum())
        assert figures["macro_f1"] == pytest.approx((figures["per_class"]["ham"]["f1"] + spam["f1"]) / 2)
    assert report["settings"]["seed"] == 0
    assert report["baseline"]["accuracy"] > 0.5
    for words in ("test: accuracy", "words alone", "threshold: spam from", "precision  recall", "kept: epoch"):
        assert words in said


def test_the_folder_is_the_model_and_everything_of_the_run(done):
    run, _ = done
    again = load(run.folder)
    texts, _ = letters(40, seed=9)
    for one, other in zip(again.answer(texts), run.model.answer(texts), strict=True):
        assert one["label"] == other["label"]
        assert one["scores"] == pytest.approx(other["scores"], abs=1e-6)
    assert again.threshold == run.model.threshold == run.report["threshold"]
    kept = json.loads((run.folder / "report.json").read_text())
    assert kept == json.loads(json.dumps(run.report))
    assert str(run.report) in (run.folder / "report.txt").read_text()
    for name in ("curves.png", "confusion.png"):
        assert (run.folder / name).read_bytes().startswith(b"\x89PNG")
        assert f"![{name}]" in (run.folder / "README.md").read_text()
    steps = [json.loads(line)["step"] for line in (run.folder / "log.jsonl").read_text().splitlines()]
    assert steps == sorted(steps)
    assert [path.name for path in run.folder.parent.iterdir()] == ["spam"]


def test_evaluate_says_what_the_report_says(done):
    run, _ = done
    found = evaluate(run.folder, drawn(300).test)
    for key in ("accuracy", "macro_f1", "per_class", "confusion"):
        assert found[key] == run.report["test"][key]
    assert found["loss"] == pytest.approx(run.report["test"]["loss"], rel=1e-5)
    assert "precision  recall" in str(found)


def test_the_same_again_is_the_same_to_the_bit(done):
    run, _ = done
    settings = json.loads((run.folder / "report.json").read_text())["settings"]
    again = finetune(train=letters(300), tell=lambda _: None, **settings)
    for one, other in zip(run.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    for key in ("validation", "test", "history", "data", "threshold"):
        assert run.report[key] == again.report[key]


def test_another_seed_draws_other_parts(done, weights, eager):
    other = finetune(weights, train=letters(300), epochs=1, seed=1, **FEW)
    assert other.report["data"]["train"] != done[0].report["data"]["train"]


def test_parts_that_are_given(weights, eager):
    texts, labels = letters(120)
    run = finetune(
        weights,
        train=(texts[:80], labels[:80]),
        validation=(texts[70:], labels[70:]),
        test=False,
        epochs=1,
        class_weight="balanced",
        **FEW | {"tell": (said := []).append, "baseline": "tfidf"},
    )
    assert run.report["sizes"] == {"train": 80, "validation": len(texts) - 70}
    assert run.report["test"] is None
    assert run.report["duplicates"]["train and validation"] == 10
    assert any("10 texts are in both train and validation" in line for line in said)
    assert any("class weights: ham" in line for line in said)
    counts = [labels[:80].count(name) for name in ("ham", "spam")]
    np.testing.assert_allclose(list(run.report["class_weight"].values()), [80 / 2 / n for n in counts])


def test_it_goes_on_from_its_own_head(done, eager):
    run, _ = done
    again = finetune(run.folder, train=letters(60, seed=5), epochs=1, **FEW)
    assert again.model.labels == ("ham", "spam")
    assert again.model.load_report.new == []
    texts, labels = letters(60)
    with pytest.raises(ZooError, match="The data has the label '0', but the classifier in .* tells apart ham, spam"):
        finetune(run.folder, train=(texts, [int(label == "spam") for label in labels]), **FEW)
    numbers = (texts, [int(label == "spam") for label in labels])
    fresh = finetune(run.folder, train=numbers, epochs=1, head="new", **FEW)
    assert fresh.model.labels == ("0", "1")
    assert fresh.model.load_report.new == ["classifier/dense/kernel", "classifier/dense/bias"]


def test_dropout_is_that_of_the_weights_or_what_is_asked(weights, eager, monkeypatch):
    kept = []
    monkeypatch.setattr(fitting.Fitting, "run", lambda self: kept.append(self.model.encoder.config))
    for asked in ({}, {"dropout": 0.25}, {"dropout": 0.0}):
        finetune(weights, train=letters(60), **FEW | asked)
    assert [(config.dropout, config.attention_dropout) for config in kept] == [(0.1, 0.1), (0.25, 0.25), (0.0, 0.0)]


def test_the_running_mean_is_kept(weights, eager, monkeypatch):
    """By hand: the mean of the weights after each step, the last weighing most; training goes on from the weights."""
    after, judged = [], []
    step = fitting.AdamW.apply

    def apply(self, *args):
        step(self, *args)
        after.append([v.numpy() for v in self._trainable_variables])

    def save_best(self):
        judged.append([v.numpy() for v in self.model.trainable_variables])

    monkeypatch.setattr(fitting.AdamW, "apply", apply)
    monkeypatch.setattr(fitting.Fitting, "save_best", save_best)
    monkeypatch.setattr(fitting.KeepBest, "worth", lambda self, figures: figures["epoch"])
    run = finetune(weights, train=letters(60), epochs=2, average=0.5, **FEW)
    plain = len(after)
    finetune(weights, train=letters(60), epochs=2, **FEW)
    mean = after[0]
    for step, own in enumerate(after[:plain]):
        mean = [(m + v) / 2 for m, v in zip(mean, own, strict=True)] if step else own
        if step in (plain // 2 - 1, plain - 1):
            found = judged.pop(0)
            for one, other in zip(found, mean, strict=True):
                np.testing.assert_allclose(one, other, atol=1e-6)
    for one, other in zip(after[plain - 1], after[-1], strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(run.model.trainable_variables, found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_early_stopping(weights, eager, monkeypatch):
    """The best of three is the first, so the second and third are waited for and not kept."""
    figures = iter([0.1, 0.2, 0.3, 0.4, 0.5])
    monkeypatch.setattr(scores, "score", lambda *a, **k: SCORE | {"loss": next(figures)})
    said = []
    run = finetune(weights, train=letters(60), epochs=5, patience=2, test=False, **FEW | {"tell": said.append})
    assert [row["epoch"] for row in run.report["history"]] == [1, 2, 3]
    assert run.report["best_epoch"] == 1
    assert "2 epochs without a better loss: stopped" in said


def test_the_weights_of_the_best_epoch_come_back(weights, eager, monkeypatch):
    """The highest loss counts as best here, so that the best is not the last."""
    monkeypatch.setattr(fitting.KeepBest, "worth", lambda self, figures: figures["loss"])
    run = finetune(weights, train=letters(100), epochs=4, threshold="validation", **FEW)
    best, last = run.report["history"][run.report["best_epoch"] - 1], run.report["history"][-1]
    assert run.report["best_epoch"] < 4
    assert best["loss"] > 1.05 * last["loss"]
    for found in (run.report["validation"], evaluate(run.model, drawn(100).validation)):
        assert found["loss"] == pytest.approx(best["loss"], rel=1e-5)
        assert found["confusion"] == run.report["validation"]["confusion"]
    spam = np.array([answer["scores"]["spam"] for answer in run.model.answer(drawn(100).validation.texts)])
    truth = np.array([label == "spam" for label in drawn(100).validation.labels])
    chosen = scores.choose_threshold(spam, truth)
    assert run.report["threshold"] == pytest.approx(chosen, abs=1e-5)


CLASS = {"precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 1}
SCORE = {
    "accuracy": 0.5,
    "macro_f1": 0.5,
    "per_class": {"ham": CLASS, "spam": CLASS},
    "confusion": [[1, 0], [0, 1]],
}


def test_ctrl_c_keeps_the_best(weights, eager, tmp_path):
    said = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # pytest-xdist's workers ignore it

    def tell(line):
        said.append(line)
        if line.startswith("epoch 2:"):
            signal.raise_signal(signal.SIGINT)

    run = finetune(weights, train=letters(100), epochs=50, out=tmp_path / "run", **FEW | {"tell": tell})
    signal.signal(signal.SIGINT, before)
    assert run.report["interrupted"]
    assert len(run.report["history"]) == 2
    assert any(line.startswith("Stopped by hand in epoch 2 of 50") for line in said)
    assert "stopped by hand before its end" in str(run.report)
    assert load(tmp_path / "run").answer("a")[0]["label"] in ("ham", "spam")


def test_ctrl_c_in_the_first_epoch(weights, eager, monkeypatch):
    """What has been learnt in half an epoch is scored, kept and counted."""
    step, make, tokens = fitting.Progress.on_train_batch_end, PackedBatches.__getitem__, {}

    def remember(self, index):
        batch = make(self, index)
        tokens[max(self.epoch, 0), index] = (batch[0]["padding_mask"] > 0).sum()
        return batch

    def stop(self, batch, logs=None):
        step(self, batch, logs)
        if batch == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(PackedBatches, "__getitem__", remember)
    monkeypatch.setattr(fitting.Progress, "on_train_batch_end", stop)
    run = finetune(weights, train=letters(100), epochs=3, **FEW | {"batch_size": 8})
    assert (run.report["interrupted"], run.report["examples_seen"], len(run.report["history"])) == (True, 40, 1)
    assert run.report["real_tokens"] == sum(tokens[0, batch] for batch in range(5))


def test_the_best_is_on_disk_before_the_end(weights, eager, tmp_path, monkeypatch):
    monkeypatch.setattr(fitting.Fitting, "report", lambda *_: (_ for _ in ()).throw(RuntimeError("killed")))
    with pytest.raises(RuntimeError, match="killed"):
        finetune(weights, train=letters(60), epochs=1, out=tmp_path / "run", **FEW)
    assert load(tmp_path / "run").labels == ("ham", "spam")


def test_a_disk_that_fills_up(weights, eager, tmp_path, monkeypatch, caplog):
    """The run goes on, and at the end the model is put where there is room."""
    from keras_bert_zoo.tasks import Task

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    save = Task.save_folder

    def full(self, folder, *args, **kwargs):
        if "run" in str(folder):
            raise OSError(28, "No space left on device")
        return save(self, folder, *args, **kwargs)

    monkeypatch.setattr(Task, "save_folder", full)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(
        ZooError, match=r"run could not be written \(.*No space left.*\): the trained model is in (.*)\."
    ) as e:
        finetune(weights, train=letters(60), epochs=1, out=tmp_path / "run", **FEW)
    assert "training goes on" in caplog.text
    assert load(str(e.value).rsplit(" ", 1)[1].rstrip(".")).labels == ("ham", "spam")


def test_texts_past_the_model_are_counted(weights, eager):
    long = [f"{text} {'b ' * 30}" for text in letters(60)[0]]
    run = finetune(weights, train=(long, letters(60)[1]), epochs=1, **FEW)
    assert (run.report["cut"], run.report["settings"]["length"]) == (1.0, 23)


def test_a_run_after_a_shorter_one(done, eager):
    """The first was cut to 16 tokens; the model takes 23."""
    run = finetune(done[0].folder, train=letters(60), epochs=1, length=20, **FEW)
    assert load(done[0].folder).tokenizer.max_length < run.model.tokenizer.max_length == 20
    assert (run.report["threshold"], done[0].report["threshold"] is None) == (None, False)
    run.model.evaluate(["a b", "b"], ["spam", "ham"], verbose=0)


def test_labels_that_matplotlib_would_read_as_mathematics(weights, eager, tmp_path):
    texts, labels = letters(60)
    names = {"spam": "a_$b_$", "ham": "$5%$"}
    finetune(weights, train=(texts, [names[n] for n in labels]), epochs=1, out=tmp_path / "r", **FEW | {"tell": print})
    assert load(tmp_path / "r").labels == ("$5%$", "a_$b_$")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"train": None}, "Give train=: a file such as"),
        ({"train": (["a", "b", "c"], ["x", "x", "x"])}, "has only the label 'x'"),
        ({"train": (["a b", "b"], ["x", "y"])}, "has 2 rows and 2 classes, too few for a row of every class in each"),
        ({"train": (letters(60)[0], ["x", *letters(60)[1][1:]])}, "has 1 row of the class 'x'"),
        (
            {"test": (["a"], ["maybe"])},
            "The data, row 1 has the label 'maybe', but the model tells apart only",
        ),
        ({"epoch": 3}, "There is no setting 'epoch': did you mean 'epochs'"),
        ({"epochs": 0}, "epochs=0 must be a whole number of at least 1"),
        ({"learning_rate": "fast"}, "learning_rate='fast' must be a number"),
        ({"seed": -1}, "seed=-1 must be a whole number from 0"),
        ({"clip": -1}, "clip=-1 must be a number"),
        ({"average": 1}, "average=1 must be a number from 0"),
        ({"dropout": 1.5}, "dropout=1.5 must be a number from 0"),
        ({"task": "poetry"}, "task='poetry': it must be 'classification'"),
        ({"class_weight": "even"}, "class_weight='even': it must be None or 'balanced'"),
        ({"split": (0.5, 0.6)}, "must leave something for validation and for training"),
        ({"split": 0.5}, "must be the shares of validation and test"),
        ({"best": "f1:eggs"}, "best='f1:eggs' is no figure to choose by: there are accuracy, macro_f1, loss, f1:ham"),
        ({"length": 99}, "length=99 is longer than the 23 tokens"),
        ({"weights": None}, "Give weights=: a folder, or the name of a model"),
        ({"weights": "bert_bsae"}, "There is no model 'bert_bsae': did you mean 'bert_base'"),
        ({"weights": 7}, "7 is no folder: give its path"),
        ({"weights": Path("bert_tiny")}, "There is no folder 'bert_tiny': give"),
        ({"weights": "runs/none"}, "There is no folder 'runs/none', and no model of that name"),
        ({"weights": __file__}, "py' is a file: give the folder"),
        ({"text": "texts"}, "There is no column in The dict 'texts': did you mean 'text'"),
        ({"pair": "text"}, "The text and its pair are one column, 'text'"),
        ({"train": (["a", "b"], [["x"], ["y"]])}, r"A label is \['x'\]: give each text one label"),
        ({"train": str(Path(__file__).parent)}, "training' is a folder: give a .csv"),
        ({"out": __file__}, "exists already: choose another folder"),
        ({"out": __file__, "overwrite": True}, "is no model folder, so it is not overwritten"),
        ({"split": ("a", "b")}, "must be the shares of validation and test"),
        ({"out": f"{__file__}/run"}, "cannot be written, because .*py is no folder"),
    ],
)
def test_what_does_not_fit_is_said_before_training(weights, given, sentence, monkeypatch):
    monkeypatch.setattr(fitting.Fitting, "run", lambda _: pytest.fail("it trained"))
    texts, labels = letters(60)
    asked = {"weights": weights, "train": {"text": texts, "label": labels}} | QUICK | {"best": "macro_f1"} | given
    with pytest.raises(ZooError, match=sentence):
        finetune(**asked)


def test_a_threshold_is_for_two(weights):
    texts, _ = letters(90)
    with pytest.raises(ZooError, match="threshold= is for two classes, and there are 3"):
        finetune(weights, train=(texts, [i % 3 for i in range(len(texts))]), threshold="validation", **FEW)


def test_too_little_room(weights, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 10})())
    with pytest.raises(ZooError, match=r"needs \d MB, but its disk has 0 MB free: make room first"):
        finetune(weights, train=letters(60), out=tmp_path / "run", **QUICK)


def test_weights_without_a_vocabulary(tmp_path):
    build(BERT).save_folder(tmp_path / "bare")
    with pytest.raises(ZooError, match="comes without a vocabulary: put its vocab.txt"):
        finetune(tmp_path / "bare", train=letters(60), **QUICK)


def test_warnings_stay_quiet(weights):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        finetune(weights, train=letters(60), epochs=1, tell=lambda _: None, **QUICK)
