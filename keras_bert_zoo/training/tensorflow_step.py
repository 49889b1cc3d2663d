"""The step on TensorFlow: one loop over strategy.run for one device, several, several hosts and a TPU."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_bert_zoo.distribution.strategy import workers_that_stay
from keras_bert_zoo.training.optimizers import AdamW
from keras_bert_zoo.training.step import Batch, Step, padded, pays_to_compile

SUM = tf.distribute.ReduceOp.SUM


class TensorFlowStep(Step):
    """Autograph is off: it would read source files when a function is first needed, in the middle of a run."""

    def compile(self, jit: bool | None) -> None:
        whole = pays_to_compile() if jit is None else jit
        self.strategy = self.runtime.strategy or tf.distribute.get_strategy()
        self.several = self.runtime.strategy is not None
        if self.several:
            if not isinstance(self.optimizer, AdamW):
                raise TypeError(f"{type(self.optimizer).__name__} would sum gradients over replicas once more.")
            self.optimizer.summed = True
        self.backward = tf.function(self.backward, jit_compile=whole, autograph=False)
        self.forward = tf.function(self.forward, jit_compile=whole, autograph=False)
        self.judge = tf.function(self.judge, jit_compile=jit is not False, autograph=False)
        self.learn = tf.function(self.learn, autograph=False)
        self.score = tf.function(self.score, autograph=False)
        self.outputs = tf.function(self.outputs, autograph=False)

    def take(self, batches: Sequence[Batch], rates: Sequence[float], stop: bool = False) -> list[dict[str, float]]:
        parts = self.parts(batches[0])
        stacked = {key: np.stack([batch[key] for batch in batches]) for key in batches[0]}
        stacked["stop"] = np.full((len(batches), len(batches[0]["token_ids"]), 1), stop, "float32")
        with workers_that_stay(self.runtime.hosts):
            found = self.learn(self.spread(stacked, parts), tf.constant(rates, tf.float32))
            found = {name: values.numpy() for name, values in found.items()}
        steps = [{name: float(values[i]) for name, values in found.items()} for i in range(len(batches))]
        return [step | {"applied": bool(np.isfinite(step["norm"]))} for step in steps]

    def measure(self, batch: Batch) -> dict[str, float]:
        whole = padded(batch, self.runtime.here)
        parts = self.parts(whole)
        whole = {key: value[None] for key, value in whole.items()}
        return {name: float(value) for name, value in self.score(self.spread(whole, parts)).items()}

    def predict(self, batch: Batch) -> np.ndarray:
        whole = {key: value[None] for key, value in padded(batch, self.runtime.here).items()}
        found = self.strategy.experimental_local_results(self.outputs(self.spread(whole, 1)))
        return np.concatenate([one.numpy() for one in found])[: len(batch["token_ids"])]

    def spread(self, arrays: Mapping[str, np.ndarray], parts: int) -> Any:
        """Arrays (S, rows, ...) as each replica's own (S, parts, rows, ...)."""
        here = self.runtime.here
        cut = {key: value.reshape(len(value), here, parts, -1, *value.shape[2:]) for key, value in arrays.items()}

        def of_replica(context: Any) -> dict[str, tf.Tensor]:
            return {key: tf.constant(value[:, context.replica_id_in_sync_group % here]) for key, value in cut.items()}

        return self.strategy.experimental_distribute_values_from_function(of_replica)

    def learn(self, batches: Any, rates: tf.Tensor) -> dict[str, tf.Tensor]:
        """The figures (S,) of so many steps."""
        steps = rates.shape[0]

        def one(index: Any) -> dict[str, tf.Tensor]:
            found = self.strategy.run(self.on_replica, args=(batches, index, rates))
            return {name: self.strategy.experimental_local_results(value)[0] for name, value in found.items()}

        if steps == 1:
            return {name: value[None] for name, value in one(0).items()}
        names = (*self.goal.sums, *self.goal.counts, "stop", "norm")
        rows = {name: tf.TensorArray(tf.float32, steps) for name in names}

        def body(index: tf.Tensor, rows: dict[str, tf.TensorArray]) -> tuple:
            found = one(index)
            return index + 1, {name: rows[name].write(index, found[name]) for name in names}

        _, rows = tf.while_loop(lambda index, _: index < steps, body, (tf.constant(0), rows))
        return {name: row.stack() for name, row in rows.items()}

    def on_replica(self, batches: dict[str, tf.Tensor], index: Any, rates: tf.Tensor) -> dict[str, tf.Tensor]:
        """One step, on every replica at once."""
        figures, gradients = self.slopes({key: value[index] for key, value in batches.items()})
        norm = figures["norm"]
        scale = self.clip / tf.maximum(norm, self.clip) if np.isfinite(self.clip) else 1.0
        self.update([one * scale for one in gradients], rates[index], tf.math.is_finite(norm))
        return figures

    def slopes(self, batch: dict[str, tf.Tensor]) -> tuple[dict[str, tf.Tensor], list]:
        """The figures of one step and its gradients, summed over replicas."""
        stop = tf.reduce_sum(batch.pop("stop"))
        count = self.over_replicas({**self.goal.count(batch), "stop": stop})
        sums, gradients = self.over_replicas(self.gather(batch, count))
        return {**sums, **count, "norm": tf.linalg.global_norm(gradients)}, gradients

    def gather(self, batch: dict[str, tf.Tensor], count: dict[str, tf.Tensor]) -> tuple[dict, list]:
        """Sums and gradients of this replica, part after part."""
        context = tf.distribute.get_replica_context()
        replica = tf.convert_to_tensor(context.replica_id_in_sync_group)
        parts = batch["token_ids"].shape[0]
        if parts == 1:
            return self.backward({key: value[0] for key, value in batch.items()}, count, replica)

        def body(part: tf.Tensor, sums: dict, gradients: list) -> tuple:
            found = self.backward({key: value[part] for key, value in batch.items()}, count, replica)
            return part + 1, *tf.nest.map_structure(tf.add, (sums, gradients), found)

        nothing = {name: tf.zeros(()) for name in self.goal.sums}
        flat = [tf.zeros(variable.shape, variable.dtype) for variable in self.model.trainable_variables]
        _, sums, gradients = tf.while_loop(lambda part, *_: part < parts, body, (tf.constant(0), nothing, flat))
        return sums, gradients

    def backward(self, batch: dict, count: dict, replica: tf.Tensor) -> tuple[dict, list]:
        """Sums of one part, and the gradients of its share in the loss."""
        weights = [variable.value for variable in self.model.trainable_variables]
        seeds = self.model.encoder.seeds
        seeds.replica = replica if self.several else None
        try:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(weights)
                outputs = self.model(self.goal.inputs_of(batch), training=True)
        finally:
            seeds.replica = None
        found, slopes = self.judge(outputs, batch, count)
        flat = tf.nest.flatten(outputs)
        gradients = tape.gradient(flat, weights, slopes, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return found, [tf.convert_to_tensor(gradient) for gradient in gradients]

    def judge(self, outputs: Any, batch: dict, count: dict) -> tuple[dict, list]:
        """Sums of one part, and the gradients of its share in the loss by each of the outputs.

        Apart from the model for XLA's sake: of a dozen passes over the scores of a vocabulary it makes three.
        """
        flat = tf.nest.flatten(outputs)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(flat)
            found = self.goal.add(outputs, batch)
            loss = self.goal.loss(found, count)
        return found, tape.gradient(loss, flat, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    def over_replicas(self, values: Any) -> Any:
        """Sums over all replicas, on each."""
        return tf.distribute.get_replica_context().all_reduce(SUM, values) if self.several else values

    def update(self, gradients: list[tf.Tensor], rate: tf.Tensor, keep: tf.Tensor) -> None:
        """The optimizer's step, unless the gradient is no number."""
        optimizer, variables = self.optimizer, self.model.trainable_variables
        if not self.several:
            optimizer.learning_rate.assign(rate)
            tf.cond(keep, lambda: optimizer.apply(gradients, variables), lambda: None)
            return
        # a strategy does not take an optimizer's step inside a condition
        optimizer.learning_rate.assign(tf.where(keep, rate, 0.0))
        optimizer.keep = keep
        optimizer.apply(gradients, variables)
        optimizer.keep = None
        optimizer.iterations.assign_add(tf.cast(keep, optimizer.iterations.dtype) - 1)

    def score(self, batches: Any) -> dict[str, tf.Tensor]:
        found = self.strategy.run(self.score_on_replica, args=(batches,))
        return {name: self.strategy.experimental_local_results(value)[0] for name, value in found.items()}

    def score_on_replica(self, batches: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        parts = [{key: value[0, i] for key, value in batches.items()} for i in range(batches["token_ids"].shape[1])]
        found = [{**self.forward(part), **self.goal.count(part)} for part in parts]
        return self.over_replicas(tf.nest.map_structure(lambda *values: tf.add_n(values), *found))

    def forward(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return self.goal.add(self.model(self.goal.inputs_of(batch), training=False), batch)

    def outputs(self, batches: Any) -> Any:
        def on_replica(batch: dict[str, tf.Tensor]) -> tf.Tensor:
            return self.model({key: value[0, 0] for key, value in batch.items()}, training=False)

        return self.strategy.run(on_replica, args=(batches,))
