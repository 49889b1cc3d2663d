"""Dropout whose random stream is handed in, so that replicas can have one each."""

import keras
from keras import ops

APART = 1_000_003  # between the streams of two replicas


class Seeds(keras.random.SeedGenerator):
    """A stream of seeds, one for every replica: `replica`, a number in the graph, takes the place of the first.

    Replica 0 has the stream that one device has. Keras's own generator gives all replicas the same masks.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.replica = None

    def next(self, ordered: bool = True):
        seed = super().next(ordered)
        if self.replica is None:
            return seed
        shift = ops.cast(self.replica, seed.dtype) * ops.cast(APART, seed.dtype)
        return ops.stack([seed[0] + shift, seed[1]])


class Dropout(keras.layers.Layer):
    """Sets a share `rate` of the values to zero in training and scales up the rest (Srivastava et al. 2014).

    `seeds` is the stream the masks are drawn from; layers of one model share one.
    """

    def __init__(self, rate: float, seeds: Seeds | None = None, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate
        self.seeds = seeds or Seeds()

    def call(self, x, training: bool = False):
        if training and self.rate > 0:
            return keras.random.dropout(x, self.rate, seed=self.seeds)
        return x
