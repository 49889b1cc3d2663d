"""The values of a model's variables, when a run over them fails."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras


@contextmanager
def not_lost(model: keras.Model) -> Iterator[None]:
    """Give the variables their values back when a fit, evaluate or predict inside ends in an error.

    On JAX Keras 3.15 takes the values out while it runs (keras/src/backend/jax/trainer.py), and leaves a model
    without weights behind where a step fails, or where Ctrl-C stops it.
    """
    if keras.backend.backend() != "jax":
        yield
        return
    optimizer = getattr(model, "optimizer", None)
    variables = [*model.variables, *(optimizer.variables if optimizer else [])]
    before = [variable.value for variable in variables]
    try:
        yield
    except BaseException:
        model.jax_state_sync()  # as far as it came
        for variable, value in zip(variables, before, strict=True):
            if is_empty(variable):
                variable.assign(value)
        raise


def is_empty(variable: keras.Variable) -> bool:
    try:
        return variable.value is None
    except TypeError:  # Keras calls the initializer, which it no longer has
        return True
