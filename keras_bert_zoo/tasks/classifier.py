"""What every task with a pooler and a dense layer over labels is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from keras_bert_zoo.checkpoints import HEADS_ALONE, Description
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.layers import Pooler, ScoreHead
from keras_bert_zoo.models import BertEncoder
from keras_bert_zoo.tasks.task import Task


class Classifier(Task):
    """The pooled output through dropout and a dense layer (Devlin et al. 2019, section 4.1).

    A subclass gives `objective`, `targets`, `check_threshold`, `likely` (logits to probabilities) and `decode`, and
    where the layer does not have a number for each label, `count_scores`.
    """

    heads = ("pooler", "classifier")
    architectures = {"bert": "BertForSequenceClassification", "albert": "AlbertForSequenceClassification"}

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
        self.labels, self.head_dropout, self.pooling = name_classes(num_classes, labels), head_dropout, pooling
        self.threshold, scores = threshold, self.count_scores()
        parts = {
            "pooler": Pooler(encoder.config, pooling, name="pooler"),
            "classifier": ScoreHead(encoder.config, scores, head_dropout, encoder.seeds, name="classifier"),
        }
        super().__init__(encoder, parts, **kwargs)

    def count_scores(self) -> int:
        """How many numbers the dense layer gives."""
        return len(self.labels)

    def call(self, inputs, training=None):
        state = self.encoder(inputs, training=training)["sequence_output"]
        pooled = self.pooler(state, inputs["padding_mask"], inputs.get("text_positions"))
        return self.classifier(pooled, training=training)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, self.check_threshold(value) if name == "threshold" else value)

    def options(self) -> dict[str, Any]:
        own = {"head_dropout": self.head_dropout, "threshold": self.threshold, "pooling": self.pooling}
        return {"labels": list(self.labels), **own}

    def describe(self) -> Description:
        said = replace(super().describe(), labels=self.labels, head_dropout=self.head_dropout, threshold=self.threshold)
        own = self.options()
        strange = {key: own[key] for key, usual in HEADS_ALONE.items() if own.get(key, usual) != usual}
        if not strange:
            return said
        # Hugging Face's classes do not have these
        return replace(said, architecture=None, problem=None, task=self.key, options=strange)


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
    if not isinstance(labels, (list, tuple, np.ndarray)) or any(label is None for label in labels):
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
