"""What a run must know of the devices it is on, whichever backend drives them."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_bert_zoo.errors import ZooError

PRIMES = 1021, 1019  # squares of what is left of them have exact sums in float32
KINDS = ("auto", "one", "mirrored", "multi_worker", "tpu")


@dataclass(frozen=True)
class Runtime:
    """One model on `replicas` devices in all, of which each of `hosts` processes has as many; this one is `host`.

    `strategy` is TensorFlow's, `distribution` keras.distribution's (JAX); on one device both are None.
    """

    kind: str = "one"
    replicas: int = 1
    hosts: int = 1
    host: int = 0
    strategy: Any = None
    distribution: Any = None

    @property
    def is_chief(self) -> bool:
        """Whether this process writes what is written once."""
        return self.host == 0

    @property
    def here(self) -> int:
        """Replicas of this process."""
        return self.replicas // self.hosts

    def scope(self) -> AbstractContextManager:
        """In which the model and its optimizer are made."""
        if self.strategy is not None:
            return self.strategy.scope()
        return self.distribution.scope() if self.distribution is not None else nullcontext()

    def total(self, value: float) -> float:
        """The sum of what every process says, on each."""
        if self.hosts == 1:
            return value
        if self.strategy is None:
            from jax.experimental import multihost_utils

            return float(multihost_utils.process_allgather(np.float32(value)).sum())
        import tensorflow as tf

        def add() -> tf.Tensor:
            return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, tf.constant(value))

        found = self.strategy.run(tf.function(add, autograph=False))
        return float(self.strategy.experimental_local_results(found)[0]) / self.here

    def agree(self, number: int) -> bool:
        """Whether every process says the same number; the answer is the same on each."""
        for prime in PRIMES:
            rest = number % prime
            if self.hosts * self.total(float(rest**2)) != self.total(float(rest)) ** 2:
                return False
        return True

    def check_rows(self, rows: int, what: str = "rows of a step") -> None:
        """Every replica gets as many."""
        if rows % self.replicas:
            near = max(rows // self.replicas, 1) * self.replicas
            raise ZooError(f"{rows} {what} cannot be shared by {self.replicas} replicas: {near} can.")

    @property
    def share(self) -> tuple[int, int]:
        """The number of this process, and how many there are."""
        return self.host, self.hosts
