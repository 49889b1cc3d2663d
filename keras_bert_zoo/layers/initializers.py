"""How untrained weights begin."""

import keras

from keras_bert_zoo.config import BertConfig


def normal(config: BertConfig) -> keras.initializers.Initializer:
    """Truncated normal of BERT's width (google-research/bert modeling.py, create_initializer).

    A new one for every weight: a Keras initializer used twice gives the same numbers twice.
    """
    return keras.initializers.TruncatedNormal(stddev=config.initializer_range)
