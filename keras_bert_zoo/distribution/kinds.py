"""One door to the two engines: tf.distribute on TensorFlow, keras.distribution on JAX."""

import os

import keras

from keras_bert_zoo.config import check_value
from keras_bert_zoo.distribution.runtime import Runtime
from keras_bert_zoo.errors import ZooError

KINDS = ("auto", "one", "mirrored", "multi_worker", "tpu")
WORKERS = {"tensorflow": "TF_CONFIG", "jax": "KERAS_DISTRIBUTION_JOB_ADDRESSES"}
REST = ("KERAS_DISTRIBUTION_NUM_PROCESSES", "KERAS_DISTRIBUTION_PROCESS_ID")  # what JAX must be told besides


def make_runtime(kind: str = "auto", model_parallel: int = 1) -> Runtime:
    """The runtime of a kind.

    "one" is a single device, "mirrored" every device of this machine, "multi_worker" the machines that TF_CONFIG
    (TensorFlow) or KERAS_DISTRIBUTION_JOB_ADDRESSES (JAX, with ..._NUM_PROCESSES and ..._PROCESS_ID) names, "tpu" the
    TPU of this machine. "auto" takes the workers where they are named, else a TPU where there is one, else all GPUs,
    else one device. On JAX so many devices as `model_parallel` share each model. Make it before anything else of a
    run: workers must meet before the first computation. Raises ZooError for a kind that is not here.
    """
    if kind not in KINDS:
        raise ZooError(f"distribution={kind!r}: it must be {', '.join(map(repr, KINDS[:-1]))} or {KINDS[-1]!r}.")
    check_value("model_parallel", int, model_parallel)
    check_backend()
    on_jax = keras.backend.backend() == "jax"
    if kind == "multi_worker":
        check_workers()
    if model_parallel > 1 and not on_jax:
        raise ZooError(f"model_parallel={model_parallel} is for JAX: set KERAS_BACKEND=jax.")
    if kind == "auto":
        kind = choose()
        kind = "mirrored" if kind == "one" and model_parallel > 1 else kind
    if kind == "one" and model_parallel > 1:
        raise ZooError(
            f'model_parallel={model_parallel} needs several devices, and distribution="one" is a single one.'
        )
    if kind == "one":
        return Runtime()
    if on_jax:
        from keras_bert_zoo.distribution.mesh import on_devices

        return on_devices(kind, model_parallel)
    from keras_bert_zoo.distribution.strategy import MAKERS

    return MAKERS[kind]()


def choose() -> str:
    """What "auto" means here."""
    check_backend()
    check_workers()
    if os.environ.get(WORKERS[keras.backend.backend()]):  # before anything looks at the devices
        return "multi_worker"
    devices = keras.distribution.list_devices()
    kinds = {device.split(":")[0].lower() for device in devices}
    if "tpu" in kinds:
        return "tpu"
    return "mirrored" if len(devices) > 1 and "cpu" not in kinds else "one"


def check_backend() -> None:
    if keras.backend.backend() not in WORKERS:
        raise ZooError(f"KERAS_BACKEND={keras.backend.backend()}: training is for {' or '.join(WORKERS)}.")


def check_workers() -> None:
    """Workers that are named by half, or to the other backend, would each train alone."""
    backend = keras.backend.backend()
    given = [name for name in (*WORKERS.values(), *REST) if os.environ.get(name)]
    own = {"tensorflow": ["TF_CONFIG"], "jax": [WORKERS["jax"], *REST]}[backend]
    lacking = [name for name in own if name not in given]
    if not given or not lacking:
        return
    if given[0] in own:
        raise ZooError(f'{given[0]} is set, but {lacking[0]} is not: set it, or give distribution="one".')
    raise ZooError(
        f"{given[0]} names workers, and {backend} is told of them by {', '.join(own)}: set these, or take another "
        'KERAS_BACKEND, or distribution="one".'
    )
