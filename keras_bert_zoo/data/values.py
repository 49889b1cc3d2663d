"""Single cells of labelled texts: what they are in Python, and whether there is anything in them."""

import math
from typing import Any

import numpy as np

from keras_bert_zoo.errors import ZooError


def plain(value: Any) -> Any:
    """Python's own value of a numpy scalar, a string of bytes."""
    value = value.item() if isinstance(value, np.generic) else value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def as_text(value: Any, source: str, row: int) -> str:
    """A text; what is missing is the empty one."""
    try:
        value = value.decode() if isinstance(value, bytes) else plain(value)
    except UnicodeDecodeError as error:
        raise ZooError(f"{source}, row {row}: the text is not UTF-8 ({error.reason}): decode it first.") from error
    if value is None or is_nan(value):
        return ""
    if not isinstance(value, str):
        raise ZooError(
            f"{source}, row {row}: {value!r} is a {type(value).__name__}, not a text: is it the right column?"
        )
    return value


def is_nan(value: Any) -> bool:
    """Also pandas' NA, which equals nothing."""
    return (isinstance(value, float) and math.isnan(value)) or type(value).__name__ in ("NAType", "NaTType")


def is_missing(value: Any) -> bool:
    """None, NaN, or nothing but white space."""
    return value is None or is_nan(value) or (isinstance(value, str) and not value.strip())
