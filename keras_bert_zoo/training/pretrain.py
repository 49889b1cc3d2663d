"""The door to pretraining: a recipe and a prepared corpus in, a model folder out."""

import json
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras

from keras_bert_zoo.config import BertConfig
from keras_bert_zoo.corpus.shards import Corpus, check_tokenizer
from keras_bert_zoo.distribution import Runtime, check_layout, make_runtime
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.tasks import Task
from keras_bert_zoo.training.loop import Loop
from keras_bert_zoo.training.optimizers import OPTIMIZERS
from keras_bert_zoo.training.plan import Plan, make_plan
from keras_bert_zoo.training.recipe import Recipe, read_recipe
from keras_bert_zoo.training.step import Step, make_step, pays_to_compile
from keras_bert_zoo.zoo.build import build
from keras_bert_zoo.zoo.parts import reshaped
from keras_bert_zoo.zoo.presets import PRESETS, canonical

RECIPE, MODEL, LOCK = "recipe.json", "model", ".lock"
FREE = ("steps_per_call", "log_every", "commit_every", "evaluate_every", "evaluate_rows", "keep", "data")  # may change


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
    share each model. Raises ZooError for a recipe that does
    not fit, and for an `out` that holds another run.
    """
    recipe, runtime = read_recipe(recipe, **overrides), make_runtime(distribution, model_parallel)
    corpus = open_corpus(recipe, data)
    if not isinstance(out, (str, Path)):
        raise ZooError(f"out={out!r:.40} is no folder: give its path.")
    folder = Path(out).expanduser()
    step = make_training_step(recipe, corpus, runtime)
    loop = Loop(step, recipe, corpus, folder, tell)
    claim_together(folder, recipe, corpus, runtime)
    with alone(folder) if runtime.is_chief else nullcontext():
        finished = loop.run()
        if not finished:
            loop.tell(f"stopped after step {loop.place['step']:,}; the same command goes on")
        elif runtime.is_chief and loop.has_news(folder / MODEL):
            step.model.save_folder(folder / MODEL, overwrite=True)
            loop.tell(f"The model is in {folder / MODEL}")
    return PretrainingRun(step.model, folder, finished, loop.stop)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other processes out of a run's folder, where the system can (not on Windows)."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (folder / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ZooError(f"Another process is at work in {folder}: wait for it, or stop it.") from error
        yield


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
    jit = pays_to_compile() if recipe.jit_compile is None else recipe.jit_compile
    return make_step(model, optimizer, recipe.stages[0].micro or recipe.stages[0].rows, said.clip or None, jit, runtime)


def claim(folder: Path, recipe: Recipe, corpus: Corpus) -> None:
    """Make the folder a run's, or see that it is of the same run."""
    path = folder / RECIPE
    ours = {**recipe.to_dict(), "corpus": corpus.manifest["sha256"], "backend": keras.backend.backend()}
    if not path.is_file():
        partial = folder / f".{RECIPE}.partial"
        if folder.exists() and (not folder.is_dir() or set(folder.iterdir()) - {partial}):
            raise ZooError(f"{folder} is not empty and holds no run: choose another folder.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ZooError(f"{folder} cannot be made ({error.strerror or error}): choose another folder.") from error
        with partial.open("w") as file:
            file.write(json.dumps(ours, indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        return
    try:
        theirs = dict(json.loads(path.read_bytes()))
    except (ValueError, TypeError) as error:
        raise ZooError(f"{path} is no JSON ({error}): choose another folder.") from error
    difference = differing(theirs, json.loads(json.dumps(ours)))
    if difference:
        raise ZooError(
            f"{folder} holds a run with another {difference}: choose another folder, or the same recipe to go on."
        )


def claim_together(folder: Path, recipe: Recipe, corpus: Corpus, runtime: Runtime) -> None:
    """The first worker claims the folder; all go on, or none, as when they were told different things."""
    refused = None
    if runtime.is_chief:
        try:
            claim(folder, recipe, corpus)
        except ZooError as error:
            refused = error
    versions = {name: version(name) for name in ("keras-bert-zoo", "keras", "numpy")}
    told = {**recipe.to_dict(), "data": None, "corpus": corpus.manifest["sha256"], "versions": versions}
    said = json.dumps(told, sort_keys=True)
    same, fine = runtime.agree(zlib.crc32(said.encode())), not any(runtime.gather(float(refused is not None)))
    if refused:
        raise refused
    if not fine:
        raise ZooError(f"The first worker may not use {folder}: its own message says why.")
    if not same:
        raise ZooError("The workers have different recipes, corpora or versions of packages: give all the same.")


def differing(theirs: dict[str, Any], ours: dict[str, Any]) -> str | None:
    """The first field of two recipes that is not the same, with both values."""
    for name in ours:
        there, here = theirs.get(name), ours[name]
        if name in FREE or there == here:
            continue
        if isinstance(there, dict) and isinstance(here, dict):
            return f"{name}.{differing(there, here) or 'field'}"
        return f"{name} ({there!r:.60}, here {here!r:.60})"
    return None
