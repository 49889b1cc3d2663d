import jax
import numpy as np
import pytest
import tensorflow as tf
from conftest import BERT, rows

from keras_bert_zoo import ZooError, build


@pytest.fixture
def model():
    return build(BERT, task="classification", num_classes=2)


def test_other_libraries_names(model):
    given = rows([4, 6], 7)
    hugging = dict(zip(("input_ids", "token_type_ids", "attention_mask"), given.values(), strict=True))
    hub = dict(zip(("input_word_ids", "input_type_ids", "input_mask"), given.values(), strict=True))
    for renamed in (hugging, hub):
        np.testing.assert_array_equal(model(renamed), model(given))
        np.testing.assert_allclose(model.predict(renamed, verbose=0), model(given), atol=1e-6)


def test_ids_alone_are_one_text(model):
    ids = np.array([[5, 6, 7]], "int32")
    whole = {"token_ids": ids, "segment_ids": ids * 0, "padding_mask": ids * 0 + 1}
    np.testing.assert_array_equal(model({"token_ids": ids}), model(whole))


@pytest.mark.parametrize("wrong", [41, -1, 10**6])
def test_an_id_past_the_vocabulary(model, wrong):
    ids = np.array([[5, wrong, 7]], "int32")
    calls = (
        lambda: model({"token_ids": ids}),
        lambda: model({"token_ids": tf.constant(ids)}),
        lambda: model({"token_ids": jax.numpy.asarray(ids)}),
        lambda: model.predict({"token_ids": ids}),
        lambda: model.evaluate({"token_ids": ids}, np.array([0])),
        lambda: model.fit({"token_ids": ids}, np.array([0])),
    )
    for call in calls:
        with pytest.raises(ZooError, match=f"token_ids holds {wrong}, but there are only 0 to 40: use the tok"):
            call()


def test_a_segment_past_the_table(model):
    ids = np.array([[5, 6]], "int32")
    with pytest.raises(ZooError, match="segment_ids holds 2, but there are only 0 to 1"):
        model({"token_ids": ids, "segment_ids": ids * 0 + 2})


IDS = np.array([[5, 6, 7], [7, 6, 5]], "int32")


@pytest.mark.parametrize(
    ("more", "match"),
    [
        (
            {"segment_ids": IDS[:1] * 0},
            r"segment_ids has the shape \(1, 3\), token_ids \(2, 3\): they must be the same",
        ),
        ({"padding_mask": IDS[:, :2]}, r"padding_mask has the shape \(2, 2\)"),
        ({"padding_mask": IDS - 6}, "padding_mask holds -1: it is 0 on padding"),
        ({"mask_positions": IDS[:1]}, r"mask_positions has the shape \(1, 3\): .* for each of 2 rows"),
        ({"mask_positions": IDS[:, 0]}, r"mask_positions has the shape \(2,\)"),
        ({"mask_positions": IDS * 0 + 3}, "mask_positions holds 3, but there are only 0 to 2: places count in the row"),
        ({"text_positions": IDS * 0 - 1}, "text_positions holds -1"),
        ({"input_ids": IDS}, r"\['input_ids', 'token_ids'\] have token_ids under two names"),
        ({"segment_ids": IDS * 0 + 0.5}, r"segment_ids holds 0.5: it must be whole numbers"),
    ],
)
def test_inputs_that_do_not_fit_together(more, match):
    model = build(BERT, task="pretraining")
    for call in (model, model.predict):
        with pytest.raises(ZooError, match=match):
            call({"token_ids": IDS, **more})


def test_not_a_dictionary(model):
    with pytest.raises(ZooError, match="wrap ids as"):
        model(np.ones((1, 3), "int32"))
    with pytest.raises(ZooError, match="have no token_ids"):
        model({"segment_ids": np.ones((1, 3), "int32")})


def test_data_sets_pass(model):
    given = rows([4, 6, 2], 7)
    data = tf.data.Dataset.from_tensor_slices((given, np.array([0, 1, 0]))).batch(2)
    model.compile(run_eagerly=True)
    model.fit(data, verbose=0)
    np.testing.assert_allclose(model.predict(data, verbose=0), model(given), atol=1e-6)


def test_lists_are_arrays(model):
    np.testing.assert_array_equal(model({"token_ids": [[5, 6]]}), model({"token_ids": np.array([[5, 6]])}))
    with pytest.raises(ZooError, match="The rows of token_ids have different lengths: pad them"):
        model.predict({"token_ids": [[5, 6], [7]]})


@pytest.mark.parametrize("call", ["__call__", "predict"])
def test_shapes_that_cannot_be(model, call):
    with pytest.raises(ZooError, match=r"^token_ids has the shape \(3,\): it must be \(texts, tokens\)"):
        getattr(model, call)({"token_ids": np.array([5, 6, 7])})
    with pytest.raises(
        ZooError, match="^Rows of 24 tokens are longer than the 23 this model has positions for: cut them"
    ):
        getattr(model, call)({"token_ids": np.ones((1, 24), "int32")})


def test_validation_texts_are_read_too(model, tokenizer):
    model.tokenizer = tokenizer
    model.compile(run_eagerly=True)
    history = model.fit(["a", "b"], np.array([0, 1]), validation_data=(["c"], np.array([0])), verbose=0).history
    assert np.isfinite(history["val_loss"][0])
