"""keras-bert-zoo tpu-check"""

import json
from pathlib import Path
from typing import Annotated

import typer

from keras_bert_zoo.errors import ZooError

Option = typer.Option


def tpu_check(
    recipe: Annotated[Path, typer.Argument(help="A TOML file, such as examples/recipes/bert_tiny.toml.")],
    topology: Annotated[str, Option(help="The chip and how many each way.")] = "v5e:2x4",
    data: Annotated[str | None, Option(help="The folder that prepare made, for the size of its vocabulary.")] = None,
    rows: Annotated[int | None, Option(help="Of a step, in place of the recipe's.")] = None,
    stage: Annotated[int | None, Option(help="One stage alone, counted from 1.")] = None,
    engine: Annotated[str, Option(help="jax compiles; tf only lowers, with tensorflow-tpu.")] = "jax",
    out: Annotated[Path | None, Option(help="With --engine tf: a folder for the programs, as StableHLO.")] = None,
    whole: Annotated[bool, Option("--json", help="All figures, as JSON.")] = False,
) -> None:
    """Compile a recipe's step for a TPU on this machine's CPU: whether it fits, and what it would take.

    Leaves with status 1 where it does not fit.
    """
    from keras_bert_zoo.training.tpu.topologies import chip_of, prepare_process

    chip_of(topology)
    if out is not None and engine != "tf":
        raise ZooError("--out is for --engine tf: JAX's programs are compiled at once.")
    prepare_process(engine)
    if engine == "tf":
        from keras_bert_zoo.training.tpu.lowering import lower_for_tpu

        found = lower_for_tpu(recipe, topology, data, rows, stage, out)
    else:
        from keras_bert_zoo.training.tpu.check import check_tpu

        found = check_tpu(recipe, topology, data, rows, stage)
    typer.echo(json.dumps(found, indent=2) if whole else str(found))
    if engine == "jax" and not found.fits:
        raise typer.Exit(1)
