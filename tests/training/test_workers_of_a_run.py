"""What a pretraining run does for several processes and steps a call, told by a runtime whose others are invented."""

import pytest
from small_runs import RECIPE, data, lines, run, same, small  # noqa: F401

from keras_bert_zoo import ZooError
from keras_bert_zoo.corpus.shards import Corpus
from keras_bert_zoo.distribution import Runtime
from keras_bert_zoo.training.pretrain import claim_together, make_training_step
from keras_bert_zoo.training.recipe import read_recipe


def test_several_steps_a_call(data, tmp_path):
    """Between two lines of the log, commits or ends of a stage as many as are left; nothing else changes."""
    run(tmp_path / "one", data)
    run(tmp_path / "three", data, steps_per_call=3)
    assert same(tmp_path / "one", tmp_path / "three")
    assert lines(tmp_path / "one") == lines(tmp_path / "three")


def test_hours_need_one_clock(data):
    recipe = read_recipe(RECIPE | {"hours": 1.0})
    with pytest.raises(ZooError, match="several workers have one each: give steps="):
        make_training_step(recipe, Corpus(data), Runtime(replicas=2, hosts=2))


def worker(host, *others):
    """A process of two, the other of which answers so each time it is asked: None for what this one says."""
    answers = list(others)

    def gather(value):
        other = answers.pop(0)
        return [value, value if other is None else other]

    return Runtime(replicas=2, hosts=2, host=host, gather=gather)


def test_workers_claim_a_folder_together(data, tmp_path):
    """The first alone writes; where it may not, or where recipes differ, none goes on."""
    recipe, corpus, out = read_recipe(RECIPE), Corpus(data), tmp_path / "run"
    claim_together(out, recipe, corpus, worker(1, None, 0.0))
    assert not out.exists()
    with pytest.raises(ZooError, match="The first worker may not use .*: its own message says why"):
        claim_together(out, recipe, corpus, worker(1, None, 1.0))
    with pytest.raises(ZooError, match="The workers have different recipes, corpora or versions"):
        claim_together(out, recipe, corpus, worker(0, 7.0, 0.0))
    claim_together(out, recipe, corpus, worker(0, None, 0.0))
    with pytest.raises(ZooError, match=r"holds a run with another seed \(5, here 6\)"):
        claim_together(out, read_recipe(RECIPE | {"seed": 6}), corpus, worker(0, None, 0.0))
