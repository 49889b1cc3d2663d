"""TPUs that can be compiled for on any machine: their chips, by name, and a process that is fit for it."""

import importlib.metadata
import importlib.util
import math
import os
import re
import sys
from dataclasses import dataclass
from typing import Any

from keras_bert_zoo.errors import ZooError, find

NAME = re.compile(r"(\w+):([1-9]\d*x[1-9]\d*(?:x[1-9]\d*)?)")
ALONE = {
    "TPU_SKIP_MDS_QUERY": "1",  # else libtpu asks Google's cloud which machine this is
    "TPU_WORKER_HOSTNAMES": "localhost",
    "ALLOW_MULTIPLE_LIBTPU_LOAD": "1",  # else a second process is turned away
}
INSTALL = "pip install 'keras_bert_zoo[tpu-check]'"
TENSORFLOW = "tensorflow-tpu"
INSTALL_TENSORFLOW = "pip install --no-deps -r tpu/requirements-tf.txt, in a Python 3.11 of its own"


@dataclass(frozen=True)
class Chip:
    """What its maker says of a chip."""

    flops: float  # a second, bfloat16
    memory: int  # bytes that libtpu leaves to a program, a little less than the chip has
    memory_rate: float  # bytes a second
    network_rate: float  # bytes a second to its neighbours, both ways together


# Rates: cloud.google.com/tpu/docs/v5e and /v6e, each page's table of the chip (3584 Gbit/s is v6e's network). Memory:
# libtpu 0.0.42.1, where it refuses a program.
CHIPS = {
    "v5e": Chip(197e12, 63 * 2**28, 819e9, 400e9),
    "v6e": Chip(918e12, 125 * 2**28, 1640e9, 448e9),
}


def chip_of(topology: str) -> Chip:
    """The chip of a topology such as "v5e:2x4". Raises ZooError for a name that cannot be one."""
    found = NAME.fullmatch(topology)
    if not found:
        raise ZooError(f"topology={topology!r} is not a chip and how many each way, such as v5e:2x4.")
    return find(CHIPS, found[1], "TPU chip")


def chips_of(topology: str) -> int:
    """How many chips a topology such as "v5e:2x4" has. Raises ZooError for a name that cannot be one."""
    chip_of(topology)
    return math.prod(sides_of(topology))


def sides_of(topology: str) -> list[int]:
    return [int(side) for side in topology.partition(":")[2].split("x")]


def devices_of(topology: str) -> list[Any]:
    """The devices of a TPU that is not here, to compile for. Raises ZooError for a shape that there is none of."""
    chip_of(topology)
    from jax.experimental import topologies

    board = tuple(min(side, 2) for side in [*sides_of(topology), 1][:3])  # chips of a host each way
    try:
        return topologies.get_topology_desc(platform="tpu", topology_name=topology, chips_per_host_bounds=board).devices
    except Exception as error:  # jax has a class of its own for it in every version
        said = str(error).strip().splitlines()[0]
        raise ZooError(f"libtpu knows no topology {topology!r} ({said:.200}): v5e:2x4 is one.") from error


def prepare_process(engine: str = "jax") -> None:
    """Make this process compile ("jax"), or lower ("tf"), for TPUs on its CPU. Raises ZooError where it cannot."""
    find(PREPARE, engine, "engine")()


def prepare_tensorflow() -> None:
    try:
        importlib.metadata.version(TENSORFLOW)
    except importlib.metadata.PackageNotFoundError as error:
        said = f"{TENSORFLOW} is not installed, and it alone lowers TensorFlow's step for TPUs: {INSTALL_TENSORFLOW}."
        raise ZooError(said) from error
    check_backend("tensorflow")
    os.environ.update(ALONE, KERAS_BACKEND="tensorflow")


def prepare_jax() -> None:
    for name in ("jax", "libtpu"):
        if importlib.util.find_spec(name) is None:
            raise ZooError(f"{name} is not installed, and it compiles for TPUs: {INSTALL}")
    check_backend("jax")
    os.environ.update(ALONE, KERAS_BACKEND="jax", JAX_PLATFORMS="cpu")


def check_backend(wanted: str) -> None:
    if "keras" in sys.modules and (there := sys.modules["keras"].backend.backend()) != wanted:
        raise ZooError(
            f"Keras runs on {there} in this process, and this is done on {wanted}: use a process of its own, with "
            f"KERAS_BACKEND={wanted}."
        )


PREPARE = {"jax": prepare_jax, "tf": prepare_tensorflow}
