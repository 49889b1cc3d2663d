"""Whose folder it is: a run's own, and one process's at a time."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import keras

from keras_bert_zoo.corpus.shards import Corpus
from keras_bert_zoo.distribution import Runtime
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.training.recipe import Recipe
from keras_bert_zoo.training.versions import versions
from keras_bert_zoo.training.workers import all_or_none, check_same

RECIPE, LOCK = "recipe.json", ".lock"
FREE = ("steps_per_call", "log_every", "commit_every", "evaluate_every", "evaluate_rows", "keep", "data")  # may change


def check_orders(recipe: Recipe, corpus: Corpus, runtime: Runtime) -> None:
    """All workers have the same recipe, corpus and versions."""
    check_same({**recipe.to_dict(), "data": None, "corpus": corpus.manifest["sha256"], **versions()}, runtime)


@contextmanager
def claimed(folder: Path, recipe: Recipe, corpus: Corpus, runtime: Runtime) -> Iterator[None]:
    """The first worker makes the folder the run's and keeps others out; where it may not, no worker goes on."""
    with ExitStack() as kept:
        with all_or_none(runtime):
            if runtime.is_chief:
                claim(folder, recipe, corpus)
                kept.enter_context(alone(folder))
        yield


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


def shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:24]} ... {text[-8:]}"


def differing(theirs: dict[str, Any], ours: dict[str, Any]) -> str | None:
    """The first field of two recipes that is not the same, with both values."""
    for name in ours:
        there, here = theirs.get(name), ours[name]
        if name in FREE or there == here:
            continue
        if isinstance(there, dict) and isinstance(here, dict):
            return f"{name}.{differing(there, here) or 'field'}"
        return f"{name} ({shorten(there)}, here {shorten(here)})"
    return None
