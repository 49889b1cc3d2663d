"""The step of JAX as it is given to compilers; run as a program, because TensorFlow has the process of the tests.

KERAS_BACKEND=jax XLA_FLAGS=--xla_force_host_platform_device_count=8 python tests/training/tpu/lowering.py
"""

import json
import re
import sys
from pathlib import Path

import jax
import keras
from jax import export

from keras_bert_zoo.corpus.batches import empty_batch
from keras_bert_zoo.distribution import Runtime, make_runtime
from keras_bert_zoo.training.jax_step import told
from keras_bert_zoo.training.pretrain import make_training_step
from keras_bert_zoo.training.recipe import Recipe
from keras_bert_zoo.training.tpu.check import move

SIZES = {"num_layers": 2, "num_heads": 2, "hidden_size": 8, "intermediate_size": 8, "vocab_size": 41}
RECIPE = {"shape": SIZES, "dtype": "mixed_bfloat16", "stages": [{"length": 24, "rows": 16, "micro": 1}]}
FAMILIES = {
    "bert": {"model": "bert_base", "objective": {"pairs": "nsp"}},
    "albert": {"model": "albert_base", "objective": {"pairs": "sop"}, "optimizer": {"name": "lamb"}},
}


def batch_of(recipe):
    stage = recipe.stages[0]
    return empty_batch(recipe.objective, stage.length, stage.rows, recipe.texts)


def exported(recipe):
    """Platforms and custom calls of the step, as StableHLO."""
    step = make_training_step(recipe, None, Runtime())
    made = export.export(step.learning, platforms=["tpu", "cuda"])(*step.shapes(batch_of(recipe)))
    return {"platforms": made.platforms, "calls": sorted(set(re.findall(r"custom_call @(\w+)", made.mlir_module())))}


def text(step, arguments):
    return step.learning.trace(*arguments).lower().as_text()


def same(recipe):
    """Whether a step made on one device and moved is the very program of a step made where it runs."""
    runtime = make_runtime("mirrored")
    there = make_training_step(recipe, None, runtime)
    batch = batch_of(recipe)
    arrays = (*there.state(), there.spread(told(batch, False)))
    keras.backend.clear_session()  # names count up, and stand in the program
    here = make_training_step(recipe, None, Runtime())
    move(here, runtime)
    ours = text(here, here.shapes(batch))
    return {"devices": runtime.replicas, "same": ours == text(there, arrays), "lines": ours.count("\n")}


if __name__ == "__main__":
    recipes = {name: Recipe.of(RECIPE | family) for name, family in FAMILIES.items()}
    found = {name: exported(recipe) for name, recipe in recipes.items()}
    found["moved"] = same(recipes["bert"])
    found["jax"] = jax.__version__
    Path(sys.argv[1]).write_text(json.dumps(found))
