"""The course of a pretraining run: steps, commits, figures, and going on from where it was."""

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from keras_bert_zoo.corpus.batches import Batches
from keras_bert_zoo.corpus.heldout import HeldOut
from keras_bert_zoo.corpus.shards import Corpus
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.training.ahead import ahead
from keras_bert_zoo.training.commits import Commits
from keras_bert_zoo.training.figures import Figures, train_flops
from keras_bert_zoo.training.recipe import Recipe
from keras_bert_zoo.training.runlog import LOG, NoLog, RunLog
from keras_bert_zoo.training.schedules import falling
from keras_bert_zoo.training.stages import batches_of, held_out
from keras_bert_zoo.training.step import Step
from keras_bert_zoo.training.view import View
from keras_bert_zoo.training.workers import listening, voice

PATIENCE = 3  # steps in a row without a finite gradient before the run goes back
log = logging.getLogger("keras_bert_zoo")


class Loop:
    """One run in the folder `out`.

    `place` is where it is: with the variables of the step all that must be kept to go on exactly.
    """

    def __init__(self, step: Step, recipe: Recipe, corpus: Corpus, out: Path, tell: Callable[[str], Any]):
        self.step, self.recipe, self.out, self.runtime = step, recipe, out, step.runtime
        self.tell = voice(tell, self.runtime)
        share = self.runtime.share
        self.batches = [batches_of(recipe, corpus, number, share) for number in range(len(recipe.stages))]
        for batches in self.batches:
            batches.find(0)  # whether the corpus fills one, before any work
        self.heldout = [held_out(recipe, corpus, number, self.runtime) for number in range(len(recipe.stages))]
        self.commits = Commits(out / "commits", recipe.keep)
        self.place = {"step": 0, "seconds": 0.0, "tokens": 0, "skipped": 0, "in_a_row": 0, "log": 0, "began": {"0": 0}}
        self.figures = Figures()
        self.stop: int | None = None  # the signal that ends the run
        self.stopping = False  # all processes have agreed on it
        self.began = 0  # the step that this process went on from
        self.went_back: set[int] = set()

    def run(self) -> bool:
        """Every step that is left; whether the run is at its end."""
        if self.runtime.is_chief:
            self.commits.folder.mkdir(parents=True, exist_ok=True)
            self.commits.clean()
        if self.read_together():
            self.tell(f"going on after step {self.place['step']:,}")
        elif (self.out / LOG).is_file() and (self.out / LOG).stat().st_size:
            raise ZooError(f"{self.out} has the log of a run, but its commits are gone: choose another folder.")
        self.began = self.place["step"]
        self.log = RunLog(self.out, self.place["log"]) if self.runtime.is_chief else NoLog()
        self.view = View(self.tell)
        try:
            with listening(self.hear), self.view:
                self.commit()
                self.stopping = self.runtime.hosts == 1 and self.stop is not None
                while not self.done() and not self.stopping:
                    self.run_stage(self.stage())
                self.commit()
        finally:
            self.log.close()
        return self.done()

    def has_news(self, model: Path) -> bool:
        """Whether the folder of the model must be written; else people may have changed what is there."""
        return self.began < self.place["step"] or not model.exists()

    def progress(self, steps: int) -> float:
        """How much of the run is over, from 0 to 1, after `steps` steps; by the clock where the recipe says hours."""
        if self.recipe.hours is not None:
            return min(self.place["seconds"] / (3600 * self.recipe.hours), 1.0)
        return steps / self.recipe.steps

    def done(self) -> bool:
        return self.progress(self.place["step"]) >= 1

    def stage(self) -> int:
        """The number of the stage that the next step belongs to."""
        if self.recipe.hours is None:
            ends, now = np.array(self.recipe.borders()), self.place["step"]
        else:
            ends, now = np.cumsum([stage.share for stage in self.recipe.stages]), self.progress(self.place["step"])
        return min(int(np.searchsorted(ends, now, "right")), len(ends) - 1)

    def rate(self, ahead: int = 0) -> float:
        """The learning rate of the next step, or of one so many later; the first one learns something."""
        optimizer = self.recipe.optimizer
        progress = self.progress(self.place["step"] + ahead + 1) * self.recipe.steps / (self.recipe.steps + 1)
        return optimizer.rate * falling(optimizer.shape, progress, optimizer.warmup)

    def run_stage(self, number: int) -> None:
        """The steps of one stage, until it is over, the run stops, or goes back."""
        stage, batches, place = self.recipe.stages[number], self.batches[number], self.place
        began = place["began"].setdefault(str(number), place["step"])
        self.step.micro = stage.micro or stage.rows
        with ahead(batches, place["step"] - began, 2 * self.recipe.steps_per_call) as coming:
            while True:
                started, steps = time.monotonic(), self.steps_at_once()
                several, rates = [next(coming) for _ in range(steps)], [self.rate(i) for i in range(steps)]
                made = self.step.take(several, rates, self.stop is not None)
                seconds = (time.monotonic() - started) / steps
                for found in made:
                    self.figures.add(found, seconds)
                    place["step"] += 1
                    place["tokens"] += int(found["real"])
                    place["seconds"] += seconds
                    if not self.is_sound(found, batches, place["step"] - began - 1):
                        return
                self.after_step(number, rates[-1])
                self.stopping = made[-1]["stop"] > 0 or (self.runtime.hosts == 1 and self.stop is not None)
                if self.stopping or self.done() or self.stage() != number:
                    return

    def steps_at_once(self) -> int:
        """How many steps the devices may take before something is to be done here."""
        recipe, step = self.recipe, self.place["step"]
        if recipe.hours is not None:
            return 1
        ends = [border - step for border in recipe.borders() if border > step]
        ends += [every - step % every for every in (recipe.log_every, recipe.commit_every, recipe.evaluate_every)]
        return min(recipe.steps_per_call, *ends)

    def is_sound(self, found: Mapping[str, Any], batches: Batches, batch: int) -> bool:
        """Whether to go on; a few steps in a row without a finite gradient take the run back to its last commit."""
        place = self.place
        if found["applied"]:
            place["in_a_row"] = 0
            return True
        place["skipped"] += 1
        place["in_a_row"] += 1
        texts = ", ".join(f"{document}:{start}" for document, start in batches.texts_of(batch)[:8])
        what = f"step {place['step']} has a gradient of {found['norm']} and was skipped (documents:pieces {texts}, ...)"
        log.warning("%s", what)
        if place["in_a_row"] < PATIENCE:
            return True
        if place["step"] in self.went_back or not self.read_commit():
            raise ZooError(f"{PATIENCE} steps in a row failed, twice; {what}: lower the rate, or look at these texts.")
        self.went_back.add(place["step"])
        self.log.cut(self.place["log"])
        self.tell(f"{PATIENCE} steps in a row failed: back to step {self.place['step']:,}; {what}")
        return False

    def after_step(self, number: int, rate: float) -> None:
        """The log, the held-out part and the commit, where it is time for them."""
        step, recipe = self.place["step"], self.recipe
        if step % recipe.log_every == 0 or self.done():
            self.write_line(number, rate)
        if self.heldout[number] and (step % recipe.evaluate_every == 0 or self.done()):
            line = {"step": step, "time": time.time(), "length": recipe.stages[number].length}
            line |= {f"heldout_{name}": value for name, value in self.measure(self.heldout[number]).items()}
            self.log.write(line)
            self.view.heldout(line)
        if step % recipe.commit_every == 0:
            self.commit()

    def write_line(self, number: int, rate: float) -> None:
        figures, stage, config = self.figures, self.recipe.stages[number], self.step.model.encoder.config
        seconds = max(figures["seconds"], 1e-9)
        flops = train_flops(config, stage.length, figures["masked"], figures["real"])
        line = {"step": self.place["step"], "time": time.time(), **figures.means(), "rate": rate}
        line |= {"tokens": self.place["tokens"], "tokens_per_s": figures["real"] / seconds}
        line |= {"gflops_per_s": flops / seconds / 1e9, "skipped": self.place["skipped"]}
        self.log.write(line)
        self.view.line(line, self.progress(self.place["step"]))
        self.figures = Figures()

    def measure(self, batches: HeldOut) -> dict[str, float]:
        """Losses and shares that were right on what was held out, with masks that are always the same."""
        figures = Figures()
        for batch in batches:
            figures.add(self.step.measure(batch), 0.0)
        means = figures.means()
        means.pop("norm")
        return means

    def commit(self) -> None:
        """Make sure of everything so far, but not amid steps that fail: the way back must lead before them."""
        if self.place["in_a_row"] and not self.done():
            return
        self.place["log"] = self.log.settle()
        self.place["figures"] = dict(self.figures)
        if self.runtime.is_chief:
            self.commits.write(self.step.variables(), self.place)

    def read_together(self) -> bool:
        """Every process goes to the same commit. Raises ZooError where they do not share the folder."""
        found = self.read_commit()
        step = self.place["step"]
        if not self.runtime.agree(step + found):
            raise ZooError(
                f"{self.out} has {f'step {step:,}' if found else 'no commit'} here, but not on every worker: "
                "give a folder that they share."
            )
        return found

    def read_commit(self) -> bool:
        """Go to the newest commit that is whole, if there is one."""
        place = self.commits.read(self.step.variables())
        if place is None:
            return False
        self.place, self.figures = place, Figures(place["figures"])
        return True

    def hear(self, number: int) -> None:
        """SIGTERM and Ctrl-C end the run after the steps at hand."""
        self.stop = number
