"""keras-bert-zoo doctor"""

import json
from typing import Annotated

import typer

from keras_bert_zoo.cli.output import readable


def doctor(
    timeout: Annotated[float, typer.Option(help="Seconds that a backend has to come up.")] = 120.0,
    whole: Annotated[bool, typer.Option("--json", help="All of it, as JSON.")] = False,
) -> None:
    """Versions, backends, devices and memory; what does not go together, and how to mend it (status 1)."""
    from keras_bert_zoo.distribution.doctor import doctor as look

    found = look(timeout, lambda line: typer.echo(line, err=True))
    typer.echo(json.dumps(found, indent=2) if whole else readable(str(found)))
    if found["faults"]:
        raise typer.Exit(1)
