import os
import subprocess
import sys
from pathlib import Path

import pytest

# XLA in a hurry: what is compiled here runs a few times
HASTE = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"


def test_every_task_on_jax_where_tensorflow_is_not():
    pytest.importorskip("jax")
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, here / "without_tensorflow.py"],
        env=os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "XLA_FLAGS": HASTE},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "all well" in done.stdout
