"""Whether pretraining fits a TPU that is not here: its own step, compiled for that TPU on a CPU by libtpu."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import keras

from keras_bert_zoo.corpus.batches import empty_batch
from keras_bert_zoo.distribution import Runtime
from keras_bert_zoo.training.figures import train_flops
from keras_bert_zoo.training.jax_step import JaxStep
from keras_bert_zoo.training.plan import Plan
from keras_bert_zoo.training.recipe import Recipe
from keras_bert_zoo.training.tpu.asked import as_tables, head, step_asked
from keras_bert_zoo.training.tpu.program import estimate, figures_of, refused
from keras_bert_zoo.training.tpu.topologies import chip_of, devices_of

GIB = 2**30


class TpuCheck(dict):
    """What was found of a recipe and a TPU, which prints as a table for each stage; JSON takes it as it is."""

    def __str__(self) -> str:
        return as_tables(self, lambda stage: shown(stage, self["chips"]))

    @property
    def fits(self) -> bool:
        return all(stage["fits"] for stage in self["stages"])


def check_tpu(
    recipe: Any,
    topology: str = "v5e:2x4",
    data: str | Path | None = None,
    rows: int | None = None,
    stage: int | None = None,
    **overrides: Any,
) -> TpuCheck:
    """Compile the step of each stage of a recipe, or of the one with this number, from 1, for a TPU.

    check_tpu("examples/recipes/bert_tiny.toml", "v5e:2x4", rows=4096, stage=1)

    `rows` takes the place of the recipe's. Without `data`, the folder that `prepare` made, the vocabulary is as large
    as the model's name says. It takes minutes, and topologies.prepare_process must have made the process fit. Raises
    ZooError for a topology that there is none of, and for rows that its chips cannot share.
    """
    runtime = runtime_on(topology)
    recipe, step = step_asked(recipe, runtime.replicas, data, rows, stage, **overrides)
    move(step, runtime)
    stages = [check_stage(step, recipe, number, topology) for number in range(len(recipe.stages))]
    return TpuCheck(head(topology, runtime.replicas, recipe, step), stages=stages)


def runtime_on(topology: str) -> Runtime:
    """The runtime that a TPU of this topology would be."""
    devices = devices_of(topology)
    mesh = keras.distribution.DeviceMesh((len(devices),), ["batch"], devices)
    data = keras.distribution.DataParallel(device_mesh=mesh, auto_shard_dataset=False)
    return Runtime(len(devices), distribution=data)


def move(step: JaxStep, runtime: Runtime) -> None:
    """Make the step compile for devices where no variable can be: those stay on the CPU, and only shapes are used."""
    step.runtime = runtime
    step.compile(jit=True)


def check_stage(step: JaxStep, recipe: Recipe, number: int, topology: str) -> dict[str, Any]:
    """The figures of a stage's step on one chip, and the two sizes alone where it does not fit."""
    stage, chip, chips = recipe.stages[number], chip_of(topology), step.runtime.replicas
    step.micro = stage.micro or stage.rows
    batch = empty_batch(recipe.objective, stage.length, stage.rows, recipe.texts)
    parts = step.parts(batch)
    found = {"rows": stage.rows, "length": stage.length, "parts": parts, "fits": True, "memory": chip.memory}
    started = time.monotonic()
    lowered = step.learning.trace(*step.shapes(batch)).lower(lowering_platforms=("tpu",))
    try:
        compiled = lowered.compile()
    except jax.errors.JaxRuntimeError as error:
        sizes = refused(str(error))
        if sizes is None:
            raise
        return found | {"fits": False, "compile_s": time.monotonic() - started, **sizes}
    found |= {"compile_s": time.monotonic() - started, **figures_of(compiled, parts)}
    seconds = estimate(found, chip, chips, parts)
    real = stage.rows * stage.length
    useful = train_flops(step.model.encoder.config, stage.length, recipe.objective.masking.rate * real, real)
    mfu = useful / chips / chip.flops / seconds["step"]
    return found | {"seconds": seconds, "useful_flops": useful / chips, "useful_mfu": mfu}


def shown(stage: Mapping[str, Any], chips: int) -> Plan:
    """A stage's figures as people read them."""
    sizes = f"{stage['bytes'] / GIB:,.3f} of {stage['memory'] / GIB:,.2f} GiB a chip"
    each = stage["rows"] // chips
    table = Plan(
        rows=f"{stage['rows']:,} of {stage['length']} tokens, {each:,} a chip, in parts of {each // stage['parts']:,}",
        fits=f"{'yes' if stage['fits'] else 'NO'}, {sizes}",
        compiled_in=f"{stage['compile_s']:,.0f} s",
    )
    if not stage["fits"]:
        return table
    seconds = {name: f"{1000 * value:,.3g} ms" for name, value in stage["seconds"].items()}
    table["work_of_a_chip"] = f"{stage['flops'] / 1e9:,.1f} GFLOP, {stage['bytes_moved'] / 1e9:,.2f} GB moved"
    table["collectives"] = (
        ", ".join(f"{one['count']} {kind}" + in_parts(one) for kind, one in stage["collectives"].items()) or "none"
    )
    table["leaves_the_device"] = ", ".join(stage["leaves_the_device"]) or "nothing"
    table["step_at_best"] = (
        f"{seconds['step']}: work {seconds['compute']}, memory {seconds['memory']}, network {seconds['network']}"
    )
    table["useful_mfu_at_best"] = f"{stage['useful_mfu']:.0%}"
    return table


def in_parts(one: Mapping[str, int]) -> str:
    looped = f", {one['in_loop']} of them in each part" if one["in_loop"] else ""
    return f" of {one['bytes'] / 1e6:,.1f} MB{looped}"
