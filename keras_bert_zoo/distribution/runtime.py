"""What a run must know of the devices it is on, whichever backend drives them."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from keras_bert_zoo.errors import ZooError


def alone(value: float) -> list[float]:
    return [value]


@dataclass(frozen=True)
class Runtime:
    """As many models as `replicas`, of which each of `hosts` processes has as many; this one is `host`.

    Each is on one device, or cut over `model_parallel` of them (layout.py). `strategy` is TensorFlow's, `distribution`
    keras.distribution's (JAX); on one device both are None. `gather` gives what each process says for a number, on
    each; all must call it.
    """

    replicas: int = 1
    hosts: int = 1
    host: int = 0
    strategy: Any = None
    distribution: Any = None
    gather: Callable[[float], list[float]] = alone
    model_parallel: int = 1

    @property
    def is_chief(self) -> bool:
        """Whether this process writes what is written once."""
        return self.host == 0

    @property
    def here(self) -> int:
        """Replicas of this process."""
        return self.replicas // self.hosts

    @property
    def share(self) -> tuple[int, int]:
        """The number of this process, and how many there are."""
        return self.host, self.hosts

    def scope(self) -> AbstractContextManager:
        """In which the model and its optimizer are made."""
        if self.strategy is not None:
            return self.strategy.scope()
        return self.distribution.scope() if self.distribution is not None else nullcontext()

    def agree(self, number: int) -> bool:
        """Whether every process says the same number."""
        return len(set(self.gather(float(number)))) == 1

    def first(self, number: float) -> float:
        """What the first process says for a number."""
        return self.gather(float(number))[0]

    def check_rows(self, rows: int, what: str = "rows of a step") -> None:
        """Every replica gets as many."""
        if rows % self.replicas:
            near = max(rows // self.replicas, 1) * self.replicas
            raise ZooError(f"{rows} {what} cannot be shared by {self.replicas} replicas: {near} can.")


def check_several(names: list[str], model_parallel: int = 1) -> None:
    if len(names) > 1:
        return
    if model_parallel > 1:
        raise ZooError(f"model_parallel={model_parallel} needs several devices, and here is {names[0]} alone.")
    raise ZooError(f'distribution="mirrored" needs several devices, and here is {names[0]} alone: leave it out.')
