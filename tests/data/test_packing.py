import keras
import numpy as np
import pytest
from conftest import ALBERT, BERT, disturb

from keras_bert_zoo import build
from keras_bert_zoo.data import PackedBatches
from keras_bert_zoo.data.packing import fill_rows


def inputs(count=37, longest=23, seed=0):
    """Texts with ids that say which they are, a text a row."""
    random = np.random.default_rng(seed)
    lengths = random.integers(3, longest + 1, count)
    mask = (np.arange(longest) < lengths[:, None]).astype("int32")
    ids = random.integers(1, 41, (count, longest)).astype("int32") * mask
    return {"token_ids": ids, "segment_ids": (np.arange(longest) > 2).astype("int32") * mask, "padding_mask": mask}


def unpack(batch):
    """Texts, targets and weights of a packed batch."""
    given, targets, weights = batch
    found = []
    for row, place in zip(*np.nonzero(weights), strict=True):
        own = given["padding_mask"][row] == place + 1
        assert given["text_positions"][row, place] == np.flatnonzero(own)[0]
        assert (np.diff(np.flatnonzero(own)) == 1).all()
        text = (given["token_ids"][row, own].tolist(), given["segment_ids"][row, own].tolist())
        found.append((text, targets[row, place], weights[row, place]))
    return found


def test_every_text_once_an_epoch_whole_and_with_its_own_target():
    arrays, targets = inputs(), np.arange(37, dtype="int32")
    weights = 1 + np.arange(37) / 100
    batches = PackedBatches(arrays, targets, weights, 8, seed=5)
    assert len(batches) == 5
    orders = []
    for _ in range(2):
        batches.on_epoch_end()  # Keras calls it before the first epoch too
        found = [text for i in range(len(batches)) for text in unpack(batches[i])]
        orders.append([target for _, target, _ in found])
        assert sorted(orders[-1]) == list(range(37))
        for (ids, segments), target, weight in found:
            own = arrays["padding_mask"][target].astype(bool)
            assert ids == arrays["token_ids"][target, own].tolist()
            assert segments == arrays["segment_ids"][target, own].tolist()
            assert weight == np.float32(weights[target])
    assert orders[0] != orders[1]


def test_probabilities_as_targets():
    """Targets of several numbers with one weight a text."""
    arrays, targets = inputs(), np.random.default_rng(1).random((37, 3)).astype("float32")
    batches = PackedBatches(arrays, targets, np.ones(37), 8)
    found = [batches[i] for i in range(len(batches))]
    assert all(weights.shape == given["text_positions"].shape for given, _, weights in found)
    seen = np.array([target for batch in found for _, target, _ in unpack(batch)])
    np.testing.assert_array_equal(np.sort(seen, 0), np.sort(targets, 0))


def test_a_batch_is_a_function_of_seed_epoch_and_number():
    make = lambda seed: PackedBatches(inputs(), np.arange(37), np.ones(37), 8, seed)  # noqa: E731
    one, same, other = make(1), make(1), make(2)
    one[3]
    np.testing.assert_array_equal(one[0][0]["token_ids"], same[0][0]["token_ids"])
    assert (
        one[0][0]["token_ids"].shape != other[0][0]["token_ids"].shape
        or (one[0][0]["token_ids"] != other[0][0]["token_ids"]).any()
    )


def test_few_shapes_and_little_padding():
    batches = PackedBatches(inputs(1000, 60), np.arange(1000), np.ones(1000), 32)
    shapes = {batches[i][0]["token_ids"].shape for i in range(len(batches) - 1)}
    real = sum((batches[i][0]["padding_mask"] > 0).sum() for i in range(len(batches)))
    assert len(shapes) <= 5
    assert real / sum(batches[i][0]["padding_mask"].size for i in range(len(batches))) > 0.8


def test_texts_and_tokens_are_counted():
    batches = PackedBatches(inputs(), np.arange(37), np.ones(37), 8)
    seen = [unpack(batches[i]) for i in range(5)]
    assert batches.texts_in(2) == 16
    assert batches.texts_in(5) == 37
    assert batches.texts_in(7) == 53
    assert batches.tokens_in(2) == sum(len(ids) for batch in seen[:2] for (ids, _), _, _ in batch)
    assert batches.tokens_in(5) == inputs()["padding_mask"].sum()


@pytest.mark.parametrize(
    ("lengths", "rows"), [([5, 3, 2, 6], [[3, 1], [0, 2]]), ([9, 9], [[0], [1]]), ([1] * 5, [[0, 1, 2], [3, 4]])]
)
def test_rows(lengths, rows):
    assert fill_rows(lengths, 10, 3) == rows


@pytest.mark.parametrize("config", [BERT, ALBERT], ids=["bert", "albert"])
def test_a_packed_batch_has_the_loss_and_gradient_of_its_texts_alone(config):
    import tensorflow as tf

    model = disturb(build(config, task="classification", num_classes=3, max_length=64))
    arrays, targets = inputs(), np.arange(37, dtype="int32") % 3
    weights = 1 + np.arange(37, dtype="float32") / 10
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="mean_with_sample_weight")
    variables = [v.value for v in model.trainable_variables]
    batch = PackedBatches(arrays, targets, weights, 37)[0]
    found = []
    for given, truth, weight in ((arrays, targets, weights), batch):
        with tf.GradientTape() as tape:
            value = loss(truth, model(given), weight)
        found.append([value, *tape.gradient(value, variables)])
    for alone, packed in zip(*found, strict=True):
        np.testing.assert_allclose(packed, alone, atol=1e-6, rtol=1e-4)
