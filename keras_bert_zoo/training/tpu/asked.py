"""What is asked about a TPU: which stages of a recipe, with how many rows, by which step; and the answer's tables."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from keras_bert_zoo.corpus.shards import Corpus
from keras_bert_zoo.distribution import Runtime
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.training.plan import Plan
from keras_bert_zoo.training.pretrain import make_training_step
from keras_bert_zoo.training.recipe import Recipe, read_recipe
from keras_bert_zoo.training.step import Step


def step_asked(
    recipe: Any, chips: int, data: str | Path | None, rows: int | None, stage: int | None, **overrides: Any
) -> tuple[Recipe, Step]:
    """The recipe with what is asked about, as check_tpu is told, and its step on one device of this machine."""
    recipe = chosen(read_recipe(recipe, **overrides), rows, stage)
    for one in recipe.stages:
        Runtime(chips).check_rows(one.rows, "rows of a stage")
    data = recipe.data if data is None else data
    return recipe, make_training_step(recipe, None if data is None else Corpus(data), Runtime())


def chosen(recipe: Recipe, rows: int | None, stage: int | None) -> Recipe:
    """The recipe with other rows, and with one of its stages alone."""
    stages = recipe.stages
    if stage is not None and not 1 <= stage <= len(stages):
        raise ZooError(f"stage={stage}: the recipe's stages are 1 to {len(stages)}.")
    if stage is not None:
        stages = (replace(stages[stage - 1], share=1.0),)
    if rows is not None:
        stages = tuple(replace(one, rows=rows) for one in stages)
    return replace(recipe, stages=stages)


def head(topology: str, chips: int, recipe: Recipe, step: Step) -> dict[str, Any]:
    """What stands above the figures of the stages."""
    model = recipe.model or recipe.weights
    return {"topology": topology, "chips": chips, "model": model, "parameters": step.model.count_params()}


def as_tables(found: Mapping[str, Any], shown: Callable[[Mapping[str, Any]], Plan]) -> str:
    """The head, and a table for every stage."""
    top = Plan({name: value for name, value in found.items() if name != "stages"})
    return "\n\n".join(map(str, [top, *map(shown, found["stages"])]))
