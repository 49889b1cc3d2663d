"""What people give to fit and predict besides the arrays that Keras wants."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import BERT, rows

from keras_bert_zoo import ZooError, build, load
from keras_bert_zoo.text import WordPiece

GIVEN = rows([4, 6], 7)


@pytest.fixture
def model(tokenizer):
    model = build(BERT, task="classification", labels=["ham", "spam"])
    model.tokenizer = tokenizer
    model.compile(run_eagerly=True)  # to trace a graph takes longer than these tests
    return model


@pytest.mark.parametrize("targets", [[1, 0], (1, 0), ["spam", "ham"], np.array(["spam", "ham"]), np.array([1.0, 0.0])])
def test_numbers_and_names(model, targets):
    expected = model.evaluate(GIVEN, np.array([1, 0], "int32"), verbose=0)
    assert model.evaluate(GIVEN, targets, verbose=0) == expected
    assert model.evaluate(GIVEN, np.array([0, 1]), verbose=0) != expected
    model.fit(["a", "b"], targets, validation_data=(["a", "b"], targets), verbose=0)


@pytest.mark.parametrize(
    ("targets", "sentence"),
    [
        ([0, 7], r"The targets hold 7, but there are the classes 0 to 1 \(ham, spam\)"),
        ([0, -1], "The targets hold -1"),
        ([0, 0.5], "The targets hold 0.5"),
        ([0, float("nan")], "The targets hold nan"),
        (["ham", "spm"], "There is no class 'spm': did you mean 'spam'"),
        (np.eye(2), r"one-hot: give class numbers, y.argmax"),
        ([0], "There are 2 texts but 1 targets"),
    ],
)
def test_targets_that_do_not_fit(model, targets, sentence):
    for call in (model.fit, model.evaluate):
        with pytest.raises(ZooError, match=sentence):
            call(GIVEN, targets, verbose=0)


def test_a_loss_of_ones_own_takes_what_it_takes(model):
    model.compile(loss=keras.losses.CategoricalCrossentropy(from_logits=True), run_eagerly=True)
    model.fit(GIVEN, np.eye(2), verbose=0)
    with pytest.raises(ZooError, match="There are 2 texts but 3 targets"):
        model.fit(GIVEN, np.eye(3), verbose=0)


def test_pretraining_has_two_targets():
    model = build(BERT, task="pretraining")
    model.compile(jit_compile=False)
    with pytest.raises(ZooError, match=r"The targets must be .*masked_lm.*next_sentence"):
        model.fit(GIVEN, np.array([0, 1]))


@pytest.mark.parametrize("texts", ["a", ["a"], [b"a"], np.array(["a"]), np.array([b"a"]), np.array(["a"], object)])
def test_texts_of_every_kind(model, texts):
    np.testing.assert_allclose(model.predict(texts, verbose=0), model(model.tokenizer(["a"])), atol=1e-6)


def test_a_tensor_of_texts(model):
    np.testing.assert_allclose(model.predict(tf.constant(["a"]), verbose=0), model(model.tokenizer(["a"])), atol=1e-6)


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ([None], "Text 0 is None, of type NoneType: give strings"),
        (["a", float("nan")], "Text 1 is nan"),
        ([("a", "b")], r"Text 0 is \('a', 'b'\)"),
        (np.array([["a"]]), "The texts are a ndarray: give a string, or a flat list"),
        (np.ones((2, 3)), "turn texts into them with model.tokenizer"),
        ([], "There are no texts"),
        ({"token_ids": np.zeros((0, 5), "int32")}, r"has the shape \(0, 5\), in which there is nothing"),
        (GIVEN | {"padding_msk": GIVEN["padding_mask"]}, "no input of this model 'padding_msk': did you mean"),
    ],
)
def test_what_is_no_text(model, texts, sentence):
    with pytest.raises(ZooError, match=sentence):
        model.predict(texts)


def test_answers_take_no_dictionaries_and_no_empty_batches(model):
    with pytest.raises(ZooError, match="The texts are a dict"):
        model.answer({"text": ["a"]})
    with pytest.raises(ZooError, match="batch_size=0 must be a whole number"):
        model.answer(["a"], batch_size=0)


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ("spam", "must be a list of names in the order of their numbers"),
        ({"ham", "spam"}, "must be a list of names"),
        ({"ham": 0, "spam": 1}, "must be a list of names"),
        (["\ud800", "b"], "is no text that a file can hold"),
    ],
)
def test_labels_that_have_no_order(labels, sentence):
    with pytest.raises(ZooError, match=sentence):
        build(BERT, task="classification", labels=labels)


def test_labels_as_transformers_writes_them():
    assert build(BERT, task="classification", labels={1: "spam", 0: "ham"}).labels == ("ham", "spam")


def test_a_threshold(tmp_path, model):
    model.threshold = 0.0
    assert {answer["label"] for answer in model.answer(["a", "b", "c"])} == {"spam"}
    model.save_folder(tmp_path / "model")
    assert load(tmp_path / "model").threshold == 0
    with pytest.raises(ZooError, match="is for two classes, and there are 3"):
        build(BERT, task="classification", num_classes=3, threshold=0.5)


def test_a_mask_past_the_end_is_said(tokenizer, caplog):
    model = build(BERT, task="masked_lm")
    model.tokenizer = WordPiece(tokenizer.data, max_length=23)
    with pytest.raises(ZooError, match=r"No text has a \[MASK\].*text 0 is cut to 23 tokens"):
        model.answer(["a " * 30 + "[MASK]"])
    assert model.answer(["[MASK]", "a " * 30 + "[MASK]"])[1] == []
    assert "Text 1 is cut to 23 tokens, and they have no [MASK]" in caplog.text


def test_a_compiled_keras_file_goes_on(model, tmp_path):
    model.compile("adam", run_eagerly=True)
    model.fit(GIVEN, [0, 1], verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.optimizer.iterations == 1
    again.fit(GIVEN, [0, 1], verbose=0)
    assert again.optimizer.iterations == 2


def test_attentions_come_back(tmp_path):
    build(BERT, attentions=True).save_folder(tmp_path / "model")
    assert "attentions" in load(tmp_path / "model")(GIVEN)
