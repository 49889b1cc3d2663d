from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from corpora import make_corpus

from keras_bert_zoo import ZooError
from keras_bert_zoo.corpus.batches import Batches, Objective, empty_batch
from keras_bert_zoo.corpus.masking import Masking
from keras_bert_zoo.corpus.prepare import prepare

PAIRS = ("none", "sop", "nsp")


@pytest.fixture
def corpus(tmp_path, tokenizer):
    return make_corpus(tmp_path, tokenizer)


def batches(corpus, pairs="none", length=48, rows=4, seed=3, texts=8, **objective):
    return Batches(corpus, Objective(pairs=pairs, **objective), length, rows, seed, texts)


def texts_in(batch):
    """Every text of a batch with its hidden pieces put back: ids, segments, hidden places, answer."""
    ids = batch["token_ids"].copy()
    for row, (places, truth, weights) in enumerate(
        zip(batch["mask_positions"], batch["mask_ids"], batch["mask_weights"], strict=True)
    ):
        ids[row, places[weights > 0]] = truth[weights > 0]
    for row, mask in enumerate(batch["padding_mask"]):
        for number in range(1, mask.max() + 1):
            here = np.flatnonzero(mask == number)
            answer = batch["answers"][row, number - 1] if "answers" in batch else None
            yield ids[row, here], batch["segment_ids"][row, here], here, answer


def parts_in(batch):
    """Both parts of every pair of a batch, as strings of characters with their ids, and its answer."""
    for ids, _, _, answer in texts_in(batch):
        middle = int(np.flatnonzero(ids == 3)[0])
        yield *("".join(map(chr, part)) for part in (ids[1:middle], ids[middle + 1 : -1])), answer


def spans(corpus):
    """Every document as a string of characters with its ids, to find pieces in."""
    return ["".join(map(chr, corpus.read(i).token_ids)) for i in range(len(corpus))]


@pytest.mark.parametrize("pairs", PAIRS)
def test_the_arrays_of_a_batch(corpus, pairs):
    made = batches(corpus, pairs)
    for number in range(12):
        batch = made[number]
        mask = batch["padding_mask"]
        assert mask.shape == (4, 48)
        assert (np.diff((mask > 0).astype(int), axis=1) <= 0).all()  # no hole
        for row in range(4):
            numbers = mask[row][mask[row] > 0]
            np.testing.assert_array_equal(np.unique(numbers), np.arange(1, numbers.max() + 1))
            if pairs != "none":
                starts = [int(np.flatnonzero(mask[row] == n)[0]) for n in range(1, numbers.max() + 1)]
                assert batch["text_positions"][row, : len(starts)].tolist() == starts
                assert batch["text_weights"][row].sum() == len(starts)
        for ids, segments, _, _ in texts_in(batch):
            assert ids[0] == 2
            assert ids[-1] == 3
            ends = np.flatnonzero(ids == 3)
            assert len(ends) == (1 if pairs == "none" else 2)
            np.testing.assert_array_equal(segments, (np.arange(len(ids)) > ends[0]) * (pairs != "none"))
        weights = batch["mask_weights"] > 0
        hidden = np.take_along_axis(batch["token_ids"], batch["mask_positions"], 1)[weights]
        assert not np.isin(hidden, [0, 1, 2, 3]).any()
        places = [(row, place) for row in range(4) for place in batch["mask_positions"][row][weights[row]]]
        assert len(set(places)) == len(places)


@pytest.mark.parametrize("pairs", PAIRS)
def test_an_epoch_has_every_piece_once(corpus, pairs):
    """What next-sentence pairs cut off, and pairs of one piece, are the only ones missing."""
    made = batches(corpus, pairs, rows=1)
    count = len(made.epoch(0).rows)
    found = np.concatenate([ids[ids > 3] for i in range(count) for ids, *_ in texts_in(made[i])])
    whole = np.concatenate([corpus.read(i).token_ids for i in range(len(corpus))])
    lost = np.bincount(whole, minlength=41) - np.bincount(found, minlength=41)
    assert lost.min() >= 0
    assert lost.sum() <= {"none": 0, "sop": 0.01, "nsp": 0.12}[pairs] * len(whole)
    assert made.find(count) == (1, 0)


def test_pairs_follow_or_are_swapped(corpus):
    documents, answers = spans(corpus), []
    made = batches(corpus, "sop")
    for number in range(20):
        for first, second, answer in parts_in(made[number]):
            together = second + first if answer else first + second
            assert any(together in document for document in documents)
            answers.append(answer)
    assert 0.35 < np.mean(answers) < 0.65


def test_pairs_of_two_documents(corpus):
    documents, answers = spans(corpus), []
    made = batches(corpus, "nsp")
    for number in range(20):
        for first, second, answer in parts_in(made[number]):
            if not answer:
                assert any(first + second in document for document in documents)
            assert any(first in document for document in documents)
            assert any(second in document for document in documents)
            answers.append(answer)
    epoch = made.epoch(0).pairs
    mixed = epoch.answer == 1
    assert (epoch.first.document[mixed] != epoch.second.document[mixed]).all()
    assert 0.35 < np.mean(answers) < 0.65


