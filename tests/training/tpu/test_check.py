"""The step of JAX for TPUs that are not here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import on_jax

RECIPE = """
model = "{model}"
dtype = "mixed_bfloat16"
[shape]
num_layers = 1
hidden_size = 128
num_heads = 2
intermediate_size = 128
vocab_size = {vocabulary}
[objective]
pairs = "sop"
[[stages]]
length = 128
rows = 16
micro = {micro}
"""


@pytest.fixture(scope="module")
def lowered(tmp_path_factory):
    pytest.importorskip("jax")
    out, program = tmp_path_factory.mktemp("lowered") / "found.json", Path(__file__).with_name("lowering.py")
    environment = on_jax()
    environment["XLA_FLAGS"] += " --xla_force_host_platform_device_count=8"
    done = subprocess.run([sys.executable, program, out], env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(out.read_text())


@pytest.mark.long
@pytest.mark.parametrize("name", ["bert", "albert"])
def test_the_step_is_plain_stablehlo_for_tpu_and_gpu(lowered, name):
    assert lowered[name] == {"platforms": ["tpu", "cuda"], "calls": []}


@pytest.mark.long
def test_what_is_compiled_for_other_devices_is_the_step_that_runs(lowered):
    """Made on one device and moved, against made on eight and given arrays: one program."""
    assert lowered["moved"]["devices"] == 8
    assert lowered["moved"]["lines"] > 100
    assert lowered["moved"]["same"]


def tpu_check(folder, *arguments, model="bert_tiny", micro=0, vocabulary=512):
    pytest.importorskip("libtpu", reason="NOT CHECKED for TPU: pip install 'keras_bert_zoo[tpu-check]'")
    (folder / "a.toml").write_text(RECIPE.format(model=model, micro=micro, vocabulary=vocabulary))
    code = [sys.executable, "-m", "keras_bert_zoo", "tpu-check", "a.toml", *arguments]
    return subprocess.run(code, cwd=folder, capture_output=True, text=True, timeout=900)


@pytest.mark.slow
@pytest.mark.parametrize(("topology", "model", "micro"), [("v5e:2x4", "bert_tiny", 0), ("v6e:2x4", "albert_base", 1)])
def test_a_step_that_fits(tmp_path, topology, model, micro):
    done = tpu_check(tmp_path, "--topology", topology, "--json", model=model, micro=micro)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    stage = found["stages"][0]
    assert (found["chips"], stage["fits"], stage["parts"]) == (8, True, 2 if micro else 1)
    assert 3 * 4 * found["parameters"] < stage["bytes"] < stage["memory"]
    assert stage["leaves_the_device"] == []
    reduced = stage["collectives"]["all-reduce"]
    assert reduced["count"] >= 1
    assert reduced["bytes"] >= 2 * found["parameters"]  # XLA sums bfloat16 where gradients are
    assert micro or not reduced["in_loop"]
    assert 0.5 < stage["flops"] / stage["useful_flops"] < 3
    assert 0 < stage["useful_mfu"] < 1


@pytest.mark.slow
def test_a_step_that_does_not_fit(tmp_path):
    done = tpu_check(tmp_path, "--rows", str(2**17), vocabulary=30522)
    assert done.returncode == 1, done.stderr[-2000:]
    assert " of 15.75 GiB a chip" in done.stdout
    assert "NO, " in done.stdout


@pytest.mark.slow
def test_the_command_needs_rows_that_divide_and_a_topology(tmp_path):
    for arguments, sentence in (
        (("--rows", "12"), "12 rows of a stage cannot be shared by 8 replicas: 8 can"),
        (("--topology", "v5e:3x3"), "libtpu knows no topology 'v5e:3x3'"),
        (("--stage", "2"), "--stage 2: the recipe's stages are 1 to 1"),
    ):
        done = tpu_check(tmp_path, *arguments)
        assert done.returncode == 2
        assert sentence in done.stderr.splitlines()[-1]
