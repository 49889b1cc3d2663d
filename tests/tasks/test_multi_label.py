"""Any number of labels for a text, and two classes by one sigmoid."""

import json

import keras
import numpy as np
import pytest
from conftest import BERT, disturb, rows

from keras_bert_zoo import ZooError, build, load
from keras_bert_zoo.checkpoints import MANIFEST
from keras_bert_zoo.tasks import EachLabel

GIVEN = rows([4, 6, 5], 7)
LABELS = ["rude", "sad", "true"]


@pytest.fixture
def model(tokenizer):
    model = disturb(build(BERT, task="multi_label", labels=LABELS), by=0.5)
    model.tokenizer = tokenizer
    model.compile(run_eagerly=True)
    return model


def sigmoid(logits):
    return 1 / (1 + np.exp(-np.asarray(logits, "float64")))


def test_every_label_by_itself(model):
    logits = model(GIVEN)
    targets = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 1]])
    right = np.where(targets, sigmoid(logits), 1 - sigmoid(logits))
    assert model.evaluate(GIVEN, targets, verbose=0) == pytest.approx(-np.log(right).mean(), rel=1e-5)


@pytest.mark.parametrize(
    "given", [[["true", "rude"], [], ["sad"]], [("rude", "true"), (), {"sad"}], [["rude", "true"], [], "sad"]]
)
def test_names_are_targets(model, given):
    assert model.targets(given).tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
    model.fit(GIVEN, given, verbose=0)


def test_no_label_at_all(model):
    assert model.targets([[], [], []]).tolist() == [[0, 0, 0]] * 3
    assert model.targets([["sad"], np.array(["rude"]), frozenset()]).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]


def test_a_weight_for_each_text(model):
    """As many texts as labels: the weights must not be taken for those of labels."""
    targets, weights = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 1]]), np.array([1.0, 2.0, 5.0], "float32")
    logits = np.asarray(model(GIVEN), "float64")
    losses = -np.log(np.where(targets, sigmoid(logits), 1 - sigmoid(logits)))
    found = model.evaluate(GIVEN, targets, sample_weight=weights, verbose=0)
    assert found == pytest.approx((losses * weights[:, None]).mean(), rel=1e-5)
    assert float(EachLabel()(targets, logits, targets)) == pytest.approx((losses * targets).mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("targets", "sentence"),
    [
        ([["rude"], ["sd"], []], "There is no label 'sd': did you mean 'sad'"),
        (np.zeros((3, 2)), r"shape \(3, 2\): give a list of names for each text, or 0 and 1 \(B, 3\) for rude, sad"),
        (np.full((3, 3), 0.5), "give a list of names"),
        ([0, 1, 2], r"shape \(3,\)"),
        ([[0, 1], [1], [0]], "uneven"),
        ([["rude"], None, []], "None is no list of labels: give one for each text"),
        ([["rude"], [3], []], r"\[3\] is no list of labels"),
        (np.zeros((2, 3)), "There are 3 texts but 2 targets"),
    ],
)
def test_targets_that_do_not_fit(model, targets, sentence):
    with pytest.raises(ZooError, match=sentence):
        model.evaluate(GIVEN, targets, verbose=0)


def test_answers(model):
    text = "a bad cab"
    likely = sigmoid(model.predict([text], verbose=0))[0]
    (answer,) = model.answer([text])
    assert list(answer["scores"].values()) == pytest.approx(likely.tolist(), abs=1e-6)
    order = np.argsort(-likely)
    assert answer["labels"] == [LABELS[i] for i in order if likely[i] >= 0.5]
    assert 0 < len(answer["labels"]) < 3  # or the test tells nothing
    model.threshold = (0.0, 0.999, 0.0)
    assert model.answer([text])[0]["labels"] == [LABELS[i] for i in order if i != 1]


def test_far_from_zero(model):
    with np.errstate(over="raise", invalid="raise"):
        np.testing.assert_array_equal(model.likely(np.array([-2000.0, 0.0, 2000.0])), [0, 0.5, 1])
    assert model.likely(np.array([-20.0]))[0] == pytest.approx(np.exp(-20))


