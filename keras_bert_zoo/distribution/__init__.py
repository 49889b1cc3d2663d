"""Where a run computes: one device, several, several hosts, a TPU."""

from keras_bert_zoo.distribution.kinds import KINDS, choose, make_runtime
from keras_bert_zoo.distribution.layout import check_layout
from keras_bert_zoo.distribution.runtime import Runtime

__all__ = ["KINDS", "Runtime", "check_layout", "choose", "make_runtime"]
