"""keras-bert-zoo inspect"""

import json
from pathlib import Path
from typing import Annotated

import typer

from keras_bert_zoo.cli.columns import split
from keras_bert_zoo.cli.output import readable

Option = typer.Option


def inspect(
    data: Annotated[str, typer.Argument(help="A .csv, .tsv, .json or .jsonl file, or sms_spam.")],
    validation: Annotated[str | None, Option(help="Another part, to look for texts that are in both.")] = None,
    test: Annotated[str | None, Option(help="Another part.")] = None,
    text: Annotated[str, Option(help="The column of the texts.")] = "text",
    label: Annotated[str, Option(help="The column of the labels.")] = "label",
    labels: Annotated[str | None, Option(help="Columns of 0 and 1, one for each label, in place of it: a,b")] = None,
    separator: Annotated[str | None, Option(help="Of several labels in a cell: |")] = None,
    no_label: Annotated[bool, Option("--no-label", help="Read no labels.")] = False,
    pair: Annotated[str | None, Option(help="The column of the second texts, for pairs.")] = None,
    columns: Annotated[str | None, Option(help="Names of the columns, for a file without a header: label,text")] = None,
    encoding: Annotated[str | None, Option(help="Of the file, where it is not UTF-8: latin-1")] = None,
    tokenizer: Annotated[str, Option(help="A model's name, its folder, a vocab.txt or .model.")] = "bert_base",
    out: Annotated[Path | None, Option(help="A folder for inspect.json, inspect.txt and inspect.png.")] = None,
    whole: Annotated[bool, Option("--json", help="All figures, as JSON.")] = False,
) -> None:
    """Labels, empty rows, repeated texts, leaks and lengths of labelled texts."""
    from keras_bert_zoo.data.inspect import BASE, inspect
    from keras_bert_zoo.zoo.presets import PRESETS, canonical
    from keras_bert_zoo.zoo.tokenizers import tokenizer as open_tokenizer

    found = inspect(
        data,
        validation,
        test,
        open_tokenizer(tokenizer),
        text,
        None if no_label else split(labels) or label,
        pair,
        split(columns),
        encoding,
        separator,
        BASE if Path(tokenizer).expanduser().exists() else PRESETS[canonical(tokenizer)],
    )
    typer.echo(json.dumps(found, indent=2) if whole else readable(str(found)))
    if out:
        found.save(out)
