"""Inputs made in a graph are those that the tokenizer makes when it is called."""

import random

import keras
import numpy as np
import pytest
from conftest import BERT

from keras_bert_zoo import ZooError, build
from keras_bert_zoo.text import TextVectorization, packaged

tf = pytest.importorskip("tensorflow")
WORDS = ["cat", "naïve", "2010,", "''", "unbelievably", "龘"]
TOKENIZERS = {
    "wordpiece": packaged("bert_uncased_vocab.txt", 40),
    "sentencepiece": packaged("albert_spiece.model", 40),
    "words": TextVectorization.learn(WORDS, size=20, max_length=40),
}
every = pytest.mark.parametrize("kind", TOKENIZERS)


def some(draw, count=40):
    return [" ".join(draw.choices(WORDS, k=draw.randint(0, 9))) for _ in range(count)]


def same(found, expected):
    assert found.keys() == expected.keys()
    for key in expected:
        assert found[key].dtype == tf.int32
        np.testing.assert_array_equal(found[key].numpy(), expected[key], err_msg=key)


@every
@pytest.mark.parametrize("length", [3, 4, 9, 17, 40])
def test_texts(kind, length):
    tokenizer, texts = TOKENIZERS[kind], some(random.Random(0))
    same(tokenizer.inputs_in_graph(tf.constant(texts), length=length), tokenizer(texts, length=length))


@every
@pytest.mark.parametrize(
    ("truncation", "length"), [("longest_first", 4), ("longest_first", 13), ("only_first", 9), ("only_second", 9)]
)
def test_pairs(kind, truncation, length):
    tokenizer, draw = TOKENIZERS[kind], random.Random(1)
    texts, pairs = some(draw), some(draw)
    short = [text[:5] for text in texts]  # it fits where only the other is cut
    texts, pairs = (short if truncation == "only_second" else texts), (short if truncation == "only_first" else pairs)
    assert max(len(a) + len(b) for a, b in zip(tokenizer.ids(texts), tokenizer.ids(pairs), strict=True)) > length - 3
    found = tokenizer.inputs_in_graph(texts, pairs, length=length, truncation=truncation)
    same(found, tokenizer(texts, pairs, length=length, truncation=truncation))


def test_without_a_length_rows_are_as_long_as_the_model_takes():
    tokenizer = TOKENIZERS["wordpiece"]
    assert tokenizer.inputs_in_graph(["a"])["token_ids"].shape == (1, 40)


@every
def test_in_a_data_set_and_in_a_saved_model(kind, tmp_path):
    tokenizer, texts = TOKENIZERS[kind], some(random.Random(2), 8)
    data = tf.data.Dataset.from_tensor_slices(texts).batch(4)
    for number, batch in enumerate(data.map(lambda text: tokenizer.inputs_in_graph(text, length=9))):
        same(batch, tokenizer(texts[4 * number : 4 * number + 4], length=9))
    module = tf.Module()
    module.words = tokenizer.layer if kind == "words" else None  # its table has to be found
    signature = [tf.TensorSpec([None], tf.string)]
    module.inputs = tf.function(lambda text: tokenizer.inputs_in_graph(text, length=9), input_signature=signature)
    tf.saved_model.save(module, str(tmp_path))
    same(tf.saved_model.load(str(tmp_path)).inputs(tf.constant(texts)), tokenizer(texts, length=9))


def test_a_model_learns_from_it(tokenizer):
    texts = ["a b", "c d", "a a", "d d"] * 4
    data = tf.data.Dataset.from_tensor_slices((texts, [0, 1, 0, 1] * 4)).batch(4)
    model = build(BERT, num_layers=1, num_blocks=1, task="classification", num_classes=2)
    model.compile(optimizer=keras.optimizers.Adam(1e-2), jit_compile=False)
    data = data.map(lambda text, label: (tokenizer.inputs_in_graph(text, length=9), label))
    losses = model.fit(data, epochs=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 2


def test_what_does_not_fit():
    tokenizer = TOKENIZERS["wordpiece"]
    with pytest.raises(ZooError, match="length=3 leaves no room for the special pieces: use at least 4"):
        tokenizer.inputs_in_graph(["a"], ["b"], length=3)
    with pytest.raises(ZooError, match="length=41 is longer than the 40 tokens"):
        tokenizer.inputs_in_graph(["a"], length=41)
    with pytest.raises(ZooError, match="There is no truncation 'none'"):
        tokenizer.inputs_in_graph(["a"], ["b"], length=9, truncation="none")
    with pytest.raises(tf.errors.InvalidArgumentError, match="the text that is not cut has no room"):
        tokenizer.inputs_in_graph(["a"], ["b c d e f g"], length=6, truncation="only_first")
    with pytest.raises(tf.errors.InvalidArgumentError, match="give one pair for each text"):
        tokenizer.inputs_in_graph(["a", "b"], ["c"], length=6)
