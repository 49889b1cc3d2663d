"""How good a saved model is on labelled texts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_bert_zoo.config import check_value
from keras_bert_zoo.data import Columns, Labels, read
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.tasks import Task
from keras_bert_zoo.training.tuning.questions import QUESTIONS
from keras_bert_zoo.training.tuning.report import Scores
from keras_bert_zoo.training.tuning.scores import probabilities
from keras_bert_zoo.zoo.build import load


def evaluate(
    model: Task | str | Path,
    data: Any,
    text: str = "text",
    label: str | Sequence[str] = "label",
    pair: str | None = None,
    columns: Sequence[str] | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    empty: str = "error",
    batch_size: int = 32,
) -> Scores:
    """The figures of a classifier (a model, or its folder) on labelled texts, as a dictionary that prints as a table.

    `data` and where it is read from are those of `finetune`. Raises ZooError for labels that the model does not
    know, and for a model that is no classifier.
    """
    check_value("batch_size", int, batch_size)
    model = model if isinstance(model, Task) else load(model)
    if model.key not in QUESTIONS:
        raise ZooError(f"The model is for {model.key}: evaluate takes a classifier, as finetune makes.")
    question = QUESTIONS[model.key]
    absent = [] if isinstance(label, str) else [name for name in model.labels if name not in label]
    if absent:
        raise ZooError(
            f"label= has no column for {absent[0]!r}, which the model tells: name one for each of its labels."
        )
    examples = read(data, Columns(text, label, pair, columns, encoding, separator, model.labels), empty)
    truth = question.targets(Labels(tuple(model.labels)), examples)
    likely = probabilities(model, model.read(examples.texts, examples.pairs), batch_size)
    return Scores(question.score(likely, truth, model.labels, model.threshold) | {"source": examples.source})
