"""What is measured is the same with any number of workers, to the last row."""

import numpy as np
import pytest
from corpora import make_corpus

from keras_bert_zoo.corpus.batches import Batches, Objective
from keras_bert_zoo.corpus.heldout import HeldOut
from keras_bert_zoo.corpus.shards import Corpus

LENGTH, MOST = 32, 1000


@pytest.fixture
def corpus(tmp_path, tokenizer):
    return make_corpus(tmp_path, tokenizer, heldout=0.3)


def rows_in(batches):
    """The rows of batches that hold something, in order, as tuples of all their arrays."""
    for batch in batches:
        for row, mask in enumerate(batch["padding_mask"]):
            if mask.any():
                yield tuple(tuple(batch[key][row].tolist()) for key in sorted(batch))
            else:
                assert all(not array[row].any() for array in batch.values())  # it weighs nothing


@pytest.mark.parametrize("pairs", ["none", "sop", "nsp"])
@pytest.mark.parametrize(("rows", "workers"), [(4, 1), (4, 2), (7, 2), (5, 4), (4, 128)])
def test_workers_share_every_row(corpus, pairs, rows, workers):
    objective = Objective(pairs=pairs)
    every = Batches(Corpus(corpus.folder, "heldout"), objective, LENGTH, 1)
    count = len(every.epoch(0).rows)
    assert count % rows and count < 128  # a tail, and a worker that has none
    wanted = list(rows_in(every[i] for i in range(count)))
    shares = [HeldOut(corpus, objective, LENGTH, rows, MOST, share=(i, workers)) for i in range(workers)]
    assert len({len(share) for share in shares}) == 1
    assert len({array.shape for share in shares for batch in share for array in [batch["token_ids"]]}) == 1
    together = zip(*shares, strict=True)  # batch after batch
    found = list(rows_in({key: np.concatenate([own[key] for own in batch]) for key in batch[0]} for batch in together))
    assert found == wanted


def test_so_many_rows_at_most(corpus):
    objective = Objective()
    few = HeldOut(corpus, objective, LENGTH, 4, 6)
    assert [batch["padding_mask"].any(1).sum() for batch in few] == [4, 2]
    assert len(few[0]["token_ids"]) == len(few[1]["token_ids"]) == 4
    assert len(HeldOut(corpus, objective, LENGTH, 4, 2)[0]["token_ids"]) == 2  # no row too many
    with pytest.raises(IndexError):
        few[2]
