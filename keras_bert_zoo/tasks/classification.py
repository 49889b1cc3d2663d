"""Which class a text, or a pair of texts, belongs to."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_bert_zoo.config import check_value
from keras_bert_zoo.errors import ZooError, find
from keras_bert_zoo.models import BertEncoder
from keras_bert_zoo.tasks.classifier import Classifier
from keras_bert_zoo.tasks.reading import as_array
from keras_bert_zoo.tasks.registry import task


@task("classification")
class Classification(Classifier):
    """One of the classes for every text.

    `pooling` is "first", BERT's, or "mean", which suits encoders that were made for sentences (layers.Pooler).

    Returns logits (B, C), or (B, K, C) for rows of several texts with text_positions (B, K).
    `labels` names the classes; without it they are LABEL_0, LABEL_1, ... With a `threshold` the answer of two
    classes is the second from that probability on, in place of the likelier. `head_activation` is "softmax", or
    "sigmoid" for two classes: the layer then gives one number, the logit of the second, and that of the first is 0.
    """

    problem = "single_label_classification"

    def __init__(
        self,
        encoder: BertEncoder,
        num_classes: int | None = None,
        labels: Sequence[str] | None = None,
        head_dropout: float = 0.1,
        threshold: float | None = None,
        pooling: str = "first",
        head_activation: str = "softmax",
        **kwargs,
    ):
        self.head_activation, self.logits = head_activation, find(LOGITS, head_activation, "head_activation")
        super().__init__(encoder, num_classes, labels, head_dropout, threshold, pooling, **kwargs)

    def count_scores(self) -> int:
        if self.head_activation == "softmax":
            return super().count_scores()
        if len(self.labels) != 2:
            raise ZooError(
                f'head_activation="sigmoid" is one number for two classes, and there are {len(self.labels)}: take '
                '"softmax", or task="multi_label" for a sigmoid each.'
            )
        return 1

    @property
    def objective(self) -> keras.losses.Loss:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def call(self, inputs, training=None):
        return self.logits(super().call(inputs, training=training))

    def targets(self, y) -> np.ndarray:
        """Class numbers (B,) or (B, K), int32, out of numbers or names. ZooError for what is no class."""
        y = as_array(y)
        if y.dtype.kind in "USO":
            number = {label: i for i, label in enumerate(self.labels)}
            for name in y.flat:
                find(number, str(name), "class")
            return np.vectorize(lambda name: number[str(name)], otypes=["int32"])(y)
        if y.ndim > 1 and y.shape[-1] == len(self.labels) and y.ndim == 2 and (y.sum(-1) == 1).all():
            raise ZooError(
                f"The targets have the shape {y.shape}, one-hot: give class numbers, y.argmax(-1), or compile with "
                "loss=keras.losses.CategoricalCrossentropy(from_logits=True)."
            )
        strange = y[~np.isin(y, np.arange(len(self.labels)))]
        if strange.size:
            raise ZooError(
                f"The targets hold {strange.flat[0]}, but there are the classes 0 to {len(self.labels) - 1} "
                f"({', '.join(self.labels[:20])}): give their numbers or names."
            )
        return y.astype("int32")

    def options(self) -> dict[str, Any]:
        return {**super().options(), "head_activation": self.head_activation}

    def check_threshold(self, threshold: Any) -> float | None:
        if threshold is None:
            return None
        check_value("threshold", float, threshold)
        if len(self.labels) != 2:
            raise ZooError(f"threshold={threshold} is for two classes, and there are {len(self.labels)}.")
        return threshold

    def likely(self, outputs: np.ndarray) -> np.ndarray:
        """The probability of every class, (..., C), of logits."""
        found = np.exp(outputs - outputs.max(-1, keepdims=True))
        return found / found.sum(-1, keepdims=True)

    def decode(self, outputs, inputs) -> list[dict[str, Any]]:
        """The likeliest "label", its "score" (a probability), and the "scores" of all labels."""
        answers = []
        for row in self.likely(outputs):
            scores = {label: float(score) for label, score in zip(self.labels, row, strict=True)}
            label = max(scores, key=scores.get)
            if self.threshold is not None:
                label = self.labels[int(scores[self.labels[1]] >= self.threshold)]
            answers.append({"label": label, "score": scores[label], "scores": scores})
        return answers


def as_they_are(scores):
    return scores


def beside_zero(score):
    """The logit of the second class (..., 1) as logits of both (..., 2): the softmax of these is its sigmoid."""
    return ops.concatenate([ops.zeros_like(score), score], axis=-1)


LOGITS = {"softmax": as_they_are, "sigmoid": beside_zero}
