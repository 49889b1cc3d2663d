"""The contracts, for every task."""

import contracts
import pytest
from conftest import BERT

from keras_bert_zoo import ZooError, build

TASKS = {
    "states": {"attentions": True},
    "masked_lm": {},
    "pretraining": {},
    "classification": {"num_classes": 3, "head_dropout": 0.2},
    "multi_label": {"num_classes": 3, "threshold": [0.2, 0.5, 0.7]},
}
CASES = [pytest.param(task, options, id=task) for task, options in TASKS.items()]
CASES.append(pytest.param("classification", TASKS["classification"] | {"pooling": "mean"}, id="mean"))
CASES.append(pytest.param("classification", {"num_classes": 2, "head_activation": "sigmoid"}, id="sigmoid"))
every_task = pytest.mark.parametrize(("task", "options"), CASES)
with_targets = pytest.mark.parametrize(("task", "options"), CASES[1:])


@every_task
def test_config(task, options, family):
    contracts.comes_back_from_its_config(task, family, options)


@every_task
def test_keras_file(task, options, family, tmp_path, tokenizer):
    contracts.comes_back_from_a_keras_file(task, family, options, tmp_path, tokenizer)


@every_task
def test_folder(task, options, family, tmp_path, tokenizer):
    contracts.comes_back_from_its_folder(task, family, {} if task == "states" else options, tmp_path, tokenizer)


@every_task
def test_padding(task, options, family):
    contracts.does_not_see_padding(task, family, options)


@every_task
def test_packing(task, options, family):
    contracts.packs(task, family, {} if task == "states" else options)


@every_task
@pytest.mark.parametrize("policy", ["mixed_bfloat16"])
def test_precision(task, options, family, policy):
    contracts.runs_in(policy, task, family, options)


@with_targets
def test_learns(task, options, family):
    contracts.learns(task, family, options)


@with_targets
def test_drops_out(task, options, family):
    contracts.drops_out(task, family, options)


@every_task
def test_unties(task, options, family):
    contracts.unties(task, family, options)


def test_a_tokenizer_that_does_not_fit(tokenizer):
    model = build(BERT, vocab_size=40)
    with pytest.raises(ZooError, match="The tokenizer has 41 pieces, but the model 40: give it its own, or build a"):
        model.tokenizer = tokenizer
    with pytest.raises(ZooError, match="'bert_base' is no tokenizer: make one with"):
        model.tokenizer = "bert_base"
    assert model.tokenizer is None
