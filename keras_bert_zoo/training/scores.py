"""How well classes were told apart."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.tasks import Task


def score(likely: np.ndarray, truth: np.ndarray, labels: Sequence[str], threshold: float | None = None) -> dict:
    """Figures for probabilities (N, C) and class numbers (N,).

    "accuracy", "macro_f1" (the mean over classes), "loss" (nats), "per_class" (precision, recall, f1 and support
    by label) and "confusion" (row: the truth, column: the answer). With a `threshold` the answer of two classes is
    the second from that probability on.
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    numbers = np.arange(len(labels))
    found = answers(likely, threshold)
    columns = precision_recall_fscore_support(truth, found, labels=numbers, zero_division=0)
    names = ("precision", "recall", "f1", "support")
    per_class = {
        label: {name: column[i].item() for name, column in zip(names, columns, strict=True)}
        for i, label in enumerate(labels)
    }
    chosen = np.maximum(likely[np.arange(len(truth)), truth], 1e-12)
    return {
        "accuracy": float((found == truth).mean()),
        "macro_f1": float(np.mean([row["f1"] for row in per_class.values()])),
        "loss": float(-np.log(chosen).mean()),
        "per_class": per_class,
        "confusion": confusion_matrix(truth, found, labels=numbers).tolist(),
    }


def probabilities(
    model: Task, inputs: Mapping[str, np.ndarray], batch_size: int, predict: Callable[[dict], Any] | None = None
) -> np.ndarray:
    """Of every class for every row, (N, C) float32; `predict` is that of `Task.run`."""
    likely = np.zeros((len(inputs["token_ids"]), len(model.labels)), "float32")
    for places, outputs, _ in model.run(inputs, batch_size, predict):
        likely[places] = keras.ops.convert_to_numpy(keras.ops.softmax(np.asarray(outputs, "float32")))
    return likely


def answers(likely: np.ndarray, threshold: float | None = None) -> np.ndarray:
    """The class number of each row."""
    return likely.argmax(-1) if threshold is None else (likely[:, 1] >= threshold).astype("int32")


def choose_threshold(likely: np.ndarray, truth: np.ndarray) -> float:
    """The probability of the second class from which it should be the answer, for the best F1 of that class.

    Half way between the two texts that it parts, so that it does not stand on one of them.
    """
    order = np.argsort(-likely[:, 1], kind="stable")
    scores, hits = likely[order, 1].astype("float64"), (truth[order] == 1).cumsum()
    if not hits[-1]:
        return 0.5  # nothing to choose by
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + (truth == 1).sum())
    ends = np.append(scores[1:] < scores[:-1], True)  # equal probabilities cannot be parted
    best = int(np.argmax(np.where(ends, f1, -1)))
    below = scores[best + 1] if best + 1 < len(scores) else 0.0
    return float((scores[best] + below) / 2)


def pick(figures: dict[str, Any], metric: str) -> float:
    """One figure by its name, larger for better."""
    if metric.startswith("f1:"):
        return figures["per_class"][metric.removeprefix("f1:")]["f1"]
    return -figures["loss"] if metric == "loss" else figures[metric]


def check_metric(metric: str, labels: Sequence[str]) -> None:
    known = ["accuracy", "macro_f1", "loss", *(f"f1:{label}" for label in labels)]
    if metric not in known:
        raise ZooError(f"best={metric!r} is no figure to choose by: there are {', '.join(known)}.")
