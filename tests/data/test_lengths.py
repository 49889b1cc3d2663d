import numpy as np

from keras_bert_zoo.data.lengths import LENGTHS, by_length, static_length


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
    assert [static_length(n) for n in (1, 16, 17, 100, 512, 600)] == [16, 16, 24, 128, 512, 600]