def test_one_document_much_larger_than_the_others(tmp_path, tokenizer):
    """Of most pairs both parts are its own: fewer are mixed, and none says that it follows where it does not."""
    letters = "abcdefghijklmnopqr"
    book = "\n".join(f"{a}{b}{c} {c}{a}" for a in letters for b in letters[:9] for c in letters)
    (tmp_path / "a.txt").write_text(book)
    for number, letter in enumerate(letters[:6]):
        (tmp_path / f"b{number}.txt").write_text(f"{letter} {letter}{letter}\n" * 30)
    folder = tmp_path / "corpus"
    corpus = prepare(tmp_path, folder, tokenizer, sentences="line", heldout=0.0, workers=0, tell=lambda line: None)
    pairs = batches(corpus, "nsp").epoch(0).pairs
    same = pairs.first.document == pairs.second.document
    follows = pairs.second.start == pairs.first.start + pairs.first.length
    np.testing.assert_array_equal(pairs.answer == 0, same & follows)
    assert 0 < pairs.answer.mean() < 0.3


def test_one_document_has_no_pairs(tmp_path, tokenizer):
    (tmp_path / "a.txt").write_text("ab cd\n" * 200)
    folder = tmp_path / "corpus"
    corpus = prepare(tmp_path / "a.txt", folder, tokenizer, heldout=0.0, workers=0, tell=lambda line: None)
    with pytest.raises(ZooError, match="has one document, and next-sentence pairs need two"):
        batches(corpus, "nsp", rows=1)[0]


@pytest.mark.parametrize("pairs", PAIRS)
def test_the_shapes_of_a_batch_without_a_corpus(corpus, pairs):
    made = batches(corpus, pairs, texts=5)[2]
    empty = empty_batch(Objective(pairs=pairs), 48, 4, 5)
    assert {key: (value.shape, value.dtype) for key, value in empty.items()} == {
        key: (value.shape, value.dtype) for key, value in made.items()
    }
    assert ("answers" in made) == (pairs != "none")


def test_parts_end_with_a_sentence_where_they_can(corpus):
    epoch = batches(corpus, "sop").epoch(0).pairs
    at_end = 0
    for i in range(200):
        document, answer = corpus.read(epoch.first.document[i]), epoch.answer[i]
        part = epoch.second if answer else epoch.first
        at_end += part.start[i] + part.length[i] in np.cumsum(document.sentences)
    assert at_end > 150


def test_the_rate_of_hidden_pieces(corpus):
    hidden = pieces = 0
    made = batches(corpus, "sop", rows=8)
    for number in range(60):
        batch = made[number]
        hidden += batch["mask_weights"].sum()
        pieces += sum(len(ids) - 3 for ids, *_ in texts_in(batch))
    assert abs(hidden / pieces - 0.15) < 0.002


@pytest.mark.parametrize("pairs", PAIRS)
def test_batch_i_is_a_function_of_i(corpus, pairs):
    one, other = batches(corpus, pairs), batches(corpus, pairs)
    expected = [one[i] for i in range(40)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(other.__getitem__, reversed(range(40))))[::-1]
    for a, b in zip(expected, found, strict=True):
        for key in a:
            np.testing.assert_array_equal(a[key], b[key], err_msg=key)
    differs = batches(corpus, pairs, seed=4)[0]
    assert not np.array_equal(differs["token_ids"], expected[0]["token_ids"])


def test_masks_are_new_in_every_epoch_or_repeat(corpus):
    for duplicates, period in ((0, None), (2, 2)):
        made = batches(corpus, rows=1, duplicates=duplicates)
        ends = [0] + [made.find(10_000) and made.ends[i] for i in range(4)]
        firsts = [made[end]["token_ids"] for end in ends[:5]]
        assert not np.array_equal(firsts[0], firsts[1])
        assert np.array_equal(firsts[0], firsts[2]) == (period == 2)
        assert np.array_equal(firsts[1], firsts[3]) == (period == 2)


def test_texts_of_one_length_hide_different_pieces(corpus):
    made, found = batches(corpus, short=0.0, texts=1), {}
    for number in range(10):
        batch = made[number]
        for mask, places, weights in zip(
            batch["padding_mask"], batch["mask_positions"], batch["mask_weights"], strict=True
        ):
            found.setdefault(mask.sum(), []).append(tuple(places[weights > 0]))
    full = found[48]
    assert len(full) > 10
    assert len(set(full)) == len(full)


def test_whole_words_are_hidden(corpus):
    made = batches(corpus, masking=Masking(unit="word"))
    starts = made.masker.starts_word
    for number in range(10):
        batch = made[number]
        for row, (places, weights) in enumerate(zip(batch["mask_positions"], batch["mask_weights"], strict=True)):
            hidden, truth = set(places[weights > 0].tolist()), batch["token_ids"][row].copy()
            truth[places[weights > 0]] = batch["mask_ids"][row][weights > 0]
            for place in hidden:
                after = place + 1
                if truth[after] > 4 and not starts[truth[after]]:
                    assert after in hidden


def test_which_texts_a_batch_has(corpus):
    made = batches(corpus)
    batch, named = made[5], made.texts_of(5)
    found = [ids[1:-1] for ids, *_ in texts_in(batch)]
    assert len(named) == len(found)
    for (document, start), ids in zip(named, found, strict=True):
        np.testing.assert_array_equal(corpus.read(document).token_ids[start : start + len(ids)], ids)


def test_what_does_not_fit(corpus):
    with pytest.raises(ZooError, match="length=4 leaves no room for a text: at least 5"):
        batches(corpus, "sop", length=4)
    with pytest.raises(ZooError, match=r"fills \d+ rows of 48 tokens, and a batch has 4,000"):
        batches(corpus, rows=4000)[0]
    with pytest.raises(ZooError, match="There is no objective for pairs 'rtd'"):
        Objective(pairs="rtd")
    with pytest.raises(ZooError, match="duplicates=-1 must be a whole number"):
        Objective(duplicates=-1)
