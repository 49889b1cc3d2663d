"""keras-bert-zoo list"""

from typing import Annotated

import typer


def list_(
    pattern: Annotated[str, typer.Argument(help='Such as "albert*".')] = "*",
) -> None:
    """Names of the zoo's models, with their parameters."""
    from keras_bert_zoo.errors import ZooError
    from keras_bert_zoo.zoo.presets import PRESETS, list_models

    names = list_models(pattern)
    if not names:
        raise ZooError(f"No model fits {pattern!r}: `keras-bert-zoo list` shows all {len(PRESETS)}.")
    for name in names:
        config = PRESETS[name]
        shape = f"{config.num_layers:>2} x {config.hidden_size}"
        typer.echo(f"{name:<28}{shape:<12}{config.count_params(('pooler',)):>13,}")
