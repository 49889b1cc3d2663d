"""keras-bert-zoo pretrain"""

import signal
from pathlib import Path
from typing import Annotated

import typer

from keras_bert_zoo.errors import ZooError

Option = typer.Option
STOPPED = 75  # what sendmail and its kin call a temporary failure: try again


def pretrain(
    recipe: Annotated[Path, typer.Argument(help="A TOML file, such as examples/recipes/bert_tiny.toml.")],
    data: Annotated[str | None, Option(help="The folder that prepare made.")] = None,
    out: Annotated[Path | None, Option(help="The folder of the run; one that was stopped goes on.")] = None,
    steps: Annotated[int | None, Option(help="In place of the recipe's.")] = None,
    hours: Annotated[float | None, Option(help="Of training, in place of steps.")] = None,
    weights: Annotated[str | None, Option(help="A model folder to go on from.")] = None,
    seed: Annotated[int | None, Option()] = None,
    distribution: Annotated[str, Option(help="auto, one, mirrored, multi_worker or tpu.")] = "auto",
    model_parallel: Annotated[int, Option(help="Devices that share each model, on JAX.")] = 1,
    dry_run: Annotated[bool, Option("--dry-run", help="Show what it would take, and do nothing.")] = False,
) -> None:
    """Pretrain a BERT or an ALBERT on a prepared corpus.

    Leaves with status 75 when it was stopped after a commit (130 by Ctrl-C): the same command goes on.
    """
    fields = {"steps": steps, "hours": hours, "weights": weights, "seed": seed}
    overrides = {name: value for name, value in fields.items() if value is not None}
    from keras_bert_zoo.training.pretrain import plan_pretraining
    from keras_bert_zoo.training.pretrain import pretrain as run

    if dry_run:
        typer.echo(plan_pretraining(recipe, data, distribution, model_parallel, **overrides))
        return
    if out is None:
        raise ZooError("Give --out, the folder of the run.")
    found = run(recipe, out, data, typer.echo, distribution, model_parallel, **overrides)
    if not found.finished:
        raise typer.Exit(130 if found.signal == signal.SIGINT else STOPPED)
