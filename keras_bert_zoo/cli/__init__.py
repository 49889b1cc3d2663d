"""`keras-bert-zoo`: one file a command, and nothing heavy imported before a command runs."""

import os
import sys
from typing import Annotated

import typer

from keras_bert_zoo.cli.convert import convert
from keras_bert_zoo.cli.list import list_
from keras_bert_zoo.cli.show import show
from keras_bert_zoo.errors import ZooError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
app.command("list")(list_)
app.command("show")(show)
app.command("convert")(convert)


@app.callback()
def options(debug: Annotated[bool, typer.Option(help="Show where in the code an error came from.")] = False) -> None:
    """BERT and ALBERT for Keras 3."""


def main() -> None:
    """Run a command: status 0 when it worked, 2 for a mistake in what was given, in one sentence."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    debug = "--debug" in sys.argv
    sys.argv = [word for word in sys.argv if word != "--debug"]
    try:
        app()
    except BrokenPipeError:  # `keras-bert-zoo list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (ZooError, OSError, ImportError) as error:
        if debug:
            raise
        print(f"keras-bert-zoo: {error}", file=sys.stderr)
        sys.exit(2)
