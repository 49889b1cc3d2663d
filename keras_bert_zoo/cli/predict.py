"""keras-bert-zoo predict"""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from keras_bert_zoo.cli.columns import split
from keras_bert_zoo.errors import ZooError

Option = typer.Option


def predict(
    model: Annotated[Path, typer.Argument(help="A model folder.")],
    data: Annotated[str, typer.Argument(help="A file with a column of texts; - reads a text a line.")] = "-",
    text: Annotated[str, Option(help="The column of the texts.")] = "text",
    pair: Annotated[str | None, Option(help="The column of the second texts.")] = None,
    columns: Annotated[str | None, Option(help="Names of the columns, for a file without a header.")] = None,
    encoding: Annotated[str | None, Option(help="Of the file, where it is not UTF-8.")] = None,
    empty: Annotated[str, Option(help="Rows of a file without a text: error, or drop.")] = "error",
    whole: Annotated[bool, Option("--json", help="A line of JSON for each text, with everything.")] = False,
) -> None:
    """Answer for every text: its label, how likely it is, and the text, or lines of JSON."""
    import keras_bert_zoo
    from keras_bert_zoo.data import Columns, read

    loaded = keras_bert_zoo.load(model)
    if data == "-":
        texts, pairs = sys.stdin.buffer.read().decode("utf-8", "ignore").removesuffix("\n").split("\n"), None
        texts = [given.removesuffix("\r") for given in texts]
        if texts == [""]:
            raise ZooError("There is no text on the standard input: give a text a line, or a file.")
    else:
        examples = read(data, Columns(text, None, pair, split(columns), encoding), empty)
        texts, pairs = examples.texts, examples.pairs
    for given, answer in zip(texts, loaded.answer(texts, pairs), strict=True):
        if whole or loaded.key not in LINES:
            typer.echo(
                json.dumps({"text": given, "answer": answer}, ensure_ascii=False, default=lambda array: array.tolist())
            )
        else:
            shown = given.replace("\t", " ").replace("\n", " ")
            typer.echo(f"{LINES[loaded.key](answer)}\t{shown}")


def line_of_class(answer: dict) -> str:
    return f"{answer['label']}\t{answer['score']:.4f}"


def line_of_labels(answer: dict) -> str:
    """The labels that a text has, or -, and how likely each is."""
    found = [f"{answer['scores'][label]:.4f}" for label in answer["labels"]]
    return f"{','.join(answer['labels']) or '-'}\t{','.join(found) or '-'}"


LINES = {"classification": line_of_class, "multi_label": line_of_labels}
