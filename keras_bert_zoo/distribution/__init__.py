"""Where a run computes: one device, several, several hosts, a TPU."""

from keras_bert_zoo.distribution.makers import make_runtime
from keras_bert_zoo.distribution.runtime import KINDS, Runtime

__all__ = ["KINDS", "Runtime", "make_runtime"]
