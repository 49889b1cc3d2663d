"""The batches of a recipe's stages, and those that are only measured."""

import logging

from keras_bert_zoo.corpus.batches import Batches
from keras_bert_zoo.corpus.heldout import HeldOut
from keras_bert_zoo.corpus.shards import Corpus
from keras_bert_zoo.distribution import Runtime
from keras_bert_zoo.training.recipe import Recipe
from keras_bert_zoo.training.step import ONE

log = logging.getLogger("keras_bert_zoo")


def batches_of(recipe: Recipe, corpus: Corpus, number: int, share: tuple[int, int] = (0, 1)) -> Batches:
    """The batches of a stage, with random numbers of its own."""
    stage = recipe.stages[number]
    return Batches(corpus, recipe.objective, stage.length, stage.rows, recipe.seed, recipe.texts, number, share)


def held_out(recipe: Recipe, corpus: Corpus, number: int, runtime: Runtime = ONE) -> HeldOut | None:
    """What a stage is measured on, as many rows at once as all devices take; none where too little was held out."""
    stage, objective = recipe.stages[number], recipe.objective
    documents = sum(shard["records"] for shard in corpus.manifest["parts"]["heldout"])
    if documents < (2 if objective.pairs == "nsp" else 1):
        log.warning("Nothing is measured on held-out text in rows of %d: it has %d documents.", stage.length, documents)
        return None
    rows = min(stage.rows, stage.micro * runtime.replicas) or stage.rows
    return HeldOut(corpus, objective, stage.length, rows, recipe.evaluate_rows, recipe.texts, runtime.share)
