"""keras-bert-zoo evaluate"""

from pathlib import Path
from typing import Annotated

import typer

from keras_bert_zoo.cli.columns import split

Option = typer.Option


def evaluate(
    model: Annotated[Path, typer.Argument(help="The folder of a classifier.")],
    data: Annotated[str, Option(help="A .csv, .tsv, .json or .jsonl file with labels.")],
    text: Annotated[str, Option(help="The column of the texts.")] = "text",
    label: Annotated[str, Option(help="The column of the labels.")] = "label",
    labels: Annotated[str | None, Option(help="Columns of 0 and 1, one for each label, in place of it: a,b")] = None,
    separator: Annotated[str | None, Option(help="Of several labels in a cell: |")] = None,
    pair: Annotated[str | None, Option(help="The column of the second texts.")] = None,
    columns: Annotated[str | None, Option(help="Names of the columns, for a file without a header.")] = None,
    encoding: Annotated[str | None, Option(help="Of the file, where it is not UTF-8.")] = None,
    empty: Annotated[str, Option(help="Rows without a text or label: error, or drop.")] = "error",
) -> None:
    """Score a model on labelled texts."""
    import keras_bert_zoo

    where = {"text": text, "label": split(labels) or label, "separator": separator, "pair": pair}
    where |= {"columns": split(columns), "encoding": encoding}
    typer.echo(str(keras_bert_zoo.evaluate(model, data, empty=empty, **where)))
