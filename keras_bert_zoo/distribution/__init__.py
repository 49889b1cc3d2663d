"""Where a run computes: one device, several, several hosts, a TPU; and what is wrong with the place."""

from typing import Any

from keras_bert_zoo.distribution.layout import check_layout
from keras_bert_zoo.distribution.runtime import Runtime

__all__ = ["KINDS", "Runtime", "check_layout", "choose", "make_runtime"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from keras_bert_zoo.distribution import kinds  # needs Keras, which the doctor must do without

    return getattr(kinds, name)
