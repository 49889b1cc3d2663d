"""`keras-bert-zoo`: one file a command, and nothing heavy imported before a command runs."""

import os
import sys
from typing import Annotated

import typer

from keras_bert_zoo import __version__
from keras_bert_zoo.cli.convert import convert
from keras_bert_zoo.cli.doctor import doctor
from keras_bert_zoo.cli.evaluate import evaluate
from keras_bert_zoo.cli.fill_mask import fill_mask
from keras_bert_zoo.cli.finetune import finetune
from keras_bert_zoo.cli.inspect import inspect
from keras_bert_zoo.cli.list import list_
from keras_bert_zoo.cli.predict import predict
from keras_bert_zoo.cli.prepare import prepare
from keras_bert_zoo.cli.pretrain import pretrain
from keras_bert_zoo.cli.show import show
from keras_bert_zoo.cli.spelling import in_shell, options_of
from keras_bert_zoo.cli.tpu_check import tpu_check
from keras_bert_zoo.cli.vocabulary import vocabulary
from keras_bert_zoo.errors import ZooError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
app.command("list")(list_)
app.command("show")(show)
app.command("inspect")(inspect)
app.command("convert")(convert)
app.command("prepare")(prepare)
app.command("pretrain")(pretrain)
app.command("tpu-check")(tpu_check)
app.command("fill-mask")(fill_mask)
app.command("finetune")(finetune)
app.command("evaluate")(evaluate)
app.command("predict")(predict)
app.command("doctor")(doctor)
app.add_typer(vocabulary, name="vocabulary")


@app.callback(invoke_without_command=True)
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show where in the code an error came from.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    """BERT and ALBERT for Keras 3."""
    if version:
        typer.echo(f"keras_bert_zoo {__version__}")
        raise typer.Exit


def main() -> None:
    """Run a command: status 0 when it worked, 1 when `doctor` found faults, 2 for a mistake given, in one sentence."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    debug = "--debug" in sys.argv
    sys.argv = [word for word in sys.argv if word != "--debug"]
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # `keras-bert-zoo list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (ZooError, OSError, ImportError) as error:
        if debug:
            raise
        options = options_of(typer.main.get_command(app), sys.argv[1:])
        print(f"keras-bert-zoo: {in_shell(str(error), options)}", file=sys.stderr)
        sys.exit(2)
