"""What the layers above single ones have in common."""

import keras


class Composite(keras.layers.Layer):
    """A layer whose weights are those of the layers it calls.

    Keras would trace such a layer once more to find them, and every layer inside it once more again.
    """

    def build(self) -> None:
        self.built = True
