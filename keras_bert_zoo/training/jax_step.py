"""The step on JAX: functions of arrays, which XLA shares out over the devices of keras.distribution."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.multihost_utils import process_allgather
from jax.sharding import NamedSharding, PartitionSpec

from keras_bert_zoo.training.step import Batch, Step, padded


def told(batch: Batch, stop: bool) -> dict[str, np.ndarray]:
    """With this process's word on whether to stop, in every row."""
    return {**batch, "stop": np.full((len(batch["token_ids"]), 1), stop, "float32")}


def like(array: Any, place: Any) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(array.shape, array.dtype, sharding=place)


class JaxStep(Step):
    """`learning`, `scoring` and `predicting` are what XLA compiles for the devices of the runtime."""

    def compile(self, jit: bool | None) -> None:
        shardings = (*self.places(), None) if self.runtime.distribution else None
        self.learning = jax.jit(self.learn, out_shardings=shardings, donate_argnums=(0, 2))  # streams outlive Ctrl-C
        self.scoring = jax.jit(self.score)
        self.predicting = jax.jit(self.outputs)

    def take(self, batches: Sequence[Batch], rates: Sequence[float], stop: bool = False) -> list[dict[str, float]]:
        found = [self.take_one(batch, rate, stop) for batch, rate in zip(batches, rates, strict=True)]
        steps = [{name: float(value) for name, value in one.items()} for one in found]
        return [step | {"applied": bool(np.isfinite(step["norm"]))} for step in steps]

    def take_one(self, batch: Batch, rate: float, stop: bool) -> dict[str, Any]:
        self.optimizer.learning_rate.assign(rate)
        *state, found = self.learning(*self.state(), self.spread(told(batch, stop)))
        for variables, values in zip(self.groups(), state, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
        return found

    def measure(self, batch: Batch) -> dict[str, float]:
        weights, others, _ = self.state()
        whole = self.spread(padded(batch, self.runtime.here))
        return {name: float(value) for name, value in self.scoring(weights, others, whole).items()}

    def predict(self, batch: Batch) -> np.ndarray:
        weights, others, _ = self.state()
        host, hosts = self.runtime.share
        whole = padded(batch, self.runtime.replicas)
        own = {key: np.split(value, hosts)[host][None] for key, value in whole.items()}
        found = self.predicting(weights, others, self.place(own))
        return np.asarray(process_allgather(found, tiled=True))[: len(batch["token_ids"])]

    def groups(self) -> tuple[Sequence, Sequence, Sequence]:
        return self.model.trainable_variables, self.model.non_trainable_variables, self.optimizer.variables

    def state(self) -> list[list[Any]]:
        return [[variable.value for variable in variables] for variables in self.groups()]

    def places(self) -> list[list[Any]]:
        """How each value lies on the devices; None where there is only one."""
        if self.runtime.distribution is None:
            return [[None] * len(variables) for variables in self.groups()]
        layout = self.runtime.distribution.get_variable_layout
        return [[layout(variable).backend_layout for variable in variables] for variables in self.groups()]

    def place_of_rows(self) -> NamedSharding | None:
        """How arrays (parts, rows, ...) lie on the devices."""
        data = self.runtime.distribution
        return data and NamedSharding(data.device_mesh.backend_mesh, PartitionSpec(None, data.batch_dim_name))

    def cut(self, batch: Batch) -> dict[str, np.ndarray]:
        """As (parts, rows, ...)."""
        parts = self.parts(batch)
        return {key: value.reshape(parts, -1, *value.shape[1:]) for key, value in batch.items()}

    def spread(self, batch: Batch) -> dict[str, Any]:
        """This process's rows as its part of arrays (parts, rows, ...) over all devices."""
        return self.place(self.cut(batch))

    def place(self, cut: dict[str, np.ndarray]) -> dict[str, Any]:
        place = self.place_of_rows()
        if place is None:
            return cut
        return {key: jax.make_array_from_process_local_data(place, value) for key, value in cut.items()}

    def shapes(self, batch: Batch) -> tuple:
        """What `learn` is given for such a batch, as shapes on devices that need not be here."""
        rows = {key: like(value, self.place_of_rows()) for key, value in self.cut(told(batch, False)).items()}
        both = zip(self.state(), self.places(), strict=True)
        return *(list(map(like, values, places)) for values, places in both), rows

    def learn(self, weights: list, others: list, slots: list, batch: dict[str, Any]) -> tuple:
        """Weights, streams and slots after a step, and its figures; `batch` is in parts."""
        batch = dict(batch)
        stop = batch.pop("stop")
        count = {**self.goal.count(batch), "stop": jnp.sum(stop)}

        def add(carry, part):
            others, sums, gradients = carry
            steeper, (found, others) = jax.grad(self.loss, has_aux=True)(weights, others, part, count)
            return (others, *jax.tree.map(jnp.add, (sums, gradients), (found, steeper))), None

        carry = others, {name: jnp.zeros(()) for name in self.goal.sums}, [jnp.zeros_like(one) for one in weights]
        if len(batch["token_ids"]) == 1:
            carry, _ = add(carry, {key: value[0] for key, value in batch.items()})
        else:
            carry, _ = jax.lax.scan(add, carry, batch)
        others, sums, gradients = carry
        norm = jnp.sqrt(sum(jnp.sum(jnp.square(one)) for one in gradients))
        scale = self.clip / jnp.maximum(norm, self.clip) if np.isfinite(self.clip) else 1.0
        new = self.optimizer.stateless_apply(slots, [one * scale for one in gradients], weights)
        keep = jnp.isfinite(norm)
        weights, slots = jax.tree.map(lambda a, b: jnp.where(keep, a, b), new, (list(weights), list(slots)))
        return weights, others, slots, {**sums, **count, "norm": norm}

    def loss(self, weights: list, others: list, batch: dict[str, Any], count: dict[str, Any]) -> tuple:
        outputs, others = self.model.stateless_call(weights, others, self.goal.inputs_of(batch), training=True)
        found = self.goal.add(outputs, batch)
        return self.goal.loss(found, count), (found, others)

    def score(self, weights: list, others: list, batch: dict[str, Any]) -> dict[str, Any]:
        def of_part(part):
            outputs, _ = self.model.stateless_call(weights, others, self.goal.inputs_of(part), training=False)
            return self.goal.add(outputs, part)

        found = jax.lax.map(of_part, batch)
        return {**{name: jnp.sum(values) for name, values in found.items()}, **self.goal.count(batch)}

    def outputs(self, weights: list, others: list, batch: dict[str, Any]) -> Any:
        inputs = {key: value[0] for key, value in batch.items()}
        return self.model.stateless_call(weights, others, inputs, training=False)[0]
