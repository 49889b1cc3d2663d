"""After every epoch: how good it is, whether it is the best, and whether to go on."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_bert_zoo.training.tuning.scores import pick


class Best(NamedTuple):
    """An epoch: its row of figures, its weights, and the probabilities (N, C) that it gave validation."""

    row: dict[str, Any]
    weights: list[np.ndarray]
    likely: np.ndarray


class KeepBest(keras.callbacks.Callback):
    """Scores the model after every epoch, keeps the best one, and stops when `patience` epochs were no better.

    `measure` gives the figures of validation and its probabilities, `better` is called when the best has changed, and
    `first` gives what the first of several workers says for a number: it decides which epoch is the best.
    The log has the training loss of about `POINTS` steps, the history a row of figures for every epoch.
    """

    def __init__(
        self,
        measure: Callable[[], tuple[dict[str, Any], np.ndarray]],
        metric: str,
        patience: int | None,
        steps: int,
        tell: Callable[[str], Any],
        better: Callable[[], Any],
        first: Callable[[float], float] = float,
    ):
        super().__init__()
        self.first = first
        self.measure, self.metric, self.patience, self.tell, self.better = measure, metric, patience, tell, better
        self.every = max(1, steps // POINTS)
        self.log: list[dict[str, float]] = []
        self.history: list[dict[str, Any]] = []
        self.best: Best | None = None
        self.step, self.seconds = 0, 0.0
        self.epoch, self.began = 1, time.monotonic()

    def on_epoch_begin(self, epoch, logs=None) -> None:
        self.epoch, self.began = epoch + 1, time.monotonic()

    def on_train_batch_end(self, batch, logs=None) -> None:
        self.step += 1
        if self.step % self.every == 0:
            self.log.append({"step": self.step, "epoch": self.epoch, "loss": float(logs["loss"])})

    def on_epoch_end(self, epoch, logs=None) -> None:
        self.count()
        self.judge()
        waited = self.epoch - self.best.row["epoch"]
        if self.patience is not None and waited >= self.patience:
            self.tell(f"{waited} epochs without a better {self.metric}: stopped")
            self.model.stop_training = True

    def judge(self) -> None:
        """Score the weights, or their running mean where the optimizer has one; keep them if they are the best."""
        with averaged(self.model):
            self.judge_weights()

    def judge_weights(self) -> None:
        figures, likely = self.measure()
        row = {"epoch": self.epoch, "step": self.step} | figures
        is_best = self.best is None or self.worth(row) > self.worth(self.best.row)
        is_best = bool(self.first(is_best))
        if is_best:  # first and at once, as Ctrl-C may come at any moment
            self.best = Best(row, self.model.get_weights(), likely)
        self.history.append(row)
        self.tell(
            f"epoch {self.epoch}: validation accuracy {figures['accuracy']:.4f}, macro F1 {figures['macro_f1']:.4f}, "
            f"loss {figures['loss']:.4f}{', the best so far' * is_best}"
        )
        if is_best:
            self.better()

    def count(self) -> None:
        """Add the time since the last count to that of training."""
        now = time.monotonic()
        self.seconds, self.began = self.seconds + now - self.began, now

    def worth(self, figures: dict[str, Any]) -> tuple[float, float]:
        """The metric, and the loss where it is the same."""
        return pick(figures, self.metric), -figures["loss"]

    def interrupted(self) -> None:
        """Count what was learnt of the unfinished epoch too."""
        self.count()
        self.step = int(keras.ops.convert_to_numpy(self.model.optimizer.iterations))
        if self.step > (self.history[-1]["step"] if self.history else 0):
            self.judge()

    def restore(self) -> None:
        """Give the model the best weights back."""
        self.model.set_weights(self.best.weights)


@contextmanager
def averaged(model: keras.Model) -> Iterator[None]:
    """The running mean of the weights in place of the weights, where the optimizer keeps one."""
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)  # of a LossScaleOptimizer
    if not optimizer.use_ema:
        yield
        return
    last = model.get_weights()
    optimizer.finalize_variable_values(model.trainable_variables)
    model.set_weights(model.get_weights())  # arrays of their own: on JAX a forward pass gives the mean's away
    try:
        yield
    finally:
        model.set_weights(last)


POINTS = 200
