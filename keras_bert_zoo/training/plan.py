"""What a pretraining run will take, before it is started."""

import time
from typing import Any

from keras_bert_zoo.corpus.shards import Corpus
from keras_bert_zoo.training.figures import train_flops
from keras_bert_zoo.training.recipe import Recipe
from keras_bert_zoo.training.stages import batches_of
from keras_bert_zoo.training.step import Step

TRIAL = 3  # steps that are timed, after one that compiles


class Plan(dict):
    """Figures of a run to come, which print as a table."""

    def __str__(self) -> str:
        width = max(map(len, self))
        return "\n".join(f"{name.replace('_', ' '):<{width}}  {shown(value)}" for name, value in self.items())


def shown(value: Any) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def make_plan(step: Step, recipe: Recipe, corpus: Corpus) -> Plan:
    """The plan of a recipe, with a short trial for each stage; the model of `step` is of no use afterwards."""
    model = step.model
    parameters, config = model.count_params(), model.encoder.config
    plan = Plan(
        model=f"{recipe.model or recipe.weights}, {config.family}, {len(model.tokenizer.vocabulary):,} pieces",
        parameters=parameters,
        memory_of_weights_gradients_and_slots=f"{16 * parameters / 1e6:,.0f} MB",
        corpus=f"{len(corpus):,} documents, {int(corpus.tokens.sum()):,} tokens",
    )
    seconds = tokens = 0.0
    borders = [0, *recipe.borders()]
    for number, stage in enumerate(recipe.stages):
        batches = batches_of(recipe, corpus, number, step.runtime.share)
        step.micro = stage.micro or stage.rows
        step(batches[0], 0.0)
        trial = [batches[i] for i in range(TRIAL)]
        started = time.monotonic()
        found = [step(batch, 0.0) for batch in trial]
        a_step = (time.monotonic() - started) / TRIAL
        real, masked = (sum(one[name] for one in found) / TRIAL for name in ("real", "masked"))
        steps = borders[number + 1] - borders[number]
        flops, share = train_flops(config, stage.length, masked, real), real / stage.rows / stage.length
        seconds, tokens = seconds + steps * a_step, tokens + steps * real
        plan[f"stage_{number + 1}"] = (
            f"{steps:,} steps of {stage.rows} rows of {stage.length} tokens, {share:.1%} real; {real / a_step:,.0f} "
            f"tokens/s, {flops / real / 1e6:.1f} MFLOP a token, {flops / a_step / 1e9:,.0f} GFLOP/s"
        )
    hours = seconds / 3600 if recipe.hours is None else recipe.hours
    plan["tokens"], plan["epochs"] = round(tokens), tokens / float(corpus.tokens.sum())
    plan["time"] = f"{hours:,.1f} hours" if hours >= 1 else f"{60 * hours:,.1f} minutes"
    return plan
