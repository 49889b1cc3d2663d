"""The machine and what is installed on it, seen without importing a backend: a broken one may end the process."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

PACKAGES = (
    "keras-bert-zoo keras keras-hub tensorflow tensorflow-cpu tensorflow-tpu tensorflow-rocm tf-nightly "
    "tensorflow-text jax jaxlib jax-cuda12-plugin jax-cuda13-plugin libtpu numpy ml-dtypes protobuf tokenizers "
    "sentencepiece safetensors"
).split()
VARIABLES = (
    "KERAS_BACKEND KERAS_HOME TF_CONFIG KERAS_DISTRIBUTION_JOB_ADDRESSES KERAS_DISTRIBUTION_NUM_PROCESSES "
    "KERAS_DISTRIBUTION_PROCESS_ID TPU_NAME TPU_SKIP_MDS_QUERY TPU_WORKER_HOSTNAMES JAX_PLATFORMS "
    "JAX_DEFAULT_PRNG_IMPL CUDA_VISIBLE_DEVICES XLA_FLAGS"
).split()
PCI = Path("/sys/bus/pci/devices")
GOOGLE = "0x1ae0"
CHIPS = {  # PCI ids, as in jax/_src/hardware_utils.py
    "0x0027": "v3 or older",
    "0x005e": "v4",
    "0x0062": "v5p",
    "0x0063": "v5e",
    "0x006f": "v6e",
    "0x0076": "tpu7x",
}
ASK_S = 20  # a GPU driver that is well answers at once


def find_versions() -> dict[str, str]:
    """The version of every package that matters and is installed."""
    found = {}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return {name: number for name, number in found.items() if number}  # half removed packages have none


def find_requirements(versions: Mapping[str, str]) -> dict[str, list[str]]:
    """What every installed package says it needs."""
    return {name: requires(name) or [] for name in versions}


def find_backend(environment: Mapping[str, str]) -> tuple[str, str]:
    """The backend that Keras will take, and what says so."""
    if environment.get("KERAS_BACKEND"):
        return environment["KERAS_BACKEND"], "KERAS_BACKEND"
    path = Path(environment.get("KERAS_HOME") or "~/.keras") / "keras.json"
    with suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads(path.expanduser().read_text())["backend"]), str(path)
    return "tensorflow", "Keras's default"


def count_processors() -> int:
    """CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def find_memory() -> int | None:
    """Bytes of memory of the machine, or of the container where it has less; None where nothing says."""
    try:
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        return None
    limit = read(Path("/sys/fs/cgroup/memory.max"))
    return min(whole, int(limit)) if limit.isdigit() else whole


def find_chips() -> list[str]:
    """The generation of every TPU chip on the PCI bus."""
    folders = sorted(PCI.glob("*")) if PCI.is_dir() else []
    ids = [read(folder / "device") for folder in folders if read(folder / "vendor") == GOOGLE]
    return [CHIPS[number] for number in ids if number in CHIPS]  # Google's network cards are there too


def find_gpus() -> list[dict[str, Any]]:
    """Name, bytes of memory and driver of every GPU that NVIDIA's driver shows."""
    command = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=ASK_S)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return list(read_gpus(done.stdout)) if done.returncode == 0 else []


def read_gpus(table: str) -> Iterator[dict[str, Any]]:
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.rsplit(",", 2)]
        if len(cells) == 3:  # and no sentence
            name, memory, driver = cells
            yield {"name": name, "memory_bytes": int(memory) << 20 if memory.isdigit() else None, "driver": driver}


def read(path: Path) -> str:
    """What a file of the kernel says; nothing where there is none."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""
