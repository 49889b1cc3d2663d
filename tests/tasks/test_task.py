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
}
every_task = pytest.mark.parametrize("task", TASKS)


@every_task
def test_config(task, family):
    contracts.comes_back_from_its_config(task, family, TASKS[task])


@every_task
def test_keras_file(task, family, tmp_path, tokenizer):
    contracts.comes_back_from_a_keras_file(task, family, TASKS[task], tmp_path, tokenizer)


@every_task
def test_folder(task, family, tmp_path, tokenizer):
    options = {} if task == "states" else TASKS[task]
    contracts.comes_back_from_its_folder(task, family, options, tmp_path, tokenizer)


@every_task
def test_padding(task, family):
    contracts.does_not_see_padding(task, family, TASKS[task])


@every_task
def test_packing(task, family):
    contracts.packs(task, family, {} if task == "states" else TASKS[task])


@every_task
@pytest.mark.parametrize("policy", ["mixed_bfloat16"])
def test_precision(task, family, policy):
    contracts.runs_in(policy, task, family, TASKS[task])


@pytest.mark.parametrize("task", [task for task in TASKS if task != "states"])
def test_learns(task, family):
    contracts.learns(task, family, TASKS[task])


@pytest.mark.parametrize("task", [task for task in TASKS if task != "states"])
def test_drops_out(task, family):
    contracts.drops_out(task, family, TASKS[task])


@every_task
def test_unties(task, family):
    contracts.unties(task, family, TASKS[task])


def test_a_tokenizer_that_does_not_fit(tokenizer):
    model = build(BERT, vocab_size=40)
    with pytest.raises(ZooError, match="The tokenizer has 41 pieces, but the model 40: give it its own, or build a"):
        model.tokenizer = tokenizer
    with pytest.raises(ZooError, match="'bert_base' is no tokenizer: make one with"):
        model.tokenizer = "bert_base"
    assert model.tokenizer is None
