"""keras-bert-zoo show"""

from typing import Annotated

import typer


def show(name: Annotated[str, typer.Argument(help="A model's name, or one of its other names.")]) -> None:
    """Sizes, parameters and releases of a model."""
    from keras_bert_zoo.zoo.describe import describe

    typer.echo(str(describe(name)))
