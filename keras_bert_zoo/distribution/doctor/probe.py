"""A look at a backend from a process of its own: an import that aborts or hangs then ends that process alone."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from keras_bert_zoo.errors import ZooError

ROOT = Path(__file__).parents[3]
CODE = "import sys; sys.path.append(sys.argv[1]); from keras_bert_zoo.distribution.doctor.probe import main; main()"
SPARING = {  # a run may be using the GPU
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}
FATAL = re.compile(r"(: F |^F\d{4} ).*?\] ?|^Fatal Python error: ")  # what stands before the reason of an abort
SHOWN = 300  # characters of an error
LATE = "no answer within"


def probe(backend: str, timeout_s: float) -> dict[str, Any]:
    """What `look` finds on a backend, or {"error": why there is nothing}."""
    environment = os.environ | SPARING | {"KERAS_BACKEND": backend}
    command = [sys.executable, "-P", "-c", CODE, str(ROOT)]
    more = {"capture_output": True, "text": True, "errors": "replace", "stdin": subprocess.DEVNULL}
    try:
        done = subprocess.run(command, env=environment, timeout=timeout_s, **more)
    except subprocess.TimeoutExpired:
        return {"error": f"{LATE} {timeout_s:,.0f} s"}
    answers = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not answers:
        return {"error": f"{ending(done.returncode)}: {last_words(done.stderr)}"}
    return json.loads(answers[-1])


def ending(status: int) -> str:
    if status >= 0:
        return f"Python ended with status {status}"
    names: Mapping[int, str] = {number.value: number.name for number in signal.Signals}
    return f"Python was killed by {names.get(-status, f'signal {-status}')}"


def last_words(errors: str) -> str:
    """The line that says why a process died: the first fatal one, else the last of all."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    fatal = [FATAL.sub("", line[match.start() :]) for line in lines if (match := FATAL.search(line))]
    return [*fatal[:1], *lines[-1:], "it said nothing"][0][:SHOWN]


def main() -> None:
    """Look, and say what there is as a line of JSON."""
    with suppress(ImportError):  # Windows
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # an abort would leave gigabytes in the folder
    try:
        found = look()
    except ZooError as error:
        found = {"error": str(error)}
    except Exception as error:  # whatever a broken package raises
        said = str(error).strip() or "no reason given"
        found = {"error": f"{type(error).__name__}: {said.splitlines()[0]:.{SHOWN}}"}
    print(f"\n{json.dumps(found)}", flush=True)


def look() -> dict[str, Any]:
    """The devices of this process's backend, and what distribution="auto" takes of them and why."""
    import keras

    from keras_bert_zoo.distribution.kinds import WORKERS, choose

    backend = keras.backend.backend()
    auto = choose()
    if backend == "tensorflow" and auto == "multi_worker":
        from keras_bert_zoo.distribution.strategy import read_tf_config

        read_tf_config()
    names = [name for name in keras.distribution.list_devices() if not name.startswith("tpu_system")]  # no device
    devices = DEVICES[backend](names or keras.distribution.list_devices("cpu"))
    reasons = {
        "multi_worker": f"{WORKERS[backend]} names workers",
        "tpu": "there is a TPU",
        "mirrored": f"there are {len(devices)} GPUs",
        "one": "there is one device" if len(devices) == 1 else f"{len(devices)} CPU devices count as one",
    }
    return {"devices": devices, "auto": auto, "why": reasons[auto]}


def of_tensorflow(names: list[str]) -> list[dict[str, Any]]:
    import tensorflow as tf

    gpus = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    details = gpus if len(gpus) == len(names) else [{}] * len(names)
    return [
        {
            "name": name,
            "model": detail.get("device_name"),
            "capability": list(detail.get("compute_capability", ())) or None,
            "memory_bytes": None,  # TensorFlow does not say
        }
        for name, detail in zip(names, details, strict=True)
    ]


def of_jax(names: list[str]) -> list[dict[str, Any]]:
    import jax

    return [
        {
            "name": name,
            "model": device.device_kind,
            "capability": [int(part) for part in getattr(device, "compute_capability", "").split(".") if part] or None,
            "memory_bytes": (device.memory_stats() or {}).get("bytes_limit"),
        }
        for name, device in zip(names, jax.devices(), strict=True)
    ]


DEVICES = {"tensorflow": of_tensorflow, "jax": of_jax}
