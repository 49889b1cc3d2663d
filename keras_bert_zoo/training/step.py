"""One step of pretraining: gradients of summed losses over micro-batches and replicas, divided once, clipped once,
applied once."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_bert_zoo.distribution import Runtime
from keras_bert_zoo.tasks import Task

ONE = Runtime()
SUMS = ("masked_lm", "masked_correct", "pairs", "pairs_correct")
COUNTS = ("masked", "answers", "real")
INPUTS = ("token_ids", "segment_ids", "padding_mask", "mask_positions", "text_positions")
Batch = Mapping[str, np.ndarray]


def losses(outputs: Any, batch: Mapping[str, Any]) -> dict[str, Any]:
    """The summed losses of hidden pieces and of pairs, and how many were right."""
    logits = outputs["masked_lm"] if isinstance(outputs, dict) else outputs
    parts = {"masked_lm": (logits, batch["mask_ids"], batch["mask_weights"])}
    if "answers" in batch:
        parts["pairs"] = (outputs["next_sentence"], batch["answers"], batch["text_weights"])
    sums = {name: ops.zeros(()) for name in SUMS}
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


def counts(batch: Mapping[str, Any]) -> dict[str, Any]:
    """How many hidden pieces, texts with an answer and real tokens a batch has."""
    texts = ops.sum(batch["text_weights"]) if "answers" in batch else ops.zeros(())
    real = ops.sum(ops.cast(batch["padding_mask"] > 0, "float32"))
    return {"masked": ops.sum(batch["mask_weights"]), "answers": texts, "real": real}


def loss_of(sums: Mapping[str, Any], found: Mapping[str, Any]) -> Any:
    """What is learnt from: each sum divided by its count in the whole batch."""
    return sums["masked_lm"] / ops.maximum(found["masked"], 1.0) + sums["pairs"] / ops.maximum(found["answers"], 1.0)


def inputs_of(batch: Mapping[str, Any]) -> dict[str, Any]:
    return {key: batch[key] for key in INPUTS if key in batch}


def padded(batch: Batch, multiple: int) -> dict[str, np.ndarray]:
    """With rows that weigh nothing, up to a multiple."""
    missing = -len(batch["token_ids"]) % multiple
    return {
        key: np.concatenate([value, np.zeros((missing, *value.shape[1:]), value.dtype)]) for key, value in batch.items()
    }


def fewest_parts(rows: int, micro: int) -> int:
    """In how many equal parts, as few as `micro` rows each allow, a device takes its rows."""
    return next(parts for parts in range(1, rows + 1) if rows % parts == 0 and rows // parts <= micro)


class Step(ABC):
    """Takes batches, changes the model. At most `micro` rows go through a device at once, with one result.

    `take` gets the batches of some steps, of which each process gives its own rows, and their learning rates, and gives
    for each step the summed losses and counts of the whole batch, the gradient's norm, and whether the step was
    applied: one with a norm that is no number changes nothing. `variables` is all that must be kept to go on.
    """

    def __init__(
        self,
        model: Task,
        optimizer: keras.optimizers.Optimizer,
        micro: int,
        clip: float | None,
        jit: bool,
        runtime: Runtime = ONE,
    ):
        self.model, self.optimizer, self.micro, self.clip = model, optimizer, micro, clip or float("inf")
        self.runtime = runtime
        if not optimizer.built:
            with runtime.scope():
                optimizer.build(model.trainable_variables)
        self.compile(jit)

    def __call__(self, batch: Batch, rate: float) -> dict[str, float]:
        return self.take([batch], [rate])[0]

    @abstractmethod
    def compile(self, jit: bool) -> None:
        """Make the functions that the devices run."""

    @abstractmethod
    def take(self, batches: Sequence[Batch], rates: Sequence[float], stop: bool = False) -> list[dict[str, float]]:
        """The figures of each step; "stop" is above 0 where a process said so."""

    @abstractmethod
    def measure(self, batch: Batch) -> dict[str, float]:
        """The summed losses and counts of a batch, without dropout and without learning from it."""

    def parts(self, batch: Batch) -> int:
        return fewest_parts(len(batch["token_ids"]) // self.runtime.here, self.micro)

    def variables(self) -> list[tuple[str, Any]]:
        """Weights, streams of random numbers and the optimizer's slots, by names that do not change."""
        model = [(f"model/{i:04d}/{v.path.split('/', 1)[-1]}", v) for i, v in enumerate(self.model.variables)]
        slots = [(f"optimizer/{i:04d}/{v.name}", v) for i, v in enumerate(self.optimizer.variables)]
        return model + slots


def make_step(*args: Any) -> Step:
    """The step on the backend that Keras runs on."""
    if keras.backend.backend() == "jax":
        from keras_bert_zoo.training.jax_step import JaxStep

        return JaxStep(*args)
    from keras_bert_zoo.training.tensorflow_step import TensorFlowStep

    return TensorFlowStep(*args)
