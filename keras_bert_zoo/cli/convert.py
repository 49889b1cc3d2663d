"""keras-bert-zoo convert"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Dtype(StrEnum):
    float32 = "float32"
    float16 = "float16"


class Form(StrEnum):
    huggingface = "huggingface"
    google = "google"
    keras = "keras"


def convert(
    source: Annotated[Path, typer.Argument(help="A model folder: Hugging Face's, Google's or ours.")],
    target: Annotated[Path, typer.Argument(help="The folder (for keras: the .keras file) to make.")],
    to: Annotated[Form, typer.Option("--to", help="The format to write.")],
    overwrite: Annotated[bool, typer.Option(help="Replace a target that exists.")] = False,
    dtype: Annotated[Dtype, typer.Option(help="float16: half the bytes, for huggingface.")] = Dtype.float32,
) -> None:
    """Write a model in another format, and compare the two."""
    import keras_bert_zoo

    done = keras_bert_zoo.convert(source, target, str(to), overwrite, str(dtype))
    typer.echo(str(done.report))
    typer.echo(f"Written to {target}. Largest difference of any output, read back: {done.parity:.1e}")
