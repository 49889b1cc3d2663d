import tomllib
from pathlib import Path

import pytest

from keras_bert_zoo import ZooError
from keras_bert_zoo.training.recipe import Optimizer, Recipe, read_recipe
from keras_bert_zoo.training.schedules import falling

RECIPES = sorted((Path(__file__).parents[2] / "examples" / "recipes").glob("*.toml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_the_recipes_that_come_with_it(path):
    recipe = read_recipe(path)
    assert Recipe.of(recipe.to_dict()) == recipe
    assert read_recipe(recipe, steps=7, optimizer={"rate": 0.5}).optimizer.rate == 0.5
    assert read_recipe(path, steps=7).steps == 7
    said = tomllib.loads(path.read_text())
    assert (recipe.model, recipe.weights) == (said.get("model"), said.get("weights"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"model": "bert_tiny", "step": 3}, "There is no field of The recipe 'step': did you mean 'steps'"),
        ({"model": "bert_tiny", "optimizer": {"lr": 3}}, r"There is no field of The recipe, \[optimizer\] 'lr'"),
        ({"model": "bert_tiny", "optimizer": {"name": "sgd"}}, r"\[optimizer\]: There is no optimizer 'sgd'"),
        ({"model": "bert_tiny", "masking": {"rate": 2}}, r"\[masking\]: rate=2"),
        ({"model": "bert_tiny", "objective": {"pairs": "x"}}, r"\[objective\]: There is no objective for pairs 'x'"),
        ({"model": "bert_tiny", "stages": [{"share": 0.5}]}, "The shares of the stages must add up to 1, and make 0.5"),
        ({"model": "bert_tiny", "stages": []}, "stages is empty: give"),
        ({"model": "bert_tiny", "stages": {}}, "stages are a list"),
        ({"model": "bert_tiny", "stages": [{"rows": 8, "micro": 3}]}, "micro=3 must divide the 8 rows"),
        ({"model": "bert_tiny", "masking": 3}, "must be a table of fields"),
        ({"model": "bert_tiny", "steps": 0}, "steps=0 must be a whole number of at least 1"),
        ({"model": "bert_tiny", "shape": {"layers": 2}}, "There is no size of a model 'layers'"),
        ({"model": "bert_tiny", "hours": -1}, "hours=-1 must be a number above 0"),
        ({"model": "bert_tiny", "hours": True}, "hours=True must be a number above 0"),
        ({"model": "bert_tiny", "shape": 3}, "shape=3 must be of type Mapping"),
        ({"model": 3}, "model=3 must be of type str"),
        ({"model": "bert_tiny", "jit_compile": "no"}, "jit_compile='no' must be of type bool"),
        ({"model": "bert_tiny", "dtype": "mixed_float16"}, "needs a scaled loss, which the step has not"),
        ({"model": "bert_tiny", "stages": [{"micro": True}]}, "micro=True must divide"),
        ({"model": "bert_tiny", "optimizer": {"clip": True}}, "clip=True must be a number"),
        ({}, "A recipe needs a model"),
    ],
)
def test_what_cannot_be(given, said):
    with pytest.raises(ZooError, match=said):
        read_recipe(given)


def test_steps_in_place_of_hours():
    recipe = {"model": "bert_tiny", "hours": 3}
    assert read_recipe(recipe).hours == 3
    assert read_recipe(recipe, steps=7).hours is None


def test_a_table_changes_in_what_is_named():
    recipe = {"model": "bert_tiny", "optimizer": {"rate": 0.5, "warmup": 0.2}}
    assert read_recipe(recipe, optimizer={"rate": 0.1}).optimizer == Optimizer(rate=0.1, warmup=0.2)


def test_files_that_are_no_recipe(tmp_path):
    with pytest.raises(ZooError, match="There is no recipe"):
        read_recipe(tmp_path / "a.toml")
    (tmp_path / "a.toml").write_text("model = ")
    with pytest.raises(ZooError, match="is no recipe in TOML"):
        read_recipe(tmp_path / "a.toml")


def test_rates_by_hand():
    assert falling("linear", 0.05, 0.1) == 0.5
    assert falling("linear", 0.1, 0.1) == 1
    assert falling("linear", 0.55, 0.1) == pytest.approx(0.5)
    assert falling("linear", 1.0, 0.1) == 0
    assert falling("cosine", 0.55, 0.1) == pytest.approx(0.5)
    assert falling("cosine", 0.325, 0.1) == pytest.approx((1 + 2**-0.5) / 2)
    assert falling("constant", 0.9, 0.0) == 1
