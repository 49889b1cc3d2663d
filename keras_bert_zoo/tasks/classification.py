"""Which class a text, or a pair of texts, belongs to."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np

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
    classes is the second from that probability on, in place of the likelier.
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
        **kwargs,
    ):
        self.pooling, self.labels = pooling, name_classes(num_classes, labels)
        self.head_dropout, self.threshold = head_dropout, check_threshold(threshold, self.labels)
        parts = {
            "pooler": Pooler(encoder.config, pooling, name="pooler"),
            "classifier": ScoreHead(encoder.config, len(self.labels), head_dropout, encoder.seeds, name="classifier"),
        }
        super().__init__(encoder, parts, **kwargs)

    @property
    def objective(self) -> keras.losses.Loss:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def call(self, inputs, training=None):
        state = self.encoder(inputs, training=training)["sequence_output"]
        pooled = self.pooler(state, inputs["padding_mask"], inputs.get("text_positions"))
        return self.classifier(pooled, training=training)

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
        return {"labels": list(self.labels), **own}

    def describe(self) -> Description:
        said = replace(super().describe(), labels=self.labels, head_dropout=self.head_dropout, threshold=self.threshold)
        if self.pooling == "first":
            return said
        return replace(said, architecture=None, task=self.key, options={"pooling": self.pooling})  # not Hugging Face's

    def decode(self, outputs, inputs) -> list[dict[str, Any]]:
        """The likeliest "label", its "score" (a probability), and the "scores" of all labels."""
        likely = np.exp(outputs - outputs.max(-1, keepdims=True))
        likely /= likely.sum(-1, keepdims=True)
        answers = []
        for row in likely:
            scores = {label: float(score) for label, score in zip(self.labels, row, strict=True)}
            label = max(scores, key=scores.get)
            if self.threshold is not None:
                label = self.labels[int(scores[self.labels[1]] >= self.threshold)]
            answers.append({"label": label, "score": scores[label], "scores": scores})
        return answers


def check_threshold(threshold: float | None, labels: tuple[str, ...]) -> float | None:
    if threshold is None:
        return None
    check_value("threshold", float, threshold)
    if len(labels) != 2:
        raise ZooError(f"threshold={threshold} is for two classes, and there are {len(labels)}.")
    return threshold


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
