"""The course of a fine-tuning run: batches, steps, the best epoch, the report."""

import json
import logging
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_bert_zoo.data import LENGTHS, Labels, PackedBatches, Splits, compare, shortest_length
from keras_bert_zoo.data.lengths import framed
from keras_bert_zoo.distribution import Runtime
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.tasks import Task
from keras_bert_zoo.text.pack import pack
from keras_bert_zoo.training.optimizers import AdamW
from keras_bert_zoo.training.schedules import WarmupLinear
from keras_bert_zoo.training.step import ONE, Step, make_step, pays_to_compile
from keras_bert_zoo.training.tuning.baseline import tfidf
from keras_bert_zoo.training.tuning.keeping import KeepBest
from keras_bert_zoo.training.tuning.progress import Progress
from keras_bert_zoo.training.tuning.questions import QUESTIONS
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
        self.model, self.splits, self.settings = model, splits, settings
        self.weights, self.out, self.tell, self.runtime = weights, out, tell, runtime
        self.step: Step | None = None  # where several replicas learn together
        self.question, known = QUESTIONS[model.key], Labels(tuple(model.labels))
        self.targets = {name: self.question.targets(known, part) for name, part in self.splits.parts().items()}
        self.twice = compare(splits)
        self.length, self.inputs, self.cut = self.tokenize()
        self.batches = self.make_batches()
        self.keeper = self.make_keeper()

    def tokenize(self) -> tuple[int, dict[str, dict[str, np.ndarray]], float]:
        """The length in tokens, the inputs of every part cut to it, and the share of training texts it cuts."""
        tokenizer, train = self.model.tokenizer, self.splits.train
        tokenizer.max_length = self.model.encoder.config.max_length  # an earlier run may have left less
        firsts = tokenizer.ids(train.texts)
        seconds = None if train.pairs is None else tokenizer.ids(train.pairs)
        whole = framed(pieces(firsts), pieces(seconds))
        length = self.settings.length or shortest_length(whole, most=min(tokenizer.max_length, LENGTHS[-1]))
        if length > tokenizer.max_length:
            raise ZooError(f"length={length} is longer than the {tokenizer.max_length} tokens of this model.")
        others = {name: part for name, part in self.splits.parts().items() if name != "train"}
        inputs = {name: tokenizer(part.texts, part.pairs, length=length) for name, part in others.items()}
        inputs["train"] = pack(firsts, seconds, length, tokenizer.max_length, tokenizer.frame())
        tokenizer.max_length = length  # answers see of a text what training saw
        return length, inputs, float((whole > length).mean())

    def made(self) -> dict[str, Any]:
        """What every one of several workers must have made of its files."""
        model = self.model
        arrays = [array for inputs in self.inputs.values() for array in inputs.values()]
        sums = {"weights": sum_of_arrays(model.get_weights()), "tokens": sum_of_arrays(arrays)}
        return {"labels": list(model.labels), "config": asdict(model.encoder.config), **sums}

    def make_batches(self) -> PackedBatches:
        targets, weights = self.targets["train"], np.ones(self.targets["train"].shape)
        if self.settings.class_weight:
            weights = self.question.weights(targets, len(self.model.labels))
        sizes = {"batch_size": self.settings.batch_size, "longest": self.model.encoder.config.max_length}
        sizes |= {"multiple": self.runtime.replicas, "seed": self.settings.seed}
        return PackedBatches(self.inputs["train"], targets, weights, **sizes)

    def class_weights(self) -> np.ndarray:
        """Of every label (C,)."""
        return self.question.weight_of(self.targets["train"], len(self.model.labels))

    def make_keeper(self) -> KeepBest:
        settings, steps = self.settings, len(self.batches)
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
            self.model.threshold = self.agreed(self.threshold(self.keeper.best.likely))
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
        sizes = ", ".join(f"{len(part):,} {name}" for name, part in self.splits.parts().items())
        labels, source = ", ".join(self.model.labels), self.weights or self.settings.name
        self.tell(f"{source}: {labels}; {sizes}; {self.length} tokens, {self.cut:.1%} cut")
        for where, count in self.twice.items():
            if count and " and " in where:
                texts = "1 text is" if count == 1 else f"{count:,} texts are"
                self.tell(f"{texts} in both {where}: figures may flatter; drop_duplicates=True takes them out")
        if self.settings.class_weight:
            pairs = zip(self.model.labels, self.class_weights(), strict=True)
            self.tell("class weights: " + ", ".join(f"{label} {weight:.3g}" for label, weight in pairs))
        self.model.threshold = None  # of the weights; asked for, it is chosen anew
        self.compile()

    def schedule(self) -> WarmupLinear:
        steps = len(self.batches) * self.settings.epochs
        return WarmupLinear(self.settings.learning_rate, steps, round(self.settings.warmup * steps))

    def compile(self) -> None:
        """Make the optimizer, and the step where there are several replicas."""
        settings, several = self.settings, self.runtime.replicas > 1
        jit = pays_to_compile() if settings.jit_compile is None else settings.jit_compile
        average = {"use_ema": True, "ema_momentum": settings.average} if settings.average is not None else {}
        rate, clip = (0.0, None) if several else (self.schedule(), settings.clip or None)
        with self.runtime.scope():
            optimizer = AdamW(rate, settings.weight_decay, global_clipnorm=clip, **average)
            self.model.compile(optimizer, self.question.loss(), jit_compile=jit and not several)
        self.model.own_loss = True  # the task's, only divided by the weights
        if several:
            most, goal = settings.batch_size, self.question.goal
            self.step = make_step(self.model, optimizer, most, settings.clip or None, jit, self.runtime, goal)

    def train(self, asked: Sequence[int] = ()) -> bool:
        """Every epoch, or until it is stopped; whether it was stopped by hand."""
        settings, steps, stopped = self.settings, len(self.batches), False
        progress = Progress(settings.epochs, steps, settings.batch_size, self.tell)
        callbacks = [progress, self.keeper] if self.runtime.is_chief else [self.keeper]
        try:
            if self.step:
                stopped = fit_together(self.step, self.batches, settings.epochs, self.schedule(), callbacks, asked)
            else:
                self.model.fit(self.batches, epochs=settings.epochs, shuffle=False, verbose=0, callbacks=callbacks)
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
        return self.score("validation", likely, self.threshold(likely)), likely

    def probabilities(self, part: str) -> np.ndarray:
        """Of every class for every text of a part, (N, C)."""
        predict = self.step.predict if self.step else None
        return probabilities(self.model, self.inputs[part], self.settings.batch_size, predict)

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
        model, keeper, parts = self.model, self.keeper, self.splits.parts()
        test = self.score("test", self.probabilities("test"), model.threshold) if "test" in parts else None
        weights = self.class_weights().tolist() if self.settings.class_weight else None
        return Report(
            examples_seen=self.batches.texts_in(keeper.step),
            steps=keeper.step,
            real_tokens=self.batches.tokens_in(keeper.step),
            train_seconds=keeper.seconds,
            validation=self.score("validation", keeper.best.likely, model.threshold),
            test=test,
            baseline=self.baseline() if self.settings.baseline else None,
            labels=list(model.labels),
            sizes={name: len(part) for name, part in parts.items()},
            cut=self.cut,
            duplicates=self.twice,
            class_weight=dict(zip(model.labels, weights, strict=True)) if weights else None,
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
        without = {} if "test" in self.targets else {"test": False}
        return asdict(self.settings) | {"length": self.length, "weights": weights} | without

    def score(self, part: str, likely: np.ndarray, threshold: Any) -> dict[str, Any]:
        return self.question.score(likely, self.targets[part], self.model.labels, threshold)

    def threshold(self, likely: np.ndarray) -> Any:
        """From which probability of validation's an answer is given, where that is asked for."""
        return self.question.threshold(likely, self.targets["validation"]) if self.settings.threshold else None

    def baseline(self) -> dict[str, Any]:
        """What the words alone can do on the last part."""
        last = "test" if "test" in self.targets else "validation"
        train, asked = self.splits.train, [self.splits.validation, self.splits.parts()[last]]
        classes, weight = len(self.model.labels), self.settings.class_weight
        chosen, likely = tfidf(train, self.targets["train"], asked, classes, weight)
        return self.score(last, likely, self.threshold(chosen))


def pieces(ids: list[list[int]] | None) -> np.ndarray | None:
    """How many each text has (N,)."""
    return None if ids is None else np.array([len(own) for own in ids])
