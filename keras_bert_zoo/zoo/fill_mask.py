"""Guess the words that [MASK] hides."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.tasks import MaskedLM, Task
from keras_bert_zoo.zoo.build import build
from keras_bert_zoo.zoo.presets import is_name


def fill_mask(texts: str | Sequence[str], model: Task | str | Path) -> list[Any]:
    """The likeliest words for every [MASK]: for one text a list with a list of {"token", "score"} for each mask.

    fill_mask("Paris is the [MASK] of France.", "bert_base")[0][0]["token"]

    `model` is a masked_lm or pretraining model, a folder, or the name of a model that has a release. For several texts
    it is a list of such lists. Raises ZooError for a model without that head, and where no text has a [MASK].
    """
    answers = open_model(model).answer(texts)
    return answers[0] if isinstance(texts, (str, bytes)) else answers


def open_model(model: Task | str | Path) -> Task:
    """The model itself, of a name, or of a folder, as one that answers with masks only."""
    if isinstance(model, Task) and model.key == "masked_lm":
        return model
    if isinstance(model, Task):
        return only_masks(model)
    weights = {"name": model, "weights": "pretrained"} if is_name(model) else {"weights": model}
    found = build(task="masked_lm", **weights)
    if found.load_report.new:
        raise ZooError(f"{model} has no head for hidden words, and an untrained one would guess at random.")
    return found


def only_masks(model: Task) -> Task:
    """A masked_lm model with the encoder and the head of another."""
    if not hasattr(model, "masked_lm"):
        raise ZooError(f"The model is for {model.key}, and has no head for hidden words: give a masked_lm model.")
    twin = MaskedLM(model.encoder)
    for theirs, ours in zip(model.masked_lm.weights, twin.masked_lm.weights, strict=True):
        ours.assign(theirs)
    twin.tokenizer = model.tokenizer
    return twin
