"""Which class a text, or a pair of texts, belongs to."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from keras_bert_zoo.checkpoints import Description
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.layers import Pooler, ScoreHead
from keras_bert_zoo.models import BertEncoder
from keras_bert_zoo.tasks.task import Task, task


@task("classification")
class Classification(Task):
    """The pooled output through dropout and a dense layer (Devlin et al. 2019, section 4.1).

    Returns logits (B, C), or (B, K, C) for rows of several texts with text_positions (B, K).
    `labels` names the classes; without it they are LABEL_0, LABEL_1, ...
    """

    heads = ("pooler", "classifier")
    architectures = {"bert": "BertForSequenceClassification", "albert": "AlbertForSequenceClassification"}

    def __init__(
        self,
        encoder: BertEncoder,
        num_classes: int | None = None,
        labels: Sequence[str] | None = None,
        head_dropout: float = 0.1,
        **kwargs,
    ):
        self.labels = name_classes(num_classes, labels)
        self.head_dropout = head_dropout
        parts = {
            "pooler": Pooler(encoder.config, name="pooler"),
            "classifier": ScoreHead(encoder.config, len(self.labels), head_dropout, encoder.seeds, name="classifier"),
        }
        super().__init__(encoder, parts, **kwargs)

    @property
    def objective(self) -> keras.losses.Loss:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def call(self, inputs):
        state = self.encoder(inputs)["sequence_output"]
        return self.classifier(self.pooler(state, inputs.get("text_positions")))

    def options(self) -> dict[str, Any]:
        return {"labels": list(self.labels), "head_dropout": self.head_dropout}

    def describe(self) -> Description:
        return replace(super().describe(), labels=self.labels, head_dropout=self.head_dropout)

    def decode(self, outputs, inputs) -> list[dict[str, Any]]:
        """The likeliest "label", its "score" (a probability), and the "scores" of all labels."""
        likely = np.exp(outputs - outputs.max(-1, keepdims=True))
        likely /= likely.sum(-1, keepdims=True)
        answers = []
        for row in likely:
            scores = {label: float(score) for label, score in zip(self.labels, row, strict=True)}
            label = max(scores, key=scores.get)
            answers.append({"label": label, "score": scores[label], "scores": scores})
        return answers


def name_classes(num_classes: int | None, labels: Sequence[str] | None) -> tuple[str, ...]:
    """The classes' names; a ZooError where the two arguments disagree or say nothing."""
    if labels is None and num_classes is None:
        raise ZooError("A classifier needs num_classes=..., or labels=[...] with the names of the classes.")
    if labels is None:
        if isinstance(num_classes, bool) or not isinstance(num_classes, int) or not 1 < num_classes < 1_000_000:
            raise ZooError(f"num_classes={num_classes!r} must be a whole number of at least 2.")
        return tuple(f"LABEL_{i}" for i in range(num_classes))
    names = tuple(map(str, labels))
    if num_classes not in (None, len(names)):
        raise ZooError(f"num_classes={num_classes} but there are {len(names)} labels: give one of the two.")
    if len(set(names)) < len(names) or len(names) < 2:
        raise ZooError(f"labels={list(names)} must be different names, at least two.")
    return names
