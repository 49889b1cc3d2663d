"""What a step learns: losses summed over a batch, the counts that divide them, and what comes of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from keras import ops

Sums = dict[str, Any]


@dataclass(frozen=True)
class Goal:
    """What a batch of arrays is learnt for. `inputs` are those that the model takes, where the batch has them.

    `add` gives the `sums` of outputs and batch, `count` the `counts` of a batch, and `loss` what to descend, from the
    sums of any part of a batch and the counts of all of it.
    """

    inputs: tuple[str, ...]
    sums: tuple[str, ...]
    counts: tuple[str, ...]
    add: Callable[[Any, Mapping[str, Any]], Sums]
    count: Callable[[Mapping[str, Any]], Sums]
    loss: Callable[[Mapping[str, Any], Mapping[str, Any]], Any]

    def inputs_of(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        return {key: batch[key] for key in self.inputs if key in batch}


def add_pretraining(outputs: Any, batch: Mapping[str, Any]) -> Sums:
    """The summed losses of hidden pieces and of pairs, and how many were right."""
    logits = outputs["masked_lm"] if isinstance(outputs, dict) else outputs
    parts = {"masked_lm": (logits, batch["mask_ids"], batch["mask_weights"])}
    if "answers" in batch:
        parts["pairs"] = (outputs["next_sentence"], batch["answers"], batch["text_weights"])
    sums = {name: ops.zeros(()) for name in PRETRAINING.sums}
    for name, (scores, truth, weights) in parts.items():
        sums[name] = ops.sum(surprise(scores, truth) * weights)
        right = ops.sum(correct(scores, truth) * weights)
        sums["masked_correct" if name == "masked_lm" else "pairs_correct"] = right
    return sums


def surprise(scores: Any, truth: Any) -> Any:
    """Minus the log of the truth's probability, in the shape of `truth`.

    TensorFlow's own cross-entropy of sparse labels takes a quarter longer over a vocabulary, forward and back.
    """
    own = ops.take_along_axis(scores, truth[..., None], axis=-1)
    return ops.logsumexp(scores, axis=-1) - own[..., 0]


def correct(scores: Any, truth: Any) -> Any:
    """1 where the truth has the best score, and a share where others have it too, in the shape of `truth`.

    TensorFlow's argmax takes longer on a CPU than the scores themselves.
    """
    best = ops.max(scores, axis=-1, keepdims=True)
    equals = ops.sum(ops.cast(scores >= best, "float32"), axis=-1)
    own = ops.take_along_axis(scores, truth[..., None], axis=-1)
    return ops.cast(own >= best, "float32")[..., 0] / equals


def count_pretraining(batch: Mapping[str, Any]) -> Sums:
    """How many hidden pieces, texts with an answer and real tokens a batch has."""
    texts = ops.sum(batch["text_weights"]) if "answers" in batch else ops.zeros(())
    return {"masked": ops.sum(batch["mask_weights"]), "answers": texts, "real": real_tokens(batch)}


def real_tokens(batch: Mapping[str, Any]) -> Any:
    return ops.sum(ops.cast(batch["padding_mask"] > 0, "float32"))


def pretraining_loss(sums: Mapping[str, Any], counts: Mapping[str, Any]) -> Any:
    """Each sum divided by its count."""
    return sums["masked_lm"] / ops.maximum(counts["masked"], 1.0) + sums["pairs"] / ops.maximum(counts["answers"], 1.0)


def add_classes(outputs: Any, batch: Mapping[str, Any]) -> Sums:
    """The summed loss of the classes of texts, each with its weight."""
    return {"classes": ops.sum(surprise(ops.cast(outputs, "float32"), batch["targets"]) * batch["weights"])}


def add_labels(outputs: Any, batch: Mapping[str, Any]) -> Sums:
    """The summed loss of the labels of texts, each by itself, with its weight."""
    losses = ops.binary_crossentropy(batch["targets"], ops.cast(outputs, "float32"), from_logits=True)
    return {"classes": ops.sum(losses * batch["weights"])}


def count_classes(batch: Mapping[str, Any]) -> Sums:
    return {"weights": ops.sum(batch["weights"]), "real": real_tokens(batch)}


def classes_loss(sums: Mapping[str, Any], counts: Mapping[str, Any]) -> Any:
    return sums["classes"] / ops.maximum(counts["weights"], 1e-9)


TEXT = ("token_ids", "segment_ids", "padding_mask", "text_positions")
PRETRAINING = Goal(
    (*TEXT, "mask_positions"),
    ("masked_lm", "masked_correct", "pairs", "pairs_correct"),
    ("masked", "answers", "real"),
    add_pretraining,
    count_pretraining,
    pretraining_loss,
)
CLASSES = Goal(TEXT, ("classes",), ("weights", "real"), add_classes, count_classes, classes_loss)
