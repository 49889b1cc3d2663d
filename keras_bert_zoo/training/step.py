"""One step of training: gradients of summed losses over micro-batches and replicas, divided once, clipped once,
applied once."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from keras_bert_zoo.distribution import Runtime
from keras_bert_zoo.tasks import Task
from keras_bert_zoo.training.goals import PRETRAINING, Goal

ONE = Runtime()
Batch = Mapping[str, np.ndarray]


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
    `jit`: XLA compiles all of it or nothing; None: all where that pays, the loss alone elsewhere.
    """

    def __init__(
        self,
        model: Task,
        optimizer: keras.optimizers.Optimizer,
        micro: int,
        clip: float | None,
        jit: bool | None,
        runtime: Runtime = ONE,
        goal: Goal = PRETRAINING,
    ):
        self.model, self.optimizer, self.micro, self.clip = model, optimizer, micro, clip or float("inf")
        self.runtime, self.goal = runtime, goal
        if not optimizer.built:
            with runtime.scope():
                optimizer.build(model.trainable_variables)
        self.compile(jit)

    def __call__(self, batch: Batch, rate: float) -> dict[str, float]:
        return self.take([batch], [rate])[0]

    @abstractmethod
    def compile(self, jit: bool | None) -> None:
        """Make the functions that the devices run."""

    @abstractmethod
    def take(self, batches: Sequence[Batch], rates: Sequence[float], stop: bool = False) -> list[dict[str, float]]:
        """The figures of each step; "stop" is above 0 where a process said so."""

    @abstractmethod
    def measure(self, batch: Batch) -> dict[str, float]:
        """The summed losses and counts of a batch, without dropout and without learning from it."""

    @abstractmethod
    def predict(self, batch: Batch) -> np.ndarray:
        """The outputs for the rows of a batch that every process has whole, without dropout, on each."""

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


def pays_to_compile() -> bool:
    """A whole step: on an accelerator and JAX; on a CPU TensorFlow's own products are as fast and need no minutes."""
    return keras.backend.backend() == "jax" or any(
        "CPU" not in device.upper() for device in keras.distribution.list_devices()
    )
