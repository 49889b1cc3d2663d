import numpy as np
import pytest

from keras_bert_zoo import ZooError
from keras_bert_zoo.training.tuning.report import Report, Scores, draw_curves, draw_scores
from keras_bert_zoo.training.tuning.scores import calibration, check_metric, choose_threshold, pick, score, score_labels

LIKELY = np.array([[0.9, 0.1], [0.6, 0.4], [0.7, 0.3], [0.2, 0.8], [0.1, 0.9]])
TRUTH = np.array([0, 0, 1, 1, 0])


def test_figures_by_hand():
    found = score(LIKELY, TRUTH, ["ham", "spam"])
    assert found["confusion"] == [[2, 1], [1, 1]]
    assert found["accuracy"] == pytest.approx(3 / 5)
    assert found["per_class"]["spam"] == pytest.approx({"precision": 1 / 2, "recall": 1 / 2, "f1": 1 / 2, "support": 2})
    assert found["per_class"]["ham"] == pytest.approx({"precision": 2 / 3, "recall": 2 / 3, "f1": 2 / 3, "support": 3})
    assert found["macro_f1"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert found["loss"] == pytest.approx(-np.log([0.9, 0.6, 0.3, 0.8, 0.1]).mean())


def test_a_threshold_moves_the_answers():
    assert score(LIKELY, TRUTH, ["ham", "spam"], threshold=0.3)["confusion"] == [[1, 2], [0, 2]]


def test_a_class_that_never_occurs():
    found = score(np.eye(3)[[0, 1]], np.array([0, 1]), ["a", "b", "c"])
    assert found["per_class"]["c"] == {"precision": 0, "recall": 0, "f1": 0, "support": 0}


def test_a_threshold_is_half_way():
    """Three of six are surely yes."""
    truth, likely = np.array([0, 0, 1, 1, 0, 1]), np.array([0.01, 0.02, 0.99, 0.8, 0.1, 0.9])
    assert choose_threshold(likely, truth) == pytest.approx(0.45)
    assert choose_threshold(likely, np.zeros(6)) == 0.5
    for broken in ([0.1, np.nan], [np.nan, np.nan]):
        assert choose_threshold(np.array(broken), np.array([0, 1])) == 0.5
    tiny, known = np.array([1e-7, 2e-7, 9e-7, 8e-7] * 20), np.array([0, 0, 1, 1] * 20)
    assert choose_threshold(tiny, known) == pytest.approx(5e-7)
    assert choose_threshold(np.array([1.0, 1 - 1e-16, 0.5]), np.array([1, 0, 0])) < 1  # a model takes no more


def drawn(random, count, middle, slope, shift):
    """Truths, and what a model thinks of them whose log odds are stretched and shifted."""
    odds = random.normal(middle, 2, count)
    return 1 / (1 + np.exp(-slope * odds - shift)), random.random(count) < 1 / (1 + np.exp(-odds))


def test_what_a_model_thinks_is_calibrated():
    likely, truth = drawn(np.random.default_rng(0), 20_000, -2, 2, -4)
    slope, shift = calibration(likely, truth)  # half, and the shift back
    assert (slope, shift) == (pytest.approx(0.5, abs=0.03), pytest.approx(2, abs=0.1))
    likely, truth = drawn(np.random.default_rng(0), 20_000, -4, 0.1, -2.5)
    assert calibration(likely, truth) == (pytest.approx(10, rel=0.05), pytest.approx(25, rel=0.05))
    assert calibration(np.array([0.3]), np.array([0])) == (pytest.approx(1, abs=0.3), pytest.approx(-2, abs=1))
    slope, _ = calibration(1 - likely, truth)
    assert 0 < slope < 0.1  # never the other way round


@pytest.mark.parametrize(
    ("middle", "slope", "shift"),
    [(-2, 2, -4), (-2, 1, 0), (-4, 0.1, -2.5), (-4, 0.3, -6), (-2, 0.2, -2), (-4, 2, 0)],
)
def test_a_threshold_is_near_the_best_for_other_texts(middle, slope, shift):
    """Nearer, on average, than the one that was best for the few texts that it is chosen by."""
    random, lost = np.random.default_rng(1), []
    likely, truth = drawn(random, 50_000, middle, slope, shift)
    places = np.quantile(likely, np.linspace(0, 1, 200))
    best = max(f1(likely >= place, truth) for place in places)
    for _ in range(30):
        few, known = drawn(random, 200, middle, slope, shift)
        by_chance = max(places, key=lambda place, few=few, known=known: f1(few >= place, known))
        lost.append([best - f1(likely >= place, truth) for place in (choose_threshold(few, known), by_chance)])
    ours, luck = np.mean(lost, 0)
    assert ours < 0.5 * luck


def f1(found, truth):
    return 2 * (found & truth).sum() / (found.sum() + truth.sum())


def test_what_to_choose_by():
    found = score(LIKELY, TRUTH, ["ham", "spam"])
    assert pick(found, "f1:spam") == pytest.approx(0.5)
    assert pick(found, "loss") == -found["loss"]
    check_metric("f1:spam", ("accuracy", "loss"), ["ham", "spam"])
    with pytest.raises(ZooError, match="there are accuracy, loss, f1:ham, f1:spam"):
        check_metric("f1", ("accuracy", "loss"), ["ham", "spam"])


ANY = np.array([[0.9, 0.6, 0.1], [0.2, 0.7, 0.1], [0.6, 0.1, 0.1], [0.3, 0.4, 0.1]])
HAS = np.array([[1, 1, 0], [0, 0, 0], [1, 0, 0], [1, 1, 0]])


def test_labels_by_hand():
    found = score_labels(ANY, HAS, ["a", "b", "c"])
    assert found["accuracy"] == 2 / 4
    a, b, c = found["per_class"].values()
    assert a == pytest.approx({"precision": 1, "recall": 2 / 3, "f1": 0.8, "support": 3, "answers": 2})
    assert b == pytest.approx({"precision": 1 / 2, "recall": 1 / 2, "f1": 1 / 2, "support": 2, "answers": 2})
    assert c == {"precision": 0, "recall": 0, "f1": 0, "support": 0, "answers": 0}
    assert found["macro_f1"] == pytest.approx(1.3 / 3)
    assert found["micro_f1"] == pytest.approx(2 * 3 / (4 + 5))
    right = [0.9, 0.6, 0.9, 0.8, 0.3, 0.9, 0.6, 0.9, 0.9, 0.3, 0.4, 0.9]
    assert found["loss"] == pytest.approx(-np.log(right).mean())


def test_a_threshold_for_each_label():
    found = score_labels(ANY, HAS, ["a", "b", "c"], [0.3, 0.65, 0.1])
    assert [row["answers"] for row in found["per_class"].values()] == [3, 1, 4]
    assert score_labels(ANY, HAS, ["a", "b", "c"], 0.1)["per_class"]["a"]["answers"] == 4


def test_labels_line_up():
    figures = score_labels(ANY, HAS, ["a", "a long name of it", "c"])
    first, *lines = str(Scores(figures | {"source": "x"})).splitlines()
    assert first.startswith("x: every label right 0.5000, macro F1 0.4333, micro F1 0.6667, loss 0.4")
    assert lines[0].split() == ["precision", "recall", "f1", "texts", "answers"]
    assert {len(line) for line in lines} == {len(lines[0])}
    assert lines[2].split()[-5:] == ["0.5000", "0.5000", "0.5000", "2", "2"]


def test_tables_line_up():
    found = Scores(score(LIKELY, TRUTH, ["ham", "a longer name"]) | {"source": "x"})
    lines = str(found).splitlines()
    assert lines[0].startswith("x: accuracy 0.6000, macro F1 0.5833, loss")
    assert lines[1].index("f1") + 2 == lines[3].index("0.6667", lines[3].index("0.6667", 20) + 1) + 6
    assert lines[1].split() == ["precision", "recall", "f1", "texts", "answered", "as"]
    assert lines[4].split()[:3] == ["a", "longer", "name"]


def test_pictures_are_pictures():
    figures = score(LIKELY, TRUTH, ["ham", "spam"])
    history = [{"epoch": 1, "step": 3} | figures]
    (name, confusion), *_ = draw_scores(figures, "test").items()
    (other, bars), *_ = draw_scores(score_labels(ANY, HAS, ["a", "$x$", "c"]), "test").items()
    assert (name, other) == ("confusion.png", "labels.png")
    for picture in (confusion, bars, draw_curves([{"step": 1, "loss": 0.5}], history, "loss")):
        assert picture.startswith(b"\x89PNG")
        assert len(picture) > 3000


def test_a_report_is_a_dictionary():
    assert Report(a=1)["a"] == 1
