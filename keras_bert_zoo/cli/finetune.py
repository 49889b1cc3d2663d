"""keras-bert-zoo finetune"""

import signal
from pathlib import Path
from typing import Annotated, Any

import typer

from keras_bert_zoo.cli.columns import split
from keras_bert_zoo.cli.spelling import in_shell

Option = typer.Option


def finetune(
    data: Annotated[str, Option(help="A .csv, .tsv, .json or .jsonl file, or sms_spam.")],
    weights: Annotated[str, Option(help="A model's name, such as minilm_l6, or a folder.")],
    out: Annotated[Path, Option(help="The folder to make: the model and its report.")],
    task: Annotated[str, Option(help="classification, or multi_label.")] = "classification",
    text: Annotated[str, Option(help="The column of the texts.")] = "text",
    label: Annotated[str, Option(help="The column of the labels.")] = "label",
    labels: Annotated[str | None, Option(help="Columns of 0 and 1, one for each label, in place of it: a,b")] = None,
    separator: Annotated[str | None, Option(help="Of several labels in a cell: |")] = None,
    pair: Annotated[str | None, Option(help="The column of the second texts, for pairs.")] = None,
    columns: Annotated[str | None, Option(help="Names of the columns, for a file without a header: label,text")] = None,
    encoding: Annotated[str | None, Option(help="Of the file, where it is not UTF-8: latin-1")] = None,
    empty: Annotated[str, Option(help="Rows without a text or label: error, or drop.")] = "error",
    validation: Annotated[str | None, Option(help="Another file to choose the best epoch by.")] = None,
    test: Annotated[str | None, Option(help="Another file for the final figures.")] = None,
    no_test: Annotated[bool, Option("--no-test", help="Draw no test part.")] = False,
    drop_duplicates: Annotated[bool, Option("--drop-duplicates", help="Keep the first of every text.")] = False,
    epochs: Annotated[int, Option()] = 3,
    batch_size: Annotated[int, Option(help="Texts a step.")] = 32,
    learning_rate: Annotated[float, Option(help="At its peak.")] = 5e-5,
    seed: Annotated[int, Option()] = 0,
    length: Annotated[int | None, Option(help="Tokens a text is cut to; else taken from the data.")] = None,
    pooling: Annotated[str | None, Option(help="first, or mean; else as the weights' own classifier.")] = None,
    dropout: Annotated[float | None, Option(help="Of the blocks; else as the weights say.")] = None,
    head_dropout: Annotated[float, Option(help="Of the classifier.")] = 0.1,
    average: Annotated[float | None, Option(help="Such as 0.99: keep a running mean of the weights.")] = None,
    head_activation: Annotated[str | None, Option(help="softmax; of two classes also sigmoid.")] = None,
    class_weight: Annotated[str | None, Option(help="balanced: every class weighs the same.")] = None,
    threshold: Annotated[str | None, Option(help="validation: where the second class, or a label, begins.")] = None,
    best: Annotated[str, Option(help="What chooses the epoch: accuracy, macro_f1, loss, f1:CLASS, ...")] = "macro_f1",
    patience: Annotated[int | None, Option(help="Epochs without a better one before it stops.")] = None,
    head: Annotated[str, Option(help="new: leave the classifier of the weights aside.")] = "keep",
    name: Annotated[str | None, Option(help="The model, where weights is one of its releases.")] = None,
    dtype: Annotated[str | None, Option(help="Such as mixed_bfloat16.")] = None,
    distribution: Annotated[
        str, Option(help="auto, one, mirrored (all GPUs of this machine), multi_worker or tpu.")
    ] = "auto",
    overwrite: Annotated[bool, Option("--overwrite", help="Replace a folder that exists.")] = False,
) -> None:
    """Teach a model to tell classes of texts apart, with labelled texts of your own."""
    given: dict[str, Any] = {key: value for key, value in locals().items() if key not in ("data", "no_test", "labels")}
    import keras_bert_zoo

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what a machine says before it goes
    options = set(given)
    given |= {"columns": split(columns), "label": split(labels) or label}
    given["test"] = False if no_test else test
    run = keras_bert_zoo.finetune(train=data, **given, tell=lambda line: print(in_shell(line, options)))
    if run.report["interrupted"]:
        raise typer.Exit(130)
