"""Which class a text, or a pair of texts, belongs to."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_bert_zoo.checkpoints import Description
from keras_bert_zoo.config import check_value
from keras_bert_zoo.errors import ZooError, find
from keras_bert_zoo.layers import Pooler, ScoreHead
from keras_bert_zoo.models import BertEncoder
from keras_bert_zoo.tasks.registry import task
from keras_bert_zoo.tasks.task import Task


@task("classification")
class Classification(Task):
    """The pooled output through dropout and a dense layer (Devlin et al. 2019, section 4.1).

    `pooling` is "first", BERT's, or "mean", which suits encoders that were made for sentences (layers.Pooler).

    Returns logits (B, C), or (B, K, C) for rows of several texts with text_positions (B, K).
    `labels` names the classes; without it they are LABEL_0, LABEL_1, ... With a `threshold` the answer of two
    classes is the second from that probability on, in place of the likelier. `head_activation` is "softmax", or
    "sigmoid" for two classes: the layer then gives one number, the logit of the second, and that of the first is 0.
    """

    heads = ("pooler", "classifier")
    architectures = {"bert": "BertForSequenceClassification", "albert": "AlbertForSequenceClassification"}

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
        self.pooling, self.labels = pooling, name_classes(num_classes, labels)
        self.head_dropout, self.threshold = head_dropout, self.check_threshold(threshold)
        self.head_activation, self.logits = head_activation, find(LOGITS, head_activation, "head_activation")
        scores = count_scores(head_activation, self.labels)
        parts = {
            "pooler": Pooler(encoder.config, pooling, name="pooler"),
            "classifier": ScoreHead(encoder.config, scores, head_dropout, encoder.seeds, name="classifier"),
        }
        super().__init__(encoder, parts, **kwargs)

    @property
    def objective(self) -> keras.losses.Loss:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def call(self, inputs, training=None):
        state = self.encoder(inputs, training=training)["sequence_output"]
        pooled = self.pooler(state, inputs["padding_mask"], inputs.get("text_positions"))
        return self.logits(self.classifier(pooled, training=training))

    def targets(self, y) -> np.ndarray:
        """Class numbers (B,) or (B, K), int32, out of numbers or names. ZooError for what is no class."""
        y = np.asarray(y)
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
        own = {"head_dropout": self.head_dropout, "threshold": self.threshold, "pooling": self.pooling}
        return {"labels": list(self.labels), **own, "head_activation": self.head_activation}

    def describe(self) -> Description:
        said = replace(super().describe(), labels=self.labels, head_dropout=self.head_dropout, threshold=self.threshold)
        strange = {key: getattr(self, key) for key, usual in USUAL.items() if getattr(self, key) != usual}
        if not strange:
            return said
        return replace(said, architecture=None, problem=None, task=self.key, options=strange)  # not Hugging Face's

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
USUAL = {"pooling": "first", "head_activation": "softmax"}  # what Hugging Face's classifiers do


def count_scores(head_activation: str, labels: tuple[str, ...]) -> int:
    """How many numbers the dense layer gives."""
    if head_activation == "softmax":
        return len(labels)
    if len(labels) != 2:
        raise ZooError(
            f'head_activation="sigmoid" is one number for two classes, and there are {len(labels)}: take "softmax", '
            'or task="multi_label" for a sigmoid each.'
        )
    return 1


def name_classes(num_classes: int | None, labels: Sequence[str] | None) -> tuple[str, ...]:
    """The classes' names; a ZooError where the two arguments disagree or say nothing."""
    if labels is None and num_classes is None:
        raise ZooError("A classifier needs num_classes=..., or labels=[...] with the names of the classes.")
    if labels is None:
        if isinstance(num_classes, bool) or not isinstance(num_classes, int) or not 1 < num_classes < 1_000_000:
            raise ZooError(f"num_classes={num_classes!r} must be a whole number of at least 2.")
        return tuple(f"LABEL_{i}" for i in range(num_classes))
    if isinstance(labels, Mapping):  # Hugging Face's id2label
        labels = [labels.get(i, labels.get(str(i))) for i in range(len(labels))]
    if isinstance(labels, (str, bytes, set, frozenset)) or None in labels:
        raise ZooError(f"labels={labels!r} must be a list of names in the order of their numbers.")
    names = tuple(map(str, labels))
    for name in names:
        if name != name.encode("utf-8", "ignore").decode():
            raise ZooError(f"The label {name!r} is no text that a file can hold: give it another name.")
    if num_classes not in (None, len(names)):
        raise ZooError(f"num_classes={num_classes} but there are {len(names)} labels: give one of the two.")
    if len(set(names)) < len(names) or len(names) < 2:
        raise ZooError(f"labels={list(names)} must be different names, at least two.")
    return names
