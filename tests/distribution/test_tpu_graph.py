"""TensorFlow's step under TPUStrategy: that it can be traced for eight replicas. None of it runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from keras_bert_zoo.training.goals import PRETRAINING

NUMBERS = len((*PRETRAINING.sums, *PRETRAINING.counts, "stop"))


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    out, program = tmp_path_factory.mktemp("graph") / "found.json", Path(__file__).with_name("tpu_graph.py")
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([sys.executable, program, out], env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(out.read_text())


@pytest.mark.slow
@pytest.mark.parametrize("case", ["plain", "parts", "calls", "lamb"])
def test_a_tpu_of_eight_replicas(found, case):
    """Each gradient and each figure is summed over replicas once, whatever the parts; nothing is left to the host."""
    made = found[case]
    assert found["replicas"] == 8
    assert made["variables"] == "TPUDistributedVariable"
    assert made["sums"] == made["weights"] + NUMBERS
    assert (made["outside"], made["strings"], made["replicated"]) == (0, 0, 1)
