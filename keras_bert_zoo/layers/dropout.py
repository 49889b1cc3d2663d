"""Dropout whose random stream is handed in, so that replicas can have one each."""

import keras


class Dropout(keras.layers.Layer):
    """Sets a share `rate` of the values to zero in training and scales up the rest (Srivastava et al. 2014).

    `seeds` is the stream the masks are drawn from; layers of one model share one.
    """

    def __init__(self, rate: float, seeds: keras.random.SeedGenerator | None = None, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate
        self.seeds = seeds or keras.random.SeedGenerator()

    def call(self, x, training: bool = False):
        if training and self.rate > 0:
            return keras.random.dropout(x, self.rate, seed=self.seeds)
        return x
