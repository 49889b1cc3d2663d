"""One step of pretraining: gradients of summed losses over micro-batches, divided once, clipped once, applied once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_bert_zoo.tasks import Task

SUMS = ("masked_lm", "masked_correct", "pairs", "pairs_correct")
INPUTS = ("token_ids", "segment_ids", "padding_mask", "mask_positions", "text_positions")
Batch = Mapping[str, np.ndarray]


def losses(outputs: Any, batch: Mapping[str, Any]) -> dict[str, Any]:
    """The summed losses of hidden pieces and of pairs, and how many were right."""
    logits = outputs["masked_lm"] if isinstance(outputs, dict) else outputs
    parts = {"masked_lm": (logits, batch["mask_ids"], batch["mask_weights"])}
    if "answers" in batch:
        parts["pairs"] = (outputs["next_sentence"], batch["answers"], batch["text_weights"])
    sums = dict.fromkeys(SUMS, 0.0)
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


def counts(batch: Batch) -> dict[str, float]:
    """What the sums of a whole batch are divided by: its hidden pieces and its texts with an answer."""
    texts = batch["text_weights"].sum() if "answers" in batch else 0
    return {"masked_lm": max(float(batch["mask_weights"].sum()), 1.0), "pairs": max(float(texts), 1.0)}


def parts_of(batch: Batch, micro: int) -> list[dict[str, np.ndarray]]:
    """A batch in parts of `micro` rows."""
    rows = len(batch["token_ids"])
    return [{key: value[at : at + micro] for key, value in batch.items()} for at in range(0, rows, micro)]


class Step:
    """Takes batches, changes the model. `micro` rows at a time go through it; the result is that of all at once.

    Calling it with a batch and a learning rate gives the batch's summed losses, the gradient's norm and whether the
    step was applied: one with a norm that is no number changes nothing. `variables` is all that must be kept to go on.
    """

    def __init__(self, model: Task, optimizer: keras.optimizers.Optimizer, micro: int, clip: float | None, jit: bool):
        self.model, self.optimizer, self.micro, self.clip = model, optimizer, micro, clip or float("inf")
        if not optimizer.built:
            optimizer.build(model.trainable_variables)
        self.compile(jit)

    def __call__(self, batch: Batch, rate: float) -> dict[str, float]:
        count = counts(batch)
        scale = [np.float32(1 / count["masked_lm"]), np.float32(1 / count["pairs"])]
        totals = [self.gather(part, *scale, index == 0) for index, part in enumerate(parts_of(batch, self.micro))]
        norm = float(self.apply(np.float32(rate)))
        sums = {name: float(sum(float(total[name]) for total in totals)) for name in SUMS}
        return sums | {"norm": norm, "applied": bool(np.isfinite(norm))}

    def measure(self, batch: Batch) -> dict[str, float]:
        """The summed losses of a batch, without dropout and without learning from it."""
        found = [self.score(part) for part in parts_of(batch, self.micro)]
        return {name: float(sum(float(sums[name]) for sums in found)) for name in SUMS}

    def variables(self) -> list[tuple[str, Any]]:
        """Weights, streams of random numbers and the optimizer's slots, by names that do not change."""
        model = [(f"model/{i:04d}/{v.path.split('/', 1)[-1]}", v) for i, v in enumerate(self.model.variables)]
        slots = [(f"optimizer/{i:04d}/{v.name}", v) for i, v in enumerate(self.optimizer.variables)]
        return model + slots


