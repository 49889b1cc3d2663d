"""Fine-tuning on several replicas, of one process or several: what Keras's `fit` does on one, by our own step."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from keras_bert_zoo.data import PackedBatches
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.training.step import Step
from keras_bert_zoo.training.workers import listening

PATIENCE = 3  # steps in a row without a finite gradient
log = logging.getLogger("keras_bert_zoo")


def fit_together(
    step: Step,
    batches: PackedBatches,
    epochs: int,
    rate: Callable[[int], Any],
    callbacks: Sequence[Any],
    asked: Sequence[int] = (),
) -> bool:
    """Every epoch of the batches, with the learning rate of each step; callbacks are told what `fit` tells them.

    Each of several workers takes its own rows of a batch that all have whole. `asked` is what asked_to_stop gives: once
    one of them has heard something all stop after the same step. Whether they did.
    """
    model = step.model
    told = keras.callbacks.CallbackList(list(callbacks), model=model)
    model.stop_training, failed = False, 0
    told.on_train_begin()
    for epoch in range(epochs):
        batches.on_epoch_end()  # Keras too ends an epoch before the first
        told.on_epoch_begin(epoch)
        total = weights = 0.0
        for index in range(len(batches)):
            whole = with_targets(batches[index])
            rows = len(whole["token_ids"])
            own = own_rows(whole, step.runtime.share)
            (found,) = step.take([own], [float(rate(epoch * len(batches) + index))], bool(asked))
            failed = 0 if found["applied"] else failed + 1
            if failed and step.runtime.is_chief:
                said = "Step %d of epoch %d has a gradient of %s and was skipped."
                log.warning(said, index + 1, epoch + 1, found["norm"])
            if not failed:
                total += rows * found["classes"] / max(found["weights"], 1e-9)  # as Keras means an epoch's losses
                weights += rows
            if failed == PATIENCE:
                raise ZooError(f"{PATIENCE} steps in a row have a gradient that is no number: lower learning_rate=.")
            told.on_train_batch_end(index, {"loss": total / max(weights, 1)})
            if found["stop"] > 0:
                return True
        told.on_epoch_end(epoch)
        if model.stop_training:
            break
    told.on_train_end()
    return False


def with_targets(batch: tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]) -> dict[str, np.ndarray]:
    inputs, targets, weights = batch
    return inputs | {"targets": targets, "weights": weights}


def own_rows(batch: dict[str, np.ndarray], share: tuple[int, int]) -> dict[str, np.ndarray]:
    """The rows of one of so many workers."""
    host, hosts = share
    return {key: np.split(value, hosts)[host] for key, value in batch.items()}


@contextmanager
def asked_to_stop(hosts: int) -> Iterator[Sequence[int]]:
    """The signals that were heard while it is open; one process alone is interrupted at once, as ever."""
    asked: list[int] = []
    if hosts == 1:
        yield asked
        return
    with listening(asked.append):
        yield asked
