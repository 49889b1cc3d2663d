"""Where a run computes: one device, several, several hosts, a TPU."""

from keras_bert_zoo.distribution.kinds import KINDS, make_runtime
from keras_bert_zoo.distribution.runtime import Runtime

__all__ = ["KINDS", "Runtime", "make_runtime"]
