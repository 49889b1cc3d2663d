"""The activations that published BERTs and ALBERTs use, by name."""

from functools import partial

import keras

ACTIVATIONS = {
    "gelu": partial(keras.activations.gelu, approximate=False),  # Hendrycks & Gimpel 2016, exact (erf)
    "gelu_tanh": partial(keras.activations.gelu, approximate=True),  # the same paper's approximation: ALBERT
    "relu": keras.activations.relu,  # ALBERT in Chinese
}
