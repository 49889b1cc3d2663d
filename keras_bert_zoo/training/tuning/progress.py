"""What people see while a model learns: a bar on a terminal, a line now and then in a log."""

import time
from collections.abc import Callable
from typing import Any

import keras

from keras_bert_zoo.showing import EVERY_S


class Progress(keras.callbacks.Callback):
    """Shows step, loss and speed of `fit`; `texts` are those of a step."""

    def __init__(self, epochs: int, steps: int, texts: int, tell: Callable[[str], Any]):
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        super().__init__()
        self.epochs, self.steps, self.texts, self.tell = epochs, steps, texts, tell
        self.on_terminal = Console().is_terminal
        words = TextColumn("{task.description}")
        self.bar = Bar(words, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), transient=True)
        self.task = None

    def on_epoch_begin(self, epoch, logs=None) -> None:
        self.epoch, self.began, self.told = epoch + 1, time.monotonic(), time.monotonic()
        if self.on_terminal:
            self.bar.start()
            self.task = self.bar.add_task(f"epoch {self.epoch} of {self.epochs}", total=self.steps)

    def on_train_batch_end(self, batch, logs=None) -> None:
        now = time.monotonic()
        if not self.on_terminal and now - self.told < EVERY_S:
            return
        said = f"epoch {self.epoch} of {self.epochs}  loss {float(logs['loss']):.4f}"
        said += f"  {(batch + 1) * self.texts / (now - self.began):.0f} texts/s"
        if self.on_terminal:
            self.bar.update(self.task, completed=batch + 1, description=said)
        else:
            self.told = now
            self.tell(f"{said}  step {batch + 1} of {self.steps}")

    def on_epoch_end(self, epoch, logs=None) -> None:
        self.close()

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self.task is not None:
            self.bar.remove_task(self.task)
            self.bar.stop()
            self.task = None
