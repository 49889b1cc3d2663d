"""The numbers that layers compute with."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from keras_bert_zoo.errors import ZooError


@contextmanager
def precision(policy: str | None) -> Iterator[None]:
    """Build layers under a Keras dtype policy such as "mixed_bfloat16", then go back to the one before."""
    before = keras.config.dtype_policy()
    if policy:
        try:
            keras.config.set_dtype_policy(policy)
        except ValueError as error:
            raise ZooError(f'dtype={policy!r} is no Keras policy: use "float32" or "mixed_bfloat16".') from error
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
