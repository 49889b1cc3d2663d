import numpy as np
import pytest
from conftest import PIECES

from keras_bert_zoo import ZooError
from keras_bert_zoo.data.lengths import LENGTHS, by_length, static_length, suggest_length, token_counts
from keras_bert_zoo.text import WordPiece


def test_every_text_once_in_few_shapes():
    lengths = np.random.default_rng(0).integers(1, 129, 301)
    mask = (np.arange(128) < lengths[:, None]).astype("int32")
    inputs = {"token_ids": mask * np.arange(301)[:, None], "padding_mask": mask, "mask_positions": lengths[:, None]}
    seen, shapes, tokens = [], set(), 0
    for places, batch in by_length(inputs, 32):
        seen += places.tolist()
        shapes.add(batch["token_ids"].shape)
        tokens += batch["token_ids"].size
        assert batch["token_ids"].shape[1] >= lengths[places].max()
        np.testing.assert_array_equal(batch["mask_positions"][: len(places), 0], lengths[places])
        np.testing.assert_array_equal(batch["token_ids"][: len(places), 0], places)
    assert sorted(seen) == list(range(301))
    assert {rows for rows, _ in shapes} <= {1, 8, 32}
    assert {length for _, length in shapes} <= set(LENGTHS)
    assert tokens < 301 * 128 * 0.85


def test_never_wider_than_given():
    mask = np.ones((1, 13), "int32")
    ((places, batch),) = by_length({"token_ids": mask, "padding_mask": mask}, 32)
    assert batch["token_ids"].shape == (1, 13)
    assert places.tolist() == [0]


def test_lengths():
    assert [static_length(n) for n in (1, 16, 17, 100, 512)] == [16, 16, 24, 128, 512]
    assert [static_length(n) for n in (513, 768, 769, 1024, 1025, 3000)] == [768, 768, 1024, 1024, 1536, 3072]


@pytest.mark.parametrize(
    ("long", "more", "length"),
    [
        (1, {}, 16),  # 199 of 200 are 99.5 %
        (2, {}, 128),
        (1, {"whole": 1}, 128),
        (100, {"whole": 0.5}, 16),
        (101, {"whole": 0.5}, 128),
        (200, {"most": 100}, 100),
        (200, {"most": 24}, 24),
        (1, {"most": 24}, 16),
    ],
)
def test_a_length_is_suggested(long, more, length):
    tokenizer = WordPiece("\n".join(PIECES).encode() + b"\n")
    texts = ["a" * 14] * (200 - long) + ["a" * 95] * long  # 16 and 97 tokens
    assert suggest_length(texts, tokenizer, **more) == length


def test_a_length_for_pairs(tokenizer):
    assert suggest_length(["a" * 5], tokenizer, pairs=["b" * 8]) == 16  # with three special tokens
    assert suggest_length(["a" * 5], tokenizer, pairs=["b" * 9]) == 24


def test_more_texts_than_are_in_memory_at_once(tokenizer):
    texts = ["a" * (i % 7) for i in range(2100)]
    assert token_counts(tokenizer, texts).tolist() == [i % 7 + 2 for i in range(2100)]
    assert token_counts(tokenizer, texts, texts).tolist() == [i % 7 * 2 + 3 for i in range(2100)]


def test_english_unless_a_tokenizer_is_given():
    assert suggest_length(["hello world"] * 9 + ["hello " * 15], whole=0.9) == 16
    assert suggest_length(["hello " * 15]) == 24  # a piece a word, or it would be 128
    assert suggest_length("hello " * 2000) == 512


@pytest.mark.parametrize(
    ("texts", "more", "sentence"),
    [
        ([], {}, "There are no texts"),
        (["a"], {"whole": 0}, "whole=0 must be a share"),
        (["a"], {"whole": 99.5}, "whole=99.5 must be a share"),
        (["a"], {"whole": True}, "whole=True must be a share"),
        (["a"], {"most": 0}, "most=0 must be a whole number"),
        (["a"], {"pairs": ["b", "c"]}, "There are 1 texts but 2 pairs"),
        (["a"], {"tokenizer": "bert_base"}, "tokenizer='bert_base' is no tokenizer"),
        ([None], {}, "Text 0 is None"),
    ],
)
def test_no_length_can_be_suggested(texts, more, sentence):
    with pytest.raises(ZooError, match=sentence):
        suggest_length(texts, **more)
