"""Tables of vectors by id, whose gradient is right for ids that repeat."""

import keras
from keras import ops


def lookup(table, ids):
    """Rows of `table` (V, E) by integer ids (...): (..., E).

    Its gradient sums the rows of repeated ids. TensorFlow's own is a list of rows, of which the optimizers
    of Keras 3.15 square each alone (keras/src/backend/tensorflow/sparse.py): Adam's second moment and
    every norm are then wrong. The gradient of a reshape is an array, whatever came before; a custom gradient
    would say so too, but TensorFlow keeps the graph of every one for good.
    """
    return ops.take(ops.reshape(table, table.shape), ops.cast(ids, "int32"), axis=0)


class Table(keras.layers.Embedding):
    """Keras's Embedding on `lookup`."""

    def call(self, ids):
        return ops.cast(lookup(self.embeddings, ids), self.compute_dtype)


class TokenTable(keras.layers.ReversibleEmbedding):
    """Keras's ReversibleEmbedding on `lookup`: ids to vectors, or with reverse=True vectors to scores of every id."""

    def call(self, inputs, reverse=False):
        if reverse:
            return super().call(inputs, reverse=True)
        return ops.cast(lookup(self.embeddings, inputs), self.compute_dtype)
