"""Which labels a text, or a pair of texts, has: any number of them."""

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_bert_zoo.config import check_value
from keras_bert_zoo.data.columns import LISTS
from keras_bert_zoo.errors import ZooError, find
from keras_bert_zoo.tasks.classifier import Classifier
from keras_bert_zoo.tasks.registry import task

EVEN = 0.5  # the probability from which a label is given, unless said


@keras.saving.register_keras_serializable("keras_bert_zoo")
class EachLabel(keras.losses.Loss):
    """The cross-entropy of every label by itself, from targets of 0 and 1 and logits, both (..., C).

    A weight is one for each text (...), or one for each label of each.
    """

    def __call__(self, y_true, y_pred, sample_weight=None):
        if sample_weight is not None and len(sample_weight.shape) < len(y_pred.shape):
            sample_weight = ops.expand_dims(sample_weight, -1)
        return super().__call__(y_true, y_pred, sample_weight)

    def call(self, y_true, y_pred):
        return ops.binary_crossentropy(ops.cast(y_true, y_pred.dtype), y_pred, from_logits=True)


@task("multi_label")
class MultiLabel(Classifier):
    """Any number of labels for every text: each is a question of its own, answered by a sigmoid.

    Returns logits (B, C), or (B, K, C) for rows of several texts with text_positions (B, K). An answer has the labels
    whose probability is at least `threshold`, a half; a list gives each label its own. `labels` and `pooling` are as in
    Classification.
    """

    problem = "multi_label_classification"

    @property
    def objective(self) -> keras.losses.Loss:
        return EachLabel()

    def targets(self, y) -> np.ndarray:
        """0 and 1 for every label, float32 (B, C) or (B, K, C), out of such or of lists of names. ZooError for else."""
        if not isinstance(y, np.ndarray) and any(map(has_names, y)):
            y = [self.flags(names) for names in y]
        try:
            y = np.asarray(y, "float32")
        except (TypeError, ValueError) as error:
            raise ZooError("The targets are uneven: give a list of names for each text, or 0 and 1 (B, C).") from error
        if y.ndim < 2 or y.shape[-1] != len(self.labels) or not np.isin(y, (0, 1)).all():
            raise ZooError(
                f"The targets have the shape {y.shape}: give a list of names for each text, or 0 and 1 "
                f"(B, {len(self.labels)}) for {', '.join(self.labels[:20])}."
            )
        return y

    def flags(self, names: Any) -> np.ndarray:
        """1 for the labels that are named, else 0, (C,)."""
        several = [names] if isinstance(names, str) else names
        if not isinstance(several, LISTS) or not all(isinstance(name, str) for name in several):
            raise ZooError(f"{names!r:.60} is no list of labels: give one for each text, [] for none.")
        for name in several:
            find(dict.fromkeys(self.labels), str(name), "label")
        return np.isin(self.labels, list(several)).astype("float32")

    def check_threshold(self, threshold: Any) -> float | tuple[float, ...] | None:
        if threshold is None:
            return None
        threshold = threshold.tolist() if isinstance(threshold, np.ndarray) else threshold
        if not isinstance(threshold, (list, tuple)):
            check_value("threshold", float, threshold)
            return threshold
        if len(threshold) != len(self.labels):
            raise ZooError(f"threshold= has {len(threshold)} numbers for {len(self.labels)} labels: give each its own.")
        for each in threshold:
            check_value("threshold", float, each)
        return tuple(map(float, threshold))

    def likely(self, outputs: np.ndarray) -> np.ndarray:
        """The probability of every label, (..., C), of logits."""
        return np.exp(-np.logaddexp(0, -outputs))

    def decode(self, outputs, inputs) -> list[dict[str, Any]]:
        """The "labels", the likeliest first, and the "scores" (probabilities) of all."""
        least = np.broadcast_to(EVEN if self.threshold is None else self.threshold, len(self.labels))
        answers = []
        for row in self.likely(outputs):
            given = [self.labels[i] for i in np.argsort(-row, kind="stable") if row[i] >= least[i]]
            answers.append({"labels": given, "scores": dict(zip(self.labels, map(float, row), strict=True))})
        return answers


def has_names(given: Any) -> bool:
    """Whether it is a label, or a list that is not of numbers."""
    return isinstance(given, str) or (isinstance(given, LISTS) and all(isinstance(name, str) for name in given))