class TensorFlowStep(Step):
    def compile(self, jit: bool) -> None:
        import tensorflow as tf

        weights = [v.value for v in self.model.trainable_variables]
        sums = [tf.Variable(tf.zeros_like(v), trainable=False) for v in weights]

        @tf.function(jit_compile=jit, autograph=False)
        def gather(batch, masked, pairs, first):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(weights)
                outputs = self.model(inputs_of(batch), training=True)
                found = losses(outputs, batch)
                total = found["masked_lm"] * masked + found["pairs"] * pairs
            gradients = tape.gradient(total, weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
            for one, gradient in zip(sums, gradients, strict=True):
                one.assign(tf.where(first, 0.0, one) + gradient)
            return found

        @tf.function(jit_compile=jit, autograph=False)
        def apply(rate):
            norm = tf.linalg.global_norm(sums)
            scale = self.clip / tf.maximum(norm, self.clip) if np.isfinite(self.clip) else 1.0
            self.optimizer.learning_rate.assign(rate)
            tf.cond(tf.math.is_finite(norm), lambda: take(scale), lambda: None)
            return norm

        def take(scale) -> None:
            self.optimizer.apply([one * scale for one in sums], self.model.trainable_variables)

        @tf.function(jit_compile=jit, autograph=False)
        def score(batch):
            return losses(self.model(inputs_of(batch), training=False), batch)

        def as_tensors(batch: Batch) -> dict:
            return {key: tf.constant(value) for key, value in batch.items()}

        self.gather = lambda batch, masked, pairs, first: gather(as_tensors(batch), masked, pairs, tf.constant(first))
        self.apply = lambda rate: apply(tf.constant(rate))
        self.score = lambda batch: score(as_tensors(batch))


class JaxStep(Step):
    def compile(self, jit: bool) -> None:
        import jax
        import jax.numpy as jnp

        model, optimizer = self.model, self.optimizer

        def total(trainable, others, batch, masked, pairs):
            outputs, others = model.stateless_call(trainable, others, inputs_of(batch), training=True)
            found = losses(outputs, batch)
            return found["masked_lm"] * masked + found["pairs"] * pairs, (found, others)

        @jax.jit
        def gather(trainable, others, sums, batch, masked, pairs):
            gradients, (found, others) = jax.grad(total, has_aux=True)(trainable, others, batch, masked, pairs)
            return found, others, [one + gradient for one, gradient in zip(sums, gradients, strict=True)]

        @jax.jit
        def apply(trainable, slots, sums):
            norm = jnp.sqrt(sum(jnp.sum(jnp.square(one)) for one in sums))
            scale = self.clip / jnp.maximum(norm, self.clip) if np.isfinite(self.clip) else 1.0
            new = optimizer.stateless_apply(slots, [one * scale for one in sums], trainable)
            keep = jnp.isfinite(norm)
            return norm, jax.tree.map(lambda a, b: jnp.where(keep, a, b), new, (list(trainable), list(slots)))

        @jax.jit
        def score(trainable, others, batch):
            outputs, _ = model.stateless_call(trainable, others, inputs_of(batch), training=False)
            return losses(outputs, batch)

        self.functions = gather, apply, score

    def gather(self, batch, masked, pairs, first):
        weights, others = self.values(self.model.trainable_variables), self.values(self.model.non_trainable_variables)
        if first:
            self.sums = [ops.zeros_like(one) for one in weights]
        found, others, self.sums = self.functions[0](weights, others, self.sums, dict(batch), masked, pairs)
        assign(self.model.non_trainable_variables, others)
        return found

    def apply(self, rate):
        self.optimizer.learning_rate.assign(rate)
        weights, slots = self.values(self.model.trainable_variables), self.values(self.optimizer.variables)
        norm, (weights, slots) = self.functions[1](weights, slots, self.sums)
        assign(self.model.trainable_variables, weights)
        assign(self.optimizer.variables, slots)
        return norm

    def score(self, batch):
        weights, others = self.values(self.model.trainable_variables), self.values(self.model.non_trainable_variables)
        return self.functions[2](weights, others, dict(batch))

    @staticmethod
    def values(variables: Sequence) -> list:
        return [variable.value for variable in variables]


def assign(variables: Sequence, values: Sequence) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def inputs_of(batch: Mapping[str, Any]) -> dict[str, Any]:
    return {key: batch[key] for key in INPUTS if key in batch}


STEPS: dict[str, Callable[..., Step]] = {"tensorflow": TensorFlowStep, "jax": JaxStep}


def make_step(*args: Any) -> Step:
    """The step on the backend that Keras runs on."""
    return STEPS[keras.backend.backend()](*args)
