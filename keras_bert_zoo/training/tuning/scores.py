"""How well classes were told apart, and labels found."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.tasks import EVEN, Task

LEAST = 1e-12  # probability that a logarithm is taken of
PRIOR = 0.1  # how strongly a calibration is held back, in texts
COLUMNS = ("precision", "recall", "f1", "support")


def score(likely: np.ndarray, truth: np.ndarray, labels: Sequence[str], threshold: float | None = None) -> dict:
    """Figures for probabilities (N, C) and class numbers (N,).

    "accuracy", "macro_f1" (the mean over classes), "loss" (nats), "per_class" (precision, recall, f1 and support
    by label) and "confusion" (row: the truth, column: the answer). With a `threshold` the answer of two classes is
    the second from that probability on.
    """
    from sklearn.metrics import confusion_matrix

    numbers = np.arange(len(labels))
    found = answers(likely, threshold)
    per_class = by_label(truth, found, labels)
    chosen = np.maximum(likely[np.arange(len(truth)), truth], LEAST)
    return {
        "accuracy": float((found == truth).mean()),
        "macro_f1": float(np.mean([row["f1"] for row in per_class.values()])),
        "loss": float(-np.log(chosen).mean()),
        "per_class": per_class,
        "confusion": confusion_matrix(truth, found, labels=numbers).tolist(),
    }


def score_labels(likely: np.ndarray, truth: np.ndarray, labels: Sequence[str], threshold: Any = None) -> dict:
    """Figures for probabilities and truths of 0 and 1, both (N, C).

    "accuracy" (texts with every label right), "macro_f1" (the mean over labels), "micro_f1" (of all answers
    together), "loss" (nats a label), and "per_class" as in `score`, with "answers", how many texts were given the
    label. `threshold` is a number, or one for each label.
    """
    found = likely >= (EVEN if threshold is None else np.asarray(threshold))
    truth = truth > 0
    per_class = by_label(truth, found, labels)
    for row, count in zip(per_class.values(), found.sum(0).tolist(), strict=True):
        row["answers"] = count
    right = int((found & truth).sum())
    chosen = np.maximum(np.where(truth, likely, 1 - likely), LEAST)
    return {
        "accuracy": float((found == truth).all(-1).mean()),
        "macro_f1": float(np.mean([row["f1"] for row in per_class.values()])),
        "micro_f1": 2 * right / max(1, int(found.sum() + truth.sum())),
        "loss": float(-np.log(chosen).mean()),
        "per_class": per_class,
    }


def by_label(truth: np.ndarray, found: np.ndarray, labels: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Precision, recall, f1 and support of every label."""
    from sklearn.metrics import precision_recall_fscore_support

    columns = precision_recall_fscore_support(truth, found, labels=np.arange(len(labels)), zero_division=0)
    return {
        label: {name: column[i].item() for name, column in zip(COLUMNS, columns, strict=True)}
        for i, label in enumerate(labels)
    }


def probabilities(
    model: Task, inputs: Mapping[str, np.ndarray], batch_size: int, predict: Callable[[dict], Any] | None = None
) -> np.ndarray:
    """Of every class for every row, (N, C); `predict` is that of `Task.run`."""
    likely = np.zeros((len(inputs["token_ids"]), len(model.labels)))
    for places, outputs, _ in model.run(inputs, batch_size, predict):
        likely[places] = model.likely(np.asarray(outputs, "float64"))
    return likely


def answers(likely: np.ndarray, threshold: float | None = None) -> np.ndarray:
    """The class number of each row."""
    return likely.argmax(-1) if threshold is None else (likely[:, 1] >= threshold).astype("int32")


def choose_threshold(likely: np.ndarray, truth: np.ndarray) -> float:
    """The probability from which the answer should be yes, for the best F1 of yes, from both (N,).

    It is the F1 that is expected of calibrated probabilities: what happened to be best for a hundred texts is seldom
    best for others. Half way between the two texts that it parts, so that it does not stand on one of them.
    """
    from scipy.special import expit

    if not (truth > 0).any() or not np.isfinite(likely).all():
        return EVEN  # nothing to choose by
    scores = np.sort(likely.astype("float64"))[::-1]
    slope, shift = calibration(likely, truth)
    sure = expit(slope * log_odds(scores) + shift)
    f1 = 2 * sure.cumsum() / (np.arange(1, len(sure) + 1) + sure.sum())
    best = int(f1.argmax())
    below = scores[best + 1] if best + 1 < len(scores) else 0.0
    return min(float((scores[best] + below) / 2), np.nextafter(1.0, 0.0).item())


def calibration(likely: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Slope and shift of the log odds that suit the truth best (Platt 1999), near 1 and 0 for want of texts."""
    from scipy.optimize import minimize
    from scipy.special import expit, log_expit

    odds, side = log_odds(likely), np.where(truth > 0, 1.0, -1.0)
    middle = odds.mean()  # of a rare label far from 0, where a slope would need a shift with it
    away = odds - middle

    def loss(line: np.ndarray) -> tuple[float, np.ndarray]:
        steeper = np.exp(line[0]) * away
        margins = side * (steeper + middle + line[1])
        pull = -side * expit(-margins)
        value = -log_expit(margins).sum() + PRIOR / 2 * (line @ line)
        return value, np.array([pull @ steeper, pull.sum()]) + PRIOR * line

    slope, shift = minimize(loss, (0.0, 0.0), jac=True, method="L-BFGS-B", bounds=((-5, 5), (None, None))).x
    return float(np.exp(slope)), float(middle + shift - np.exp(slope) * middle)


def log_odds(likely: np.ndarray) -> np.ndarray:
    from scipy.special import logit

    return logit(np.clip(likely.astype("float64"), LEAST, 1 - LEAST))


def pick(figures: dict[str, Any], metric: str) -> float:
    """One figure by its name, larger for better."""
    if metric.startswith("f1:"):
        return figures["per_class"][metric.removeprefix("f1:")]["f1"]
    return -figures["loss"] if metric == "loss" else figures[metric]


def check_metric(metric: str, figures: Sequence[str], labels: Sequence[str]) -> None:
    known = [*figures, *(f"f1:{label}" for label in labels)]
    if metric not in known:
        raise ZooError(f"best={metric!r} is no figure to choose by: there are {', '.join(known)}.")
