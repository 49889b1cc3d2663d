"""Runtimes of keras.distribution on JAX."""

import os

import jax
import keras
import numpy as np
from jax.experimental import multihost_utils

from keras_bert_zoo.distribution.runtime import Runtime, check_several
from keras_bert_zoo.errors import ZooError


def data_parallel(kind: str) -> Runtime:
    """Every device of all processes that JAX knows, each with the whole model."""
    if kind == "multi_worker" and not jax.distributed.is_initialized():
        meet()
    names = keras.distribution.list_devices()
    if kind == "mirrored":
        check_several(names)
    if kind == "tpu" and jax.default_backend() != "tpu":
        raise ZooError(f"There is no TPU here: JAX has {names[0]} and the like.")
    if len(names) == 1:
        return Runtime()
    data = keras.distribution.DataParallel(devices=names, auto_shard_dataset=False)
    return Runtime(len(names), jax.process_count(), jax.process_index(), distribution=data, gather=gather)


def meet() -> None:
    """Find the other processes: those that are named, or those that Cloud TPU, Slurm and the like tell JAX of."""
    try:
        keras.distribution.initialize()
    except (RuntimeError, ValueError) as error:
        names = os.environ.get("KERAS_DISTRIBUTION_JOB_ADDRESSES", "none named")
        raise ZooError(
            f"No meeting of processes ({str(error).splitlines()[0]:.200}; KERAS_DISTRIBUTION_JOB_ADDRESSES: {names}): "
            "start them all, with ..._NUM_PROCESSES and ..._PROCESS_ID."
        ) from error


def gather(value: float) -> list[float]:
    """What each process says, on each."""
    halves = np.array([value], "float64").view("uint32")  # JAX would round it
    found = np.asarray(multihost_utils.process_allgather(halves))
    return [float(one) for one in found.view("float64").ravel()]
