"""Runtimes of keras.distribution on JAX."""

import logging
import os
import threading

import jax
import keras
import numpy as np
from jax.experimental import multihost_utils
from keras.distribution import DeviceMesh, LayoutMap, ModelParallel

from keras_bert_zoo.distribution.layout import LAYOUT
from keras_bert_zoo.distribution.runtime import Runtime, check_several
from keras_bert_zoo.errors import ZooError

TELL_S = 20.0  # until the first line while waiting
log = logging.getLogger("keras_bert_zoo")


def on_devices(kind: str, model_parallel: int = 1) -> Runtime:
    """Every device of all processes that JAX knows, each with the whole model or a part of one."""
    if kind == "multi_worker" and not jax.distributed.is_initialized():
        meet()
    names = keras.distribution.list_devices()
    if kind == "mirrored":
        check_several(names, model_parallel)
    if kind == "tpu" and jax.default_backend() != "tpu":
        raise ZooError(f"There is no TPU here: JAX has {names[0]} and the like.")
    if model_parallel > 1:
        return cut(names, model_parallel)
    if len(names) == 1:
        return Runtime()
    data = keras.distribution.DataParallel(devices=names, auto_shard_dataset=False)
    return Runtime(len(names), jax.process_count(), jax.process_index(), distribution=data, gather=gather)


def cut(names: list[str], model_parallel: int) -> Runtime:
    """Models that several devices of a host share."""
    each = len(names) // jax.process_count()
    if each % model_parallel:
        raise ZooError(f"model_parallel={model_parallel} must divide the {each} devices of a host.")
    replicas = len(names) // model_parallel
    layout = LayoutMap(DeviceMesh((replicas, model_parallel), ("batch", "model"), names))
    for rule, axes in LAYOUT.items():
        layout[rule] = axes
    parallel = ModelParallel(layout_map=layout, batch_dim_name="batch", auto_shard_dataset=False)
    hosts = {"hosts": jax.process_count(), "host": jax.process_index(), "gather": gather}
    return Runtime(replicas, **hosts, distribution=parallel, model_parallel=model_parallel)


def meet() -> None:
    """Find the other processes: those that are named, or those that Cloud TPU, Slurm and the like tell JAX of.

    JAX waits in silence, for 300 s.
    """
    names = os.environ.get("KERAS_DISTRIBUTION_JOB_ADDRESSES", "none named")
    count = os.environ.get("KERAS_DISTRIBUTION_NUM_PROCESSES", "all")
    said = "Still waiting for %s processes to meet (KERAS_DISTRIBUTION_JOB_ADDRESSES: %s): start each of them."
    waiting = threading.Timer(TELL_S, log.warning, (said, count, names))
    waiting.daemon = True
    waiting.start()
    try:
        keras.distribution.initialize()
    except (RuntimeError, ValueError) as error:
        raise ZooError(
            f"No meeting of processes ({str(error).splitlines()[0]:.200}; KERAS_DISTRIBUTION_JOB_ADDRESSES: {names}): "
            "start them all, with ..._NUM_PROCESSES and ..._PROCESS_ID."
        ) from error
    finally:
        waiting.cancel()


def gather(value: float) -> list[float]:
    """What each process says, on each."""
    halves = np.array([value], "float64").view("uint32")  # JAX would round it
    found = np.asarray(multihost_utils.process_allgather(halves))
    return [float(one) for one in found.view("float64").ravel()]
