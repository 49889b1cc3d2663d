"""The course of a fine-tuning run: steps, the best epoch, the report."""

import json
import logging
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_bert_zoo.data import Splits
from keras_bert_zoo.distribution import Runtime
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.tasks import Task
from keras_bert_zoo.training.optimizers import AdamW
from keras_bert_zoo.training.schedules import WarmupLinear
from keras_bert_zoo.training.step import ONE, Step, make_step, pays_to_compile
from keras_bert_zoo.training.tuning.keeping import KeepBest
from keras_bert_zoo.training.tuning.material import Material
from keras_bert_zoo.training.tuning.progress import Progress
from keras_bert_zoo.training.tuning.report import Report
from keras_bert_zoo.training.tuning.run import Run
from keras_bert_zoo.training.tuning.scores import probabilities
from keras_bert_zoo.training.tuning.settings import Settings
from keras_bert_zoo.training.tuning.together import asked_to_stop, fit_together
from keras_bert_zoo.training.versions import versions
from keras_bert_zoo.training.workers import all_or_none, sum_of_arrays

log = logging.getLogger("keras_bert_zoo")


class Fitting:
    """One run, from texts to a saved model."""

    def __init__(
        self,
        model: Task,
        splits: Splits,
        settings: Settings,
        weights: str | Path | None,
        out: str | Path | None,
        tell: Callable[[str], Any],
        runtime: Runtime = ONE,
    ):
        self.model, self.settings = model, settings
        self.weights, self.out, self.tell, self.runtime = weights, out, tell, runtime
        self.step: Step | None = None  # where several replicas learn together
        self.data = Material(model, splits, settings, runtime.replicas)
        self.keeper = self.make_keeper()

    def made(self) -> dict[str, Any]:
        """What every one of several workers must have made of its files."""
        arrays = [array for inputs in self.data.inputs.values() for array in inputs.values()]
        sums = {"weights": sum_of_arrays(self.model.get_weights()), "tokens": sum_of_arrays(arrays)}
        return {"labels": list(self.model.labels), "config": asdict(self.model.encoder.config), **sums}

    def make_keeper(self) -> KeepBest:
        settings, steps = self.settings, len(self.data.batches)
        return KeepBest(
            self.judge,
            settings.best,
            settings.patience,
            steps * settings.epochs,
            self.tell,
            self.save_best,
            self.runtime.first,
        )

    def run(self) -> Run:
        """Train, go back to the best epoch, score, save."""
        self.begin()
        with asked_to_stop(self.runtime.hosts) as asked:
            stopped = self.train(asked)
            self.keeper.restore()
            self.model.threshold = self.agreed(self.data.threshold(self.keeper.best.likely))
            with all_or_none(self.runtime):
                run = Run(self.model, self.report(stopped), self.keeper.log)
                if self.out is not None:
                    run.save_somewhere(self.out)
        self.tell(f"\n{run.report}")
        if run.folder:
            self.tell(f"\nThe model, the report and its pictures are in {run.folder}")
        return run

    def begin(self) -> None:
        """Say what is about to happen; get the model ready."""
        first, *more = self.data.lines()
        self.tell(f"{self.weights or self.settings.name}: {first}")
        for line in more:
            self.tell(line)
        self.model.threshold = None  # of the weights; asked for, it is chosen anew
        self.compile()

    def schedule(self) -> WarmupLinear:
        steps = len(self.data.batches) * self.settings.epochs
        return WarmupLinear(self.settings.learning_rate, steps, round(self.settings.warmup * steps))

    def compile(self) -> None:
        """Make the optimizer, and the step where there are several replicas."""
        settings, several = self.settings, self.runtime.replicas > 1
        jit = pays_to_compile() if settings.jit_compile is None else settings.jit_compile
        average = {"use_ema": True, "ema_momentum": settings.average} if settings.average is not None else {}
        rate, clip = (0.0, None) if several else (self.schedule(), settings.clip or None)
        with self.runtime.scope():
            optimizer = AdamW(rate, settings.weight_decay, global_clipnorm=clip, **average)
            self.model.compile(optimizer, self.data.question.loss(), jit_compile=jit and not several)
        self.model.own_loss = True  # the task's, only divided by the weights
        if several:
            most, goal = settings.batch_size, self.data.question.goal
            self.step = make_step(self.model, optimizer, most, settings.clip or None, jit, self.runtime, goal)

    def train(self, asked: Sequence[int]) -> bool:
        """Every epoch, or until it is stopped; whether it was stopped by hand."""
        settings, steps, stopped = self.settings, len(self.data.batches), False
        progress = Progress(settings.epochs, steps, settings.batch_size, self.tell)
        callbacks = [progress, self.keeper] if self.runtime.is_chief else [self.keeper]
        try:
            if self.step:
                stopped = fit_together(self.step, self.data.batches, settings.epochs, self.schedule(), callbacks, asked)
            else:
                self.model.fit(self.data.batches, epochs=settings.epochs, shuffle=False, verbose=0, callbacks=callbacks)
        except KeyboardInterrupt:
            if self.runtime.hosts > 1:  # alone, in the middle of what all of them do
                raise
            stopped = True
        finally:
            progress.close()
        if stopped:
            self.tell(f"Stopped by hand in epoch {self.keeper.epoch} of {settings.epochs}.")
            self.keep_unfinished()
        return stopped

    def keep_unfinished(self) -> None:
        """Judge what was learnt of an epoch. Raises KeyboardInterrupt where nothing is there to keep."""
        try:
            self.keeper.interrupted()
        except RuntimeError as error:  # JAX may have given the step's arrays away
            if self.runtime.hosts > 1:
                raise
            log.warning("The unfinished epoch is lost (%s).", error)
        if self.keeper.best is None:
            raise KeyboardInterrupt

    def agreed(self, threshold: float | list[float] | None) -> float | list[float] | None:
        """The first worker's."""
        if isinstance(threshold, list):
            return [self.runtime.first(one) for one in threshold]
        return None if threshold is None else self.runtime.first(threshold)

    def judge(self) -> tuple[dict[str, Any], np.ndarray]:
        """The figures of validation, and the probabilities they are of."""
        likely = self.probabilities("validation")
        return self.data.score("validation", likely, self.data.threshold(likely)), likely

    def probabilities(self, part: str) -> np.ndarray:
        """Of every class for every text of a part, (N, C)."""
        predict = self.step.predict if self.step else None
        return probabilities(self.model, self.data.inputs[part], self.settings.batch_size, predict)

    def save_best(self) -> None:
        """So that the best so far outlives whatever happens to the process."""
        if self.out is None:
            return
        lines = "".join(json.dumps(row) + "\n" for row in self.keeper.history).encode()
        again = self.settings.overwrite or len(self.keeper.history) > 1
        try:
            self.model.save_folder(self.out, overwrite=again, files={"history.jsonl": lines})
        except (OSError, ZooError) as error:
            log.warning("%s could not be written (%s): training goes on, and tries again.", self.out, error)

    def report(self, interrupted: bool) -> Report:
        model, keeper, parts = self.model, self.keeper, self.data.splits.parts()
        test = self.data.score("test", self.probabilities("test"), model.threshold) if "test" in parts else None
        return Report(
            examples_seen=self.data.batches.texts_in(keeper.step),
            steps=keeper.step,
            real_tokens=self.data.batches.tokens_in(keeper.step),
            train_seconds=keeper.seconds,
            validation=self.data.score("validation", keeper.best.likely, model.threshold),
            test=test,
            baseline=self.data.baseline(),
            labels=list(model.labels),
            sizes={name: len(part) for name, part in parts.items()},
            cut=self.data.cut,
            duplicates=self.data.twice,
            class_weight=self.data.class_weights(),
            threshold=model.threshold,
            best_epoch=keeper.best.row["epoch"],
            interrupted=interrupted,
            history=keeper.history,
            settings=self.repeat(),
            data={name: {"source": part.source, "sha256": part.sha256()} for name, part in parts.items()},
            versions=versions() | {"python": platform.python_version(), "backend": keras.backend.backend()},
        )

    def repeat(self) -> dict[str, Any]:
        """What `finetune` takes, besides the data, for the same run again."""
        weights = None if self.weights is None else str(self.weights)
        without = {} if "test" in self.data.targets else {"test": False}
        return asdict(self.settings) | {"length": self.data.length, "weights": weights} | without
