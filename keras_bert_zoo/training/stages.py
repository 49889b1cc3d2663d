"""The batches of a recipe's stages, and those that are only measured."""

import logging
import math

from keras_bert_zoo.corpus.batches import Batches
from keras_bert_zoo.corpus.shards import Corpus
from keras_bert_zoo.training.recipe import Recipe

log = logging.getLogger("keras_bert_zoo")


def batches_of(recipe: Recipe, corpus: Corpus, number: int, share: tuple[int, int] = (0, 1)) -> Batches:
    """The batches of a stage, with random numbers of its own."""
    stage = recipe.stages[number]
    return Batches(corpus, recipe.objective, stage.length, stage.rows, recipe.seed, recipe.texts, number, share)


def held_out(recipe: Recipe, corpus: Corpus, number: int, share: tuple[int, int]) -> tuple[Batches, int] | None:
    """The batches to measure a stage on, and how many of them; none where nothing, or too little, was held out."""
    stage, objective = recipe.stages[number], recipe.objective
    documents = sum(shard["records"] for shard in corpus.manifest["parts"]["heldout"])
    if documents < (2 if objective.pairs == "nsp" else 1):
        log.warning("Nothing is measured on held-out text in rows of %d: it has %d documents.", stage.length, documents)
        return None
    part = Corpus(corpus.folder, "heldout")
    most = len(Batches(part, objective, stage.length, 1, 0, recipe.texts).epoch(0).rows)
    if most < share[1]:
        said = "Nothing is measured on held-out text in rows of %d: it fills %d, and there are %d workers."
        log.warning(said, stage.length, most, share[1])
        return None
    rows = min(stage.micro or stage.rows, recipe.evaluate_rows, most)
    rows = max(rows // share[1], 1) * share[1]
    count = min(math.ceil(recipe.evaluate_rows / rows), most // rows)
    return Batches(part, objective, stage.length, rows, 0, recipe.texts, share=share), count
