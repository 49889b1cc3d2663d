"""What this place has for training, and what in it does not go together."""

import os
import platform
from collections.abc import Callable, Mapping
from typing import Any

from keras_bert_zoo import __version__
from keras_bert_zoo.distribution.doctor import machine
from keras_bert_zoo.distribution.doctor.diagnosis import Diagnosis
from keras_bert_zoo.distribution.doctor.faults import BACKENDS, Facts, find_failure, find_faults
from keras_bert_zoo.distribution.doctor.probe import probe
from keras_bert_zoo.errors import ZooError

HALF = (8, 0)  # the compute capability from which a GPU multiplies bfloat16


def doctor(timeout_s: float = 120.0, tell: Callable[[str], Any] = print) -> Diagnosis:
    """Look at this place: versions, backends, devices, memory, what distribution="auto" takes, and what is wrong.

    print(keras_bert_zoo.doctor())

    Every backend that is installed is imported in a process of its own, which has `timeout_s` seconds: one that aborts
    or hangs is a fault like the others. Each of "faults" says what is "wrong", and has the line that should "mend" it.
    """
    if not timeout_s > 0:
        raise ZooError(f"timeout={timeout_s} must be a number of seconds above 0.")
    found = survey()
    versions, backend = found["versions"], found["backend"]
    for name, builds in BACKENDS.items():
        if any(build in versions for build in builds):
            tell(f"Looking at {name} ...")
            found["backends"][name] = probe(name, timeout_s)
    look = found["backends"].get(backend) or {}
    found |= {"distribution": look.get("auto"), "why": look.get("why"), "dtype": choose_dtype(look)}
    return Diagnosis(found, faults=list_faults(found, look))


def survey() -> dict[str, Any]:
    """What is to be seen without a backend."""
    backend, source = machine.find_backend(os.environ)
    return {
        "keras_bert_zoo": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "processors": machine.count_processors(),
        "memory_bytes": machine.find_memory(),
        "tpu_chips": machine.find_chips(),
        "gpus": machine.find_gpus(),
        "versions": machine.find_versions(),
        "environment": {name: os.environ[name] for name in machine.VARIABLES if name in os.environ},
        "backend": backend,
        "backend_by": source,
        "backends": dict.fromkeys(BACKENDS),  # None: not installed
    }


def list_faults(found: Mapping[str, Any], look: Mapping[str, Any]) -> list[dict[str, str]]:
    accelerator = "tpu" if found["tpu_chips"] else "gpu" if found["gpus"] else ""
    facts = Facts(
        versions=found["versions"],
        backend=found["backend"],
        accelerator=accelerator,
        unseen=accelerator if is_unseen(accelerator, look, found["backend"], found["environment"]) else "",
        environment=found["environment"],
    )
    faults = find_faults(facts, machine.find_requirements(found["versions"]))
    if "error" in look:
        faults.append(find_failure(found["backend"], look["error"], facts, faults))
    return faults


def is_unseen(accelerator: str, look: Mapping[str, Any], backend: str, environment: Mapping[str, str]) -> bool:
    """Whether a backend that came up does not have the accelerator, and nobody wanted it so."""
    if not accelerator or "devices" not in look:
        return False
    if backend == "jax" and environment.get("JAX_PLATFORMS") == "cpu":
        return False
    if accelerator == "gpu" and environment.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return False
    return not any(device["name"].startswith(accelerator) for device in look["devices"])


def choose_dtype(look: Mapping[str, Any]) -> str | None:
    """The dtype policy that suits the devices; pretraining has no float16."""
    if "devices" not in look:
        return None
    fits = [device["name"].startswith("tpu") or tuple(device["capability"] or ()) >= HALF for device in look["devices"]]
    return "mixed_bfloat16" if all(fits) else "float32"
