"""Blocks of one's own: what they are called in a saved model, and where to find them again."""

from collections.abc import Callable, Mapping
from typing import Any

import keras

from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.layers import EncoderBlock


def name_block(maker: Callable) -> str | None:
    """The name of what makes the blocks, or None for layers.EncoderBlock."""
    if maker is EncoderBlock:
        return None
    name = getattr(maker, "__name__", None)
    if name in (None, "<lambda>"):
        raise ZooError(f"block={maker!r} has no name to be saved under: make it a class or a function with a def.")
    return name


def find_block(name: str | None, custom_objects: Mapping[str, Any] | None) -> Callable:
    """What makes the blocks of a `.keras` file."""
    found = keras.saving.get_registered_object(name, custom_objects) if name else EncoderBlock
    if found is None:
        raise ZooError(
            f"The file's blocks were made by {name!r}, which Keras does not know: put "
            "@keras.saving.register_keras_serializable() on it, or pass it in custom_objects."
        )
    return found
