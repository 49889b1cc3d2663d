import numpy as np
import pytest
from conftest import ALBERT, BERT

from keras_bert_zoo.training.figures import Figures, train_flops

FOUND = {"masked_lm": 3.0, "masked_correct": 1.0, "pairs": 0.5, "pairs_correct": 2.0, "norm": 4.0, "applied": True}
FOUND |= {"masked": 2.0, "answers": 2.0, "real": 4.0}
SKIPPED = dict.fromkeys(FOUND, np.nan) | {"applied": False, "real": 4.0}


def test_means_by_hand():
    figures = Figures()
    figures.add(FOUND, 2.0)
    figures.add(FOUND | {"masked_lm": 5.0, "norm": 8.0}, 1.0)
    figures.add(SKIPPED, 1.0)  # read, but not learnt from
    means = figures.means()
    assert means == pytest.approx(
        {
            "masked_lm": 2.0,
            "masked_accuracy": 0.5,
            "pairs": 0.25,
            "pairs_accuracy": 1.0,
            "loss": 2.25,
            "norm": 6.0,
        }
    )
    assert (figures["real"], figures["seconds"]) == (12, 4.0)


def test_nothing_was_learnt():
    figures = Figures()
    figures.add(SKIPPED, 1.0)
    assert figures.means() == {}


def test_operations_by_hand():
    """Six for each multiply-add of the forward pass: two, and twice as many for the gradient."""
    block = 4 * 12 * 12 + 2 * 12 * 29 + 2 * 10 * 12  # a token's, in rows of ten
    assert train_flops(BERT, 10, 5, 40) == 6 * (3 * block * 40 + 5 * (12 * 12 + 12 * 41))
    assert train_flops(ALBERT, 10, 5, 40) == 6 * ((5 * block + 7 * 12) * 40 + 5 * (12 * 7 + 7 * 41))