def test_hugging_face_knows_it(model, tmp_path):
    model.threshold = 0.25
    model.save_folder(tmp_path / "ours")
    said = json.loads((tmp_path / "ours" / "config.json").read_text())
    assert said["problem_type"] == "multi_label_classification"
    assert said["architectures"] == ["BertForSequenceClassification"]
    again = load(tmp_path / "ours")
    assert (again.key, again.labels, again.threshold) == ("multi_label", tuple(LABELS), 0.25)
    del said["keras_bert_zoo"]  # as transformers writes it
    (tmp_path / "ours" / "config.json").write_text(json.dumps(said))
    (tmp_path / "ours" / MANIFEST).unlink()
    assert load(tmp_path / "ours").key == "multi_label"
    with pytest.raises(ZooError, match="Google's format has no word for problem_type"):
        model.save_folder(tmp_path / "google", "google")


def test_one_question_is_not_the_other(model, tmp_path):
    model.save_folder(tmp_path / "any")
    with pytest.raises(ZooError, match=r"is one of the task multi_label, not of classification: .* ignore=.classifier"):
        build(weights=tmp_path / "any", task="classification")
    other = build(weights=tmp_path / "any", task="classification", labels=["a", "b"], ignore="classifier.*")
    assert other.load_report.new == ["classifier/dense/kernel", "classifier/dense/bias"]
    other.save_folder(tmp_path / "one")
    with pytest.raises(ZooError, match="is one of the task classification, not of multi_label"):
        build(weights=tmp_path / "one", task="multi_label")


@pytest.mark.parametrize(
    ("threshold", "sentence"),
    [
        ([0.5, 0.5], "threshold= has 2 numbers for 3 labels"),
        (2.0, "threshold=2.0 must be"),
        ([0.5, -1, 0.5], "threshold=-1 must be"),
        (np.array(3.0), "threshold=3.0 must be"),
    ],
)
def test_thresholds_that_cannot_be(threshold, sentence):
    with pytest.raises(ZooError, match=sentence):
        build(BERT, task="multi_label", labels=LABELS, threshold=threshold)
    model = build(BERT, task="multi_label", labels=LABELS)
    with pytest.raises(ZooError, match=sentence):
        model.threshold = threshold


def test_two_classes_by_one_sigmoid(tokenizer, tmp_path):
    model = disturb(build(BERT, task="classification", labels=["ham", "spam"], head_activation="sigmoid"), by=0.5)
    model.tokenizer = tokenizer
    model.compile(run_eagerly=True)
    assert model.classifier.dense.kernel.shape == (BERT.hidden_size, 1)
    logits = keras.ops.convert_to_numpy(model(GIVEN))
    assert (logits[:, 0] == 0).all()
    assert np.ptp(logits[:, 1]) > 0
    truth = np.array([0, 1, 1])
    right = np.where(truth, sigmoid(logits[:, 1]), 1 - sigmoid(logits[:, 1]))
    assert model.evaluate(GIVEN, truth, verbose=0) == pytest.approx(-np.log(right).mean(), rel=1e-5)
    answer = model.answer(["a bad cab"])[0]
    assert answer["scores"]["spam"] == pytest.approx(float(sigmoid(model.predict(["a bad cab"], verbose=0))[0, 1]))
    model.save_folder(tmp_path / "ours")
    said = json.loads((tmp_path / "ours" / "config.json").read_text())
    assert said["model_type"] == "keras_bert_zoo_bert"  # transformers would take one number for a regression
    (again,) = load(tmp_path / "ours").answer(["a bad cab"])
    assert again["scores"] == pytest.approx(answer["scores"], abs=1e-5)
    assert build(task="classification", weights=tmp_path / "ours").head_activation == "sigmoid"


def test_one_sigmoid_is_for_two_classes():
    with pytest.raises(ZooError, match="one number for two classes, and there are 3"):
        build(BERT, task="classification", num_classes=3, head_activation="sigmoid")
    with pytest.raises(ZooError, match="There is no head_activation 'sigmod': did you mean 'sigmoid'"):
        build(BERT, task="classification", num_classes=2, head_activation="sigmod")
