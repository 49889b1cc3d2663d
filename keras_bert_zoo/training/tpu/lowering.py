"""TensorFlow's step of pretraining as tensorflow-tpu hands it to a TPU's compiler, on a machine that has no TPU."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from keras_bert_zoo.corpus.batches import empty_batch
from keras_bert_zoo.distribution import Runtime
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.training.optimizers import AdamW
from keras_bert_zoo.training.plan import Plan
from keras_bert_zoo.training.recipe import Recipe
from keras_bert_zoo.training.step import fewest_parts
from keras_bert_zoo.training.tensorflow_step import TensorFlowStep
from keras_bert_zoo.training.tpu.asked import as_tables, head, step_asked
from keras_bert_zoo.training.tpu.program import collectives, leaving
from keras_bert_zoo.training.tpu.topologies import chips_of

RATE = 1e-3  # whatever it is, the program is the same


class TpuLowering(dict):
    """What became of a recipe's steps, which prints as a table for each stage; JSON takes it as it is."""

    def __str__(self) -> str:
        return as_tables(self, shown)


class LoweredStep(TensorFlowStep):
    """The step of the first of so many chips, without tf.distribute, which would ask for them.

    The others' differ from it in the number that their dropout is drawn with.
    """

    def compile(self, jit: bool | None) -> None:
        self.several = True

    def over_replicas(self, values: Any) -> Any:
        group = [list(range(self.runtime.replicas))]
        return tf.nest.map_structure(lambda one: tf.raw_ops.CrossReplicaSum(input=one, group_assignment=group), values)


def lower_for_tpu(
    recipe: Any,
    topology: str = "v5e:2x4",
    data: str | Path | None = None,
    rows: int | None = None,
    stage: int | None = None,
    out: str | Path | None = None,
    **overrides: Any,
) -> TpuLowering:
    """Lower the step of each stage of a recipe, or of the one with this number, from 1, for the chips of a topology.

    What is lowered is forward, backward, the sums over chips and the optimizer, of as many rows as go through a chip at
    once. `out` is a folder for the programs, stage-1.stablehlo and so on. Nothing is compiled, so that it is not known
    whether a chip has the memory. Needs tensorflow-tpu (topologies.prepare_process). Raises ZooError for rows that the
    chips cannot share, and TensorFlow's ValueError where an operation cannot go to a TPU.
    """
    runtime = Runtime(chips_of(topology))
    recipe, step = step_asked(recipe, runtime.replicas, data, rows, stage, **overrides)
    lowered = LoweredStep(step.model, of_arrays(step.optimizer), step.micro, step.clip, True, runtime)
    folder = None if out is None else make_folder(out)
    stages = []
    for number in range(len(recipe.stages)):
        path = folder and folder / f"stage-{number + (stage or 1)}.stablehlo"
        stages.append(lower_stage(lowered, recipe, number, path))
    return TpuLowering(head(topology, runtime.replicas, recipe, step), stages=stages)


def make_folder(out: str | Path) -> Path:
    folder = Path(out).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ZooError(f"{folder} cannot be made ({error.strerror or error}): choose another folder.") from error
    return folder


def lower_stage(step: LoweredStep, recipe: Recipe, number: int, path: Path | None) -> dict[str, Any]:
    """The figures of one chip's program, and the program in a file."""
    stage = recipe.stages[number]
    each = stage.rows // step.runtime.replicas
    at_once = each // fewest_parts(each, stage.micro or each)
    step.micro = at_once
    arrays = empty_batch(recipe.objective, stage.length, at_once, recipe.texts)
    arrays["stop"] = arrays["mask_weights"][:, :1]
    batch = {key: tf.constant(value[None]) for key, value in arrays.items()}
    started = time.monotonic()
    run, arguments = pure(step, batch)
    program = run.experimental_get_compiler_ir(*arguments)
    text = program(stage="hlo", platform_name="TPU")
    seconds = time.monotonic() - started
    if path is not None:
        path.write_bytes(program(stage="stablehlo_serialized", platform_name="TPU"))
    found = {"rows": stage.rows, "length": stage.length, "at_once": at_once, "lowered_s": seconds}
    found |= {"lines": text.count("\n"), "collectives": collectives(text), "leaves_the_device": leaving(text)}
    return found | {"unknown_shapes": text.count("<=")}


def pure(step: LoweredStep, batch: Mapping[str, tf.Tensor]) -> tuple[Any, tuple]:
    """The step as a function of a rate, all variables' values and arrays, and these, as they are and of a batch.

    It gives the figures, and the values after the step. An XLA program of TensorFlow's without a device cannot hold
    variables.
    """
    variables = [variable for _, variable in step.variables()]

    def run(rate: tf.Tensor, values: list[tf.Tensor], arrays: dict[str, tf.Tensor]) -> tuple[dict, list]:
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))) as scope:
            figures = step.on_replica({key: value[None] for key, value in arrays.items()}, 0, rate[None])
        return figures, [scope.get_current_value(variable) for variable in variables]

    values = [tf.convert_to_tensor(variable.value) for variable in variables]
    return tf.function(run, jit_compile=True, autograph=False), (tf.constant(RATE), values, dict(batch))


def of_arrays(optimizer: AdamW) -> AdamW:
    """The same on arrays: of Keras's optimizers (3.15) TensorFlow's part, which wants devices, gives way."""
    kinds = {kind.__name__: vars(kind) for kind in type(optimizer).__mro__}
    names = [name for name in kinds["TFOptimizer"].keys() & kinds["BaseOptimizer"].keys() if not name.startswith("__")]
    kind = type(type(optimizer).__name__, (type(optimizer),), {name: kinds["BaseOptimizer"][name] for name in names})
    return kind.from_config(optimizer.get_config())


def shown(stage: Mapping[str, Any]) -> Plan:
    """A stage's figures as people read them."""
    told = ", ".join(f"{one['count']} {kind}" for kind, one in stage["collectives"].items())
    return Plan(
        rows=f"{stage['rows']:,} of {stage['length']} tokens, {stage['at_once']:,} at once on a chip",
        lowered_in=f"{stage['lowered_s']:,.0f} s, to {stage['lines']:,} lines of HLO",
        collectives=f"{told or 'none'}, before the compiler joins them",
        leaves_the_device=", ".join(stage["leaves_the_device"]) or "nothing",
        shapes="not all are known" if stage["unknown_shapes"] else "all are known",
        fits="not known: nothing was compiled",
    )
