"""The door to pretraining: a recipe and a prepared corpus in, a model folder out."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from keras_bert_zoo.config import BertConfig
from keras_bert_zoo.corpus.shards import Corpus, check_tokenizer
from keras_bert_zoo.distribution import Runtime, check_layout, make_runtime
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.tasks import Task
from keras_bert_zoo.training.claims import check_orders, claimed
from keras_bert_zoo.training.loop import Loop
from keras_bert_zoo.training.optimizers import OPTIMIZERS
from keras_bert_zoo.training.plan import Plan, make_plan
from keras_bert_zoo.training.recipe import Recipe, read_recipe
from keras_bert_zoo.training.step import Step, make_step
from keras_bert_zoo.training.workers import all_or_none
from keras_bert_zoo.zoo.build import build
from keras_bert_zoo.zoo.parts import open_weights, reshaped
from keras_bert_zoo.zoo.presets import PRESETS, canonical

MODEL = "model"


@dataclass(frozen=True)
class PretrainingRun:
    """What a run has come to: the model, the folder it is in, and whether the recipe's end was reached."""

    model: Task
    folder: Path
    finished: bool
    signal: int | None  # what ended it before


def pretrain(
    recipe: Any,
    out: str | Path,
    data: str | Path | None = None,
    tell: Callable[[str], Any] = print,
    distribution: str = "auto",
    model_parallel: int = 1,
    **overrides: Any,
) -> PretrainingRun:
    """Pretrain a BERT or an ALBERT on a prepared corpus.

    pretrain("examples/recipes/bert_tiny.toml", out="runs/tiny", data="shards", steps=1000)

    `recipe` is a TOML file, or its tables as a dictionary; `overrides` are fields of it (training.recipe.Recipe), and
    `data` the folder that `prepare` made. In `out` are commits, log.jsonl, an event file for TensorBoard and at the
    end the folder `model`. Started again with the same recipe it goes on after the newest whole commit, and ends with
    the same bytes as without a stop. Ctrl-C and SIGTERM commit and return. `distribution` is one of
    `distribution.KINDS`; workers of several machines share `out` and `data`. On JAX so many devices as `model_parallel`
    share each model. Raises ZooError for a recipe that does not fit, and for an `out` that holds another run.
    """
    recipe, runtime = read_recipe(recipe, **overrides), make_runtime(distribution, model_parallel)
    if not isinstance(out, (str, Path)):
        raise ZooError(f"out={out!r:.40} is no folder: give its path.")
    folder = Path(out).expanduser()
    with all_or_none(runtime):
        corpus = open_corpus(recipe, data)
        check_start(recipe, corpus)
    check_orders(recipe, corpus, runtime)
    step = make_training_step(recipe, corpus, runtime)
    with all_or_none(runtime):
        loop = Loop(step, recipe, corpus, folder, tell)
    with claimed(folder, recipe, corpus, runtime):
        finished = loop.run()
        if not finished:
            loop.tell(f"stopped after step {loop.place['step']:,}; the same command goes on")
        elif runtime.is_chief and loop.has_news(folder / MODEL):
            step.model.save_folder(folder / MODEL, overwrite=True)
            loop.tell(f"The model is in {folder / MODEL}")
        else:
            loop.tell(f"The run is at its end already; its model is in {folder / MODEL}")
    return PretrainingRun(step.model, folder, finished, loop.stop)


def plan_pretraining(
    recipe: Any,
    data: str | Path | None = None,
    distribution: str = "auto",
    model_parallel: int = 1,
    **overrides: Any,
) -> Plan:
    """What `pretrain` would do, with the speed of a few steps that are thrown away."""
    recipe, runtime = read_recipe(recipe, **overrides), make_runtime(distribution, model_parallel)
    corpus = open_corpus(recipe, data)
    return make_plan(make_training_step(recipe, corpus, runtime), recipe, corpus)


def open_corpus(recipe: Recipe, data: str | Path | None) -> Corpus:
    source = recipe.data if data is None else data
    if source is None:
        raise ZooError("Give data=, the folder that `keras-bert-zoo prepare` made.")
    return Corpus(source)


def check_start(recipe: Recipe, corpus: Corpus) -> None:
    """What one of several workers may lack: later the others would wait for its variables."""
    corpus.tokenizer()
    if recipe.weights is not None:
        open_weights(recipe.model, recipe.weights, ())


def make_model(recipe: Recipe, corpus: Corpus | None) -> Task:
    """The model to teach: with weights from its folder, or new with as many pieces as the corpus's vocabulary has.

    Without a corpus it has as many as its name says, and no tokenizer.
    """
    tokenizer = corpus.tokenizer() if corpus is not None else None
    pieces = {"vocab_size": len(tokenizer.vocabulary)} if tokenizer is not None else {}
    task = "masked_lm" if recipe.objective.pairs == "none" else "pretraining"
    keras.utils.set_random_seed(recipe.seed)
    shape = dict(recipe.shape)
    if recipe.weights is None:
        config = reshaped(PRESETS[canonical(recipe.model)], pieces | shape)
        model = build(config, task=task, dtype=recipe.dtype)
    else:
        model = build(recipe.model, task=task, weights=recipe.weights, dtype=recipe.dtype, **shape)
        if corpus is not None and model.tokenizer is not None:
            check_tokenizer(model.tokenizer, corpus)
    config = model.encoder.config
    check_sizes(recipe, config, pieces.get("vocab_size", config.vocab_size))
    if tokenizer is not None:
        tokenizer.max_length = config.max_length
        model.tokenizer = tokenizer
    return model


def make_cut_model(recipe: Recipe, corpus: Corpus, parts: int) -> Task:
    """The model, of which each of so many devices has a part; XLA cuts nothing into unequal ones."""
    if parts == 1:
        return make_model(recipe, corpus)
    try:
        model = make_model(recipe, corpus)
    except ValueError as error:
        if isinstance(error, ZooError) or "implies that array axis" not in str(error):
            raise
        raise ZooError(
            f"model_parallel={parts} must divide the model's num_heads, intermediate_size and embedding_size, and does "
            "not: choose another number."
        ) from error
    check_layout(variable.path for variable in model.trainable_variables)
    return model


def check_sizes(recipe: Recipe, config: BertConfig, pieces: int) -> None:
    longest = max(stage.length for stage in recipe.stages)
    if longest > config.max_length:
        raise ZooError(
            f"A stage has rows of {longest} tokens, but the model takes {config.max_length}: max_length says."
        )
    if config.vocab_size != pieces:
        raise ZooError(f"The model has {config.vocab_size:,} pieces, but the corpus's vocabulary {pieces:,}.")
    if recipe.objective.pairs != "none" and config.num_segments == 1:
        raise ZooError("Pairs need two segments: give the model num_segments = 2.")


def make_training_step(recipe: Recipe, corpus: Corpus | None, runtime: Runtime) -> Step:
    """The step of a recipe, with its model and optimizer, where the runtime says; without a corpus only to look at."""
    said = recipe.optimizer
    for stage in recipe.stages:
        runtime.check_rows(stage.rows, "rows of a stage")
    if recipe.hours is not None and runtime.hosts > 1:
        raise ZooError("hours= goes by one clock, and several workers have one each: give steps= instead.")
    with runtime.scope():
        model = make_cut_model(recipe, corpus, runtime.model_parallel)
        optimizer = OPTIMIZERS[said.name](0.0, said.decay, beta_2=said.beta_2, global_clipnorm=None)
    rows = recipe.stages[0].micro or recipe.stages[0].rows
    return make_step(model, optimizer, rows, said.clip or None, recipe.jit_compile, runtime)
