import numpy as np
import pytest

from keras_bert_zoo import ZooError
from keras_bert_zoo.corpus.masking import Masker, Masking, starts_of_words
from keras_bert_zoo.text import packaged

STARTS = np.array([1, 0, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1], bool)
WORDS = [{0, 1, 2}, {3}, {4, 5}, {6}, {7}, {8, 9}, {10}, {11}]


def random(seed=0):
    return np.random.default_rng(seed)


def masker(tokenizer, **masking):
    return Masker(Masking(**masking), tokenizer)


def test_what_begins_a_word(tokenizer):
    pieces = tokenizer.vocabulary.pieces
    assert [pieces[i] for i in np.flatnonzero(~starts_of_words(tokenizer))] == [p for p in pieces if p[:2] == "##"]
    albert = packaged("albert_spiece.model")
    starts = starts_of_words(albert)
    for piece, expected in {"▁the": True, "ing": False, ".": True, "'": True, "s": False, "1": True, "é": True}.items():
        assert starts[albert.vocabulary.ids.get(piece, 0)] == expected, piece


@pytest.mark.parametrize("unit", ["piece", "word", "ngram"])
def test_how_many_and_what_of(tokenizer, unit):
    hide = masker(tokenizer, unit=unit)
    hide.starts_word = np.ones(41, bool)
    ids = random(1).integers(5, 41, 400)
    kinds = np.zeros(3)
    for seed in range(60):
        places, shown = hide(ids, 60, random(seed))
        assert len(places) == len(set(places)) == 60
        assert (np.diff(places) > 0).all()
        kinds += [(shown == 4).sum(), ((shown != 4) & (shown != ids[places])).sum(), (shown == ids[places]).sum()]
        assert not np.isin(shown[shown != 4], range(5)).any()
    kinds /= kinds.sum()
    random_other = 0.1 * 35 / 36  # a random piece may be the same
    np.testing.assert_allclose(kinds, [0.8, random_other, 0.2 - random_other], atol=0.03)


@pytest.mark.parametrize("unit", ["word", "ngram"])
def test_whole_words(tokenizer, unit):
    hide = masker(tokenizer, unit=unit)
    ids = np.where(STARTS, 7, 30)
    for seed in range(200):
        places, _ = hide(ids, 5, random(seed))
        assert len(places) <= 5
        assert len(places) >= 3
        assert all(word <= set(places) or not word & set(places) for word in WORDS)


def test_runs_of_words_are_shorter_the_more_often(tokenizer):
    """Lan et al. 2020, equation 1: n words with a probability in proportion to 1/n."""
    hide = masker(tokenizer, unit="ngram")
    ids, counts = np.full(1000, 7), np.zeros(4)
    for seed in range(3000):
        places, _ = hide(ids, 3, random(seed))
        first = hide.choose(np.ones(1000, bool), 3, random(seed))
        run = 1 + (first[1] == first[0] + 1) + (first[1] == first[0] + 1 and first[2] == first[1] + 1)
        counts[run] += 1
        assert len(places) == 3
    np.testing.assert_allclose(counts[1:] / counts.sum(), [6 / 11, 3 / 11, 2 / 11], atol=0.03)


def test_a_word_longer_than_the_count_stays(tokenizer):
    hide = masker(tokenizer, unit="word")
    places, _ = hide(np.array([7, 30, 30, 30]), 2, random())
    assert len(places) == 0


def test_the_first_piece_of_a_text_in_mid_word(tokenizer):
    hide = masker(tokenizer, unit="word")
    found = {tuple(hide(np.array([30, 30, 7]), 2, random(seed))[0]) for seed in range(50)}
    assert found == {(0, 1), (2,)}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"rate": 0}, "rate=0 must be above 0 and below 1"),
        ({"rate": 1.2}, "rate=1.2 of the masking must be a share"),
        ({"mask": 0.8, "random": 0.3}, "are shares of one whole"),
        ({"unit": "words"}, "There is no unit of masking 'words': did you mean 'word'"),
    ],
)
def test_settings_that_cannot_be(settings, said):
    with pytest.raises(ZooError, match=said):
        Masking(**settings)
