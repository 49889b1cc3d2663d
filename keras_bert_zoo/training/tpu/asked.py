"""Which stages of a recipe are asked about, and with how many rows."""

from dataclasses import replace

from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.training.recipe import Recipe


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
