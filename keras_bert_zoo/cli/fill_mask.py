"""keras-bert-zoo fill-mask"""

import json
from typing import Annotated

import typer


def fill_mask(
    model: Annotated[str, typer.Argument(help="A model's name, or a folder.")],
    text: Annotated[list[str], typer.Argument(help="Texts in which [MASK] hides a word.")],
    whole: Annotated[bool, typer.Option("--json", help="A line of JSON for each text.")] = False,
) -> None:
    """Guess the words that [MASK] hides, with how likely they are."""
    from keras_bert_zoo.zoo.fill_mask import fill_mask as fill

    for given, masks in zip(text, fill(text, model), strict=True):
        if whole:
            typer.echo(json.dumps({"text": given, "masks": masks}, ensure_ascii=False))
            continue
        typer.echo(given)
        for guesses in masks:
            typer.echo("  " + "  ".join(f"{guess['token']} {guess['score']:.3f}" for guess in guesses))
