"""The values of variables, wherever they lie."""

from typing import Any

import numpy as np
from keras import ops


def whole(variable: Any) -> np.ndarray:
    """The value of a variable; of one that is cut over devices of several processes, out of this process's parts.

    A model is cut over devices of one process, so that each has all the parts.
    """
    value = variable.value
    if getattr(value, "is_fully_addressable", True) or value.is_fully_replicated:
        return ops.convert_to_numpy(variable)
    found = np.empty(value.shape, value.dtype)
    for part in value.addressable_shards:
        found[part.index] = np.asarray(part.data)
    return found
