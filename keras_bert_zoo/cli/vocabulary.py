"""keras-bert-zoo vocabulary"""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from keras_bert_zoo.cli.output import readable

Option = typer.Option
Files = Annotated[list[str], typer.Argument(help="Text files (also .gz, .xz, .bz2, .tar, .zip), folders or patterns.")]
vocabulary = typer.Typer(no_args_is_help=True, help="Train a vocabulary, or see what vocabularies do to a text.")


class Kind(StrEnum):
    wordpiece = "wordpiece"
    sentencepiece = "sentencepiece"


@vocabulary.command()
def train(
    files: Files,
    out: Annotated[Path, Option(help="The folder to make.")],
    kind: Annotated[Kind, Option(help="BERT's or ALBERT's.")] = Kind.wordpiece,
    size: Annotated[int, Option(help="Pieces.")] = 8000,
    cased: Annotated[bool, Option("--cased", help="Keep capitals, and accents too.")] = False,
    keep_accents: Annotated[bool, Option("--keep-accents", help="Keep accents in small letters.")] = False,
    coverage: Annotated[float, Option(help="Share of the characters that are not left unknown.")] = 0.9995,
    max_length: Annotated[int, Option(help="Tokens of a row at most.")] = 512,
    overwrite: Annotated[bool, Option("--overwrite", help="Replace a vocabulary that exists.")] = False,
) -> None:
    """Learn the pieces of a language or a field from its text."""
    from keras_bert_zoo.text.train import train_vocabulary

    accents = False if keep_accents else None
    train_vocabulary(files, str(kind), size, out, not cased, accents, coverage, max_length, overwrite, typer.echo)


@vocabulary.command()
def report(
    files: Files,
    with_: Annotated[list[str], Option("--with", help="A model's name, a folder, a vocab.txt or .model; repeat it.")],
    whole: Annotated[bool, Option("--json", help="All figures, as JSON.")] = False,
    out: Annotated[Path | None, Option(help="A folder for vocabulary.json, .txt and .png.")] = None,
) -> None:
    """Pieces a word, unknown words, and the words that break worst, for one vocabulary or several."""
    from keras_bert_zoo.text.report import vocabulary_report
    from keras_bert_zoo.zoo.tokenizers import tokenizer

    paths = map(Path, with_)
    shorts = [path.stem if path.is_file() else path.name for path in paths]
    names = [short if shorts.count(short) == 1 else source for short, source in zip(shorts, with_, strict=True)]
    opened = {name: tokenizer(source) for name, source in zip(names, with_, strict=True)}
    found = vocabulary_report(opened, files, lambda line: typer.echo(line, err=True))
    typer.echo(json.dumps(found, indent=2) if whole else readable(str(found)))
    if out:
        found.save(out)
