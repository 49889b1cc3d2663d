"""Which labels a text, or a pair of texts, has: any number of them."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_bert_zoo.config import check_value
from keras_bert_zoo.errors import ZooError, find
from keras_bert_zoo.models import BertEncoder
from keras_bert_zoo.tasks.classification import Classification
from keras_bert_zoo.tasks.registry import task

EVEN = 0.5  # the probability from which a label is given, unless said


@keras.saving.register_keras_serializable("keras_bert_zoo")
class EachLabel(keras.losses.Loss):
    """The cross-entropy of every label by itself, from targets of 0 and 1 and logits, both (..., C)."""

    def call(self, y_true, y_pred):
        return ops.binary_crossentropy(ops.cast(y_true, y_pred.dtype), y_pred, from_logits=True)


@task("multi_label")
class MultiLabel(Classification):
    """A classifier in which every label is a question of its own, answered by a sigmoid.

    Returns logits (B, C), or (B, K, C) for rows of several texts with text_positions (B, K). An answer has the labels
    whose probability is at least `threshold`, a half; a list gives each label its own.
    """

    problem = "multi_label_classification"

    def __init__(
        self,
        encoder: BertEncoder,
        num_classes: int | None = None,
        labels: Sequence[str] | None = None,
        head_dropout: float = 0.1,
        threshold: float | Sequence[float] | None = None,
        pooling: str = "first",
        **kwargs,
    ):
        super().__init__(encoder, num_classes, labels, head_dropout, threshold, pooling, **kwargs)

    @property
    def objective(self) -> keras.losses.Loss:
        return EachLabel()

    def targets(self, y) -> np.ndarray:
        """0 and 1 for every label, float32 (B, C) or (B, K, C), out of such or of lists of names. ZooError for else."""
        if isinstance(y, (list, tuple)) and any(isinstance(name, str) for names in y for name in as_names(names)):
            y = [self.flags(as_names(names)) for names in y]
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

    def flags(self, names: Sequence[str]) -> np.ndarray:
        """1 for the labels that are named, else 0, (C,)."""
        for name in names:
            find(dict.fromkeys(self.labels), name, "label")
        return np.isin(self.labels, list(names)).astype("float32")

    def options(self) -> dict[str, Any]:
        return {key: value for key, value in super().options().items() if key != "head_activation"}

    def check_threshold(self, threshold: Any) -> float | tuple[float, ...] | None:
        if threshold is None:
            return None
        if not isinstance(threshold, (list, tuple, np.ndarray)):
            check_value("threshold", float, threshold)
            return threshold
        if len(threshold) != len(self.labels):
            raise ZooError(f"threshold= has {len(threshold)} numbers for {len(self.labels)} labels: give each its own.")
        for each in threshold:
            check_value("threshold", float, each)
        return tuple(map(float, threshold))

    def likely(self, outputs: np.ndarray) -> np.ndarray:
        """The probability of every label, (..., C), of logits."""
        return 0.5 + 0.5 * np.tanh(0.5 * outputs)  # the sigmoid, which so cannot overflow

    def decode(self, outputs, inputs) -> list[dict[str, Any]]:
        """The "labels", the likeliest first, and the "scores" (probabilities) of all."""
        least = np.broadcast_to(EVEN if self.threshold is None else self.threshold, len(self.labels))
        answers = []
        for row in self.likely(outputs):
            given = [self.labels[i] for i in np.argsort(-row, kind="stable") if row[i] >= least[i]]
            answers.append({"labels": given, "scores": dict(zip(self.labels, map(float, row), strict=True))})
        return answers


def as_names(given: Any) -> Sequence[Any]:
    """A list of names; a single one is one of them."""
    return [given] if isinstance(given, str) else given if isinstance(given, (list, tuple, set)) else []
