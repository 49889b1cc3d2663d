import numpy as np
import pytest

from keras_bert_zoo.corpus.filling import fill_rows, plan_rows
from keras_bert_zoo.corpus.texts import cut_documents


def random(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("room", [2, 7, 50])
@pytest.mark.parametrize("short", [0.0, 0.5])
def test_every_piece_once(room, short):
    tokens = random().integers(1, 200, 300)
    texts = cut_documents(tokens, room, short, random(1))
    seen = [np.zeros(count, int) for count in tokens]
    for document, start, length in zip(*texts, strict=True):
        assert 0 < length <= room
        seen[document][start : start + length] += 1
    assert all((count == 1).all() for count in seen)


def test_borders_fall_elsewhere_in_each_epoch():
    tokens = np.full(50, 100)
    starts = [
        set(zip(t.document, t.start, strict=True)) for t in (cut_documents(tokens, 40, 0, random(i)) for i in (1, 2))
    ]
    assert len(starts[0] & starts[1]) < 70  # the 50 beginnings, and a few by chance
    again = cut_documents(tokens, 40, 0, random(1))
    assert set(zip(again.document, again.start, strict=True)) == starts[0]


def test_a_share_of_full_texts_is_cut():
    tokens = np.full(4000, 40)
    texts = cut_documents(tokens, 40, 0.1, random())
    assert abs(len(texts) - 4400) < 60
    assert np.bincount(texts.length, minlength=41)[1:40].min() > 5


def test_rows_by_hand():
    assert plan_rows({6: 2, 4: 1, 3: 2, 1: 1}, 10, 8) == {(6, 4): 1, (6, 3, 1): 1, (3,): 1}
    assert plan_rows({6: 2, 4: 1, 3: 2, 1: 1}, 10, 2) == {(6, 4): 1, (6, 3): 1, (3, 1): 1}
    assert plan_rows({5: 7}, 10, 8) == {(5, 5): 3, (5,): 1}


@pytest.mark.parametrize("most", [1, 3, 8])
def test_every_text_in_a_row(most):
    lengths = random().integers(1, 65, 5000)
    rows = fill_rows(lengths, 64, most, random(1))
    used = rows[rows >= 0]
    np.testing.assert_array_equal(np.sort(used), np.arange(5000))
    filled = np.where(rows >= 0, lengths[rows], 0).sum(1)
    assert filled.max() <= 64
    assert (rows[:, 0] >= 0).all()
    share = filled.mean() / 64
    assert share > {1: 0.5, 3: 0.97, 8: 0.99}[most]
    np.testing.assert_array_equal(rows, fill_rows(lengths, 64, most, random(1)))


def test_texts_of_one_length_are_mixed():
    rows = fill_rows(np.full(1000, 10), 20, 2, random())
    assert abs(np.corrcoef(rows[:, 0], rows[:, 1])[0, 1]) < 0.2
    assert abs(np.corrcoef(rows[:, 0], np.arange(len(rows)))[0, 1]) < 0.2


def test_millions_take_seconds():
    import time

    lengths = random().integers(1, 513, 1_000_000)
    started = time.monotonic()
    fill_rows(lengths, 512, 8, random())
    assert time.monotonic() - started < 15
