import subprocess
import sys
from pathlib import Path

import pytest
from conftest import on_jax


@pytest.mark.long
def test_every_task_on_jax_where_tensorflow_is_not():
    pytest.importorskip("jax")
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, here / "without_tensorflow.py"], env=on_jax(), capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "all well" in done.stdout
