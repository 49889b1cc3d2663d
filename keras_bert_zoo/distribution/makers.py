"""Runtimes by their kind."""

import json
import os
from collections.abc import Callable

import keras

from keras_bert_zoo.distribution.runtime import KINDS, Runtime
from keras_bert_zoo.errors import ZooError


def make_runtime(kind: str = "auto") -> Runtime:
    """The runtime of a kind.

    "one" is a single device, "mirrored" every device of this machine, "multi_worker" the machines that TF_CONFIG
    (TensorFlow) or KERAS_DISTRIBUTION_JOB_ADDRESSES (JAX, with ..._NUM_PROCESSES and ..._PROCESS_ID) names, "tpu" the
    TPU of this machine. "auto" takes the workers where they are named, else a TPU where there is one, else all GPUs,
    else one device. Make it before anything else of a run: workers must meet before the first computation. Raises
    ZooError for a kind that is not here.
    """
    if kind not in KINDS:
        raise ZooError(f"distribution={kind!r}: it must be {', '.join(map(repr, KINDS[:-1]))} or {KINDS[-1]!r}.")
    backend = keras.backend.backend()
    if kind == "auto":
        kind = choose(backend)
    if kind == "one":
        return Runtime()
    return MAKERS[backend, kind]()


WORKERS = {"tensorflow": "TF_CONFIG", "jax": "KERAS_DISTRIBUTION_JOB_ADDRESSES"}


def choose(backend: str) -> str:
    """What "auto" means here."""
    if os.environ.get(WORKERS[backend]):  # before anything looks at the devices
        return "multi_worker"
    devices = keras.distribution.list_devices()
    kinds = {device.split(":")[0].lower() for device in devices}
    if "tpu" in kinds:
        return "tpu"
    return "mirrored" if len(devices) > 1 and "cpu" not in kinds else "one"


def mirrored() -> Runtime:
    """MirroredStrategy over the GPUs, or the logical CPUs where there are none."""
    import tensorflow as tf

    names = [device.name for device in tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")]
    several(names)
    on_gpus = bool(tf.config.list_logical_devices("GPU"))
    ops = None if on_gpus else tf.distribute.ReductionToOneDevice()
    strategy = tf.distribute.MirroredStrategy(names, cross_device_ops=ops)
    return Runtime("mirrored", len(names), strategy=strategy)


def several(names: list[str]) -> None:
    if len(names) < 2:
        raise ZooError(f'distribution="mirrored" needs several devices, and here is {names[0]} alone: leave it out.')


def multi_worker() -> Runtime:
    """MultiWorkerMirroredStrategy over the workers of TF_CONFIG."""
    import tensorflow as tf

    hosts, host = read_tf_config()
    ring = tf.distribute.experimental.CommunicationImplementation.RING
    auto = tf.distribute.experimental.CommunicationImplementation.AUTO
    options = tf.distribute.experimental.CommunicationOptions(
        implementation=auto if tf.config.list_physical_devices("GPU") else ring
    )
    strategy = tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)
    return Runtime("multi_worker", strategy.num_replicas_in_sync, hosts, host, strategy)


def read_tf_config() -> tuple[int, int]:
    """How many workers TF_CONFIG names, and which this one is."""
    text = os.environ.get("TF_CONFIG")
    if not text:
        raise ZooError(
            'distribution="multi_worker" needs TF_CONFIG: {"cluster": {"worker": ["host:port", ...]}, '
            '"task": {"type": "worker", "index": 0}}.'
        )
    try:
        said = json.loads(text)
        workers, task = said["cluster"]["worker"], said["task"]
        kind, index = task["type"], int(task["index"])
    except (ValueError, KeyError, TypeError) as error:
        raise ZooError(f"TF_CONFIG={text!r:.200} cannot be read ({type(error).__name__}: {error}).") from error
    if kind != "worker" or not 0 <= index < len(workers) or set(said["cluster"]) != {"worker"}:
        raise ZooError(f"TF_CONFIG={text!r:.200} must name workers alone, and this one as one of them.")
    return len(workers), index


def tpu() -> Runtime:
    """TPUStrategy on the TPU of this machine, or the one that TPU_NAME names."""
    import tensorflow as tf

    name = os.environ.get("TPU_NAME", "local")
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=name)
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, RuntimeError, tf.errors.OpError) as error:
        raise ZooError(f"There is no TPU {name!r} here ({str(error).splitlines()[0]:.200}).") from error
    strategy = tf.distribute.TPUStrategy(resolver)
    return Runtime("tpu", strategy.num_replicas_in_sync, strategy=strategy)


def all_of_jax(kind: str) -> Callable[[], Runtime]:
    """Data parallel over all devices of all processes that JAX knows."""

    def make() -> Runtime:
        import jax

        if kind == "multi_worker" and os.environ.get(WORKERS["jax"]) and not jax.distributed.is_initialized():
            keras.distribution.initialize()
        names = keras.distribution.list_devices()
        if kind == "mirrored":
            several(names)
        if kind == "tpu" and jax.default_backend() != "tpu":
            raise ZooError(f"There is no TPU here: JAX has {names[0]} and the like.")
        if len(names) == 1:
            return Runtime()
        data = keras.distribution.DataParallel(devices=names, auto_shard_dataset=False)
        return Runtime(kind, len(names), jax.process_count(), jax.process_index(), distribution=data)

    return make


MAKERS = {
    ("tensorflow", "mirrored"): mirrored,
    ("tensorflow", "multi_worker"): multi_worker,
    ("tensorflow", "tpu"): tpu,
    ("jax", "mirrored"): all_of_jax("mirrored"),
    ("jax", "multi_worker"): all_of_jax("multi_worker"),
    ("jax", "tpu"): all_of_jax("tpu"),
}
