"""keras-bert-zoo prepare"""

from pathlib import Path
from typing import Annotated

import typer

Option = typer.Option


def prepare(
    files: Annotated[
        list[str], typer.Argument(help="Text files, folders, patterns, archives, .jsonl, TEI .xml, or tfds:NAME:SPLIT.")
    ],
    out: Annotated[Path, Option(help="The folder to make.")],
    tokenizer: Annotated[str, Option(help="A model's name, or a folder with a vocabulary.")] = "bert_base",
    split: Annotated[str, Option(help="What is a document: file, blank_line, or line.")] = "file",
    sentences: Annotated[str, Option(help="split: find them in the text; line: a line is one.")] = "split",
    language: Annotated[str, Option(help="Of the text (ISO 639-1), for its sentences.")] = "en",
    field: Annotated[str, Option(help="Of JSON lines, and of sets of tensorflow_datasets.")] = "text",
    encoding: Annotated[str | None, Option(help="Of the files, where it is not UTF-8.")] = None,
    only: Annotated[str, Option(help="A pattern for the names of files, also in archives: *.xml")] = "*",
    heldout: Annotated[float, Option(help="Share of the documents that is kept apart.")] = 0.01,
    keep_duplicates: Annotated[bool, Option("--keep-duplicates", help="Keep documents that stand twice.")] = False,
    shards: Annotated[int | None, Option(help="Files to make; else one for 32 MB of source.")] = None,
    workers: Annotated[int, Option(help="Processes; 0: none but this one.")] = 2,
    overwrite: Annotated[bool, Option("--overwrite", help="Replace a corpus that exists.")] = False,
) -> None:
    """Turn raw text into shards of token ids for pretraining; started again after a stop, it goes on."""
    from keras_bert_zoo.corpus.prepare import prepare as run
    from keras_bert_zoo.zoo.tokenizers import tokenizer as open_tokenizer

    given = {key: value for key, value in locals().items() if key not in ("keep_duplicates", "run", "open_tokenizer")}
    given["tokenizer"] = open_tokenizer(tokenizer)
    run(**given, deduplicate=not keep_duplicates, tell=typer.echo)
