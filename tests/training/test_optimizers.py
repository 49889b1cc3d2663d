import keras
import numpy as np
import pytest
from conftest import BERT, rows

from keras_bert_zoo import build
from keras_bert_zoo.training.optimizers import LAMB, AdamW
from keras_bert_zoo.training.schedules import WarmupLinear

RATE, DECAY, B1, B2, EPSILON, CLIP = 0.1, 0.02, 0.9, 0.99, 1e-6, 0.5


class Tiny(keras.Model):
    """A table of Keras's own, which gives the optimizer lists of rows, and a dense layer."""

    def __init__(self):
        super().__init__()
        self.table = keras.layers.Embedding(4, 2, embeddings_initializer="ones")
        self.dense = keras.layers.Dense(1, kernel_initializer="ones", bias_initializer="ones")

    def call(self, ids):
        return self.dense(keras.ops.mean(self.table(ids), axis=1))


def by_hand(steps, update):
    """The same in float64: loss = dense(mean of the table's rows), ids 0, 0, 0, 2."""
    counts = np.array([3, 0, 1, 0]) / 4
    table, kernel, bias = np.ones((4, 2)), np.ones((2, 1)), np.ones(1)
    decays = (DECAY, DECAY, 0)
    slots = [[np.zeros_like(v), np.zeros_like(v)] for v in (table, kernel, bias)]
    for step in range(1, steps + 1):
        gradients = [counts[:, None] * kernel.T, (counts @ table)[:, None], np.ones(1)]
        norm = np.sqrt(sum((g**2).sum() for g in gradients))
        gradients = [g * CLIP / max(norm, CLIP) for g in gradients]
        for value, gradient, slot, decay in zip((table, kernel, bias), gradients, slots, decays, strict=True):
            slot[0] = B1 * slot[0] + (1 - B1) * gradient
            slot[1] = B2 * slot[1] + (1 - B2) * gradient**2
            value -= update(value, slot, step, decay)
    return table, kernel, bias


def adamw(value, slot, step, decay):
    rate = RATE * np.sqrt(1 - B2**step) / (1 - B1**step)
    return RATE * decay * value + rate * slot[0] / (np.sqrt(slot[1]) + EPSILON)


def lamb(value, slot, step, decay):
    """You et al. 2020, algorithm 2; without decay (here: a bias) there is no trust ratio either."""
    ratio = slot[0] / (1 - B1**step) / (np.sqrt(slot[1] / (1 - B2**step)) + EPSILON) + decay * value
    trust = np.linalg.norm(value) / np.linalg.norm(ratio) if decay else 1
    return RATE * trust * ratio


def trained(optimizer, jit, steps=5):
    model = Tiny()
    model.compile(optimizer, lambda truth, found: keras.ops.mean(found), jit_compile=jit)
    model.fit(np.array([[0, 0, 0, 2]]), np.zeros((1, 1)), epochs=steps, verbose=0)
    return [weight.numpy() for weight in model.weights]


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize(("optimizer", "update"), [(AdamW, adamw), (LAMB, lamb)])
def test_steps_by_hand(optimizer, update, jit):
    found = trained(optimizer(RATE, DECAY, beta_1=B1, beta_2=B2, epsilon=EPSILON, global_clipnorm=CLIP), jit)
    for ours, expected in zip(found, by_hand(5, update), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-6)


def test_stock_lamb_leaves_the_decay_out_of_its_ratio():
    """When this fails, Keras has mended its Lamb."""
    stock = keras.optimizers.Lamb(RATE, B1, B2, EPSILON, weight_decay=DECAY, global_clipnorm=CLIP)
    assert abs(trained(stock, jit=False)[1] - by_hand(5, lamb)[1]).max() > 1e-4


def test_stock_is_wrong_for_ids_that_repeat():
    """When this fails, Keras has mended its sparse Adam, and ours need not sum any more."""
    stock = keras.optimizers.AdamW(RATE, DECAY, B1, B2, EPSILON, global_clipnorm=CLIP)
    stock.exclude_from_weight_decay(var_names=["bias"])
    assert abs(trained(stock, jit=False)[0] - by_hand(5, adamw)[0]).max() > 1e-4


def test_norms_and_biases_do_not_decay():
    model = build(BERT, task="classification", num_classes=2)
    before = {v.path: v.numpy() + 1 for v in model.trainable_variables}
    for variable in model.trainable_variables:
        variable.assign(variable + 1)
    AdamW(0.1, 0.5).apply([np.zeros(v.shape, "float32") for v in model.trainable_variables], model.trainable_variables)
    kept = [v.path for v in model.trainable_variables if np.array_equal(v.numpy(), before[v.path])]
    assert all(path.endswith(("/gamma", "/beta", "/bias")) for path in kept)
    assert len(kept) == 2 * 7 + 6 * 3 + 2  # norms (gamma, beta), 6 dense layers a block, pooler and classifier


@pytest.mark.parametrize("kind", [AdamW, LAMB])
def test_it_comes_back_from_its_config(kind):
    optimizer = kind(WarmupLinear(1e-3, 10, 2), 0.05, global_clipnorm=None)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(again) is kind
    assert again.get_config() == optimizer.get_config()


def test_plain_fit_with_it():
    model = build(BERT, num_layers=1, num_blocks=1, task="classification", num_classes=2)
    model.compile(AdamW(1e-2), jit_compile=False)
    losses = model.fit(rows([4, 6], 7), [0, 1], epochs=10, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 2


def test_the_learning_rate_by_hand():
    rate = WarmupLinear(2.0, steps=10, warmup=4)
    found = [float(rate(step)) for step in range(10)]
    np.testing.assert_allclose(found[:4], [0.5, 1.0, 1.5, 2.0], rtol=1e-6)
    np.testing.assert_allclose(found[4:], np.array([6, 5, 4, 3, 2, 1]) * 2 / 7, rtol=1e-6)
    assert float(rate(10)) == 0
    assert float(rate(99)) == 0
    assert float(WarmupLinear(2.0, 10, 0)(0)) == pytest.approx(2 * 10 / 11)
