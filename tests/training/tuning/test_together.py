"""What workers that fine-tune together owe to each other, with the others invented."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from keras_bert_zoo.data import PackedBatches
from keras_bert_zoo.distribution import Runtime
from keras_bert_zoo.training import finetune as module
from keras_bert_zoo.training.tuning.keeping import KeepBest
from keras_bert_zoo.training.tuning.together import fit_together, own_rows
from keras_bert_zoo.training.workers import sum_of_arrays


def test_each_worker_has_its_own_rows():
    batch = {"token_ids": np.arange(24).reshape(6, 4), "weights": np.arange(6)}
    found = [own_rows(batch, (host, 3)) for host in range(3)]
    for key, value in batch.items():
        np.testing.assert_array_equal(np.concatenate([rows[key] for rows in found]), value)
        assert len(found[1][key]) == 2


class Heard:
    """A step that hears of a stop from another worker in its third turn."""

    def __init__(self):
        self.model, self.runtime, self.asked = SimpleNamespace(stop_training=False), Runtime(2, hosts=2), []

    def take(self, batches, rates, stop):
        self.asked.append((stop, len(batches[0]["token_ids"])))
        stopped = float(len(self.asked) == 3)
        return [{"classes": 1.0, "weights": 2.0, "norm": 1.0, "stop": stopped, "applied": True}]


class Ends(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.epochs = 0

    def on_epoch_end(self, epoch, logs=None):
        self.epochs += 1


def test_all_stop_where_one_was_asked():
    inputs = {key: np.ones((8, 8), "int32") for key in ("padding_mask", "token_ids", "segment_ids")}
    batches = PackedBatches(inputs, np.zeros(8, "int32"), np.ones(8), batch_size=2, multiple=2)
    step, ends = Heard(), Ends()
    assert fit_together(step, batches, 9, lambda number: 0.1, [ends], [15])
    assert step.asked == 3 * [(True, 1)]  # it says so itself, and gives half of the rows
    assert ends.epochs == 0
    step = Heard()
    step.take = lambda batches, rates, stop: [
        {"classes": 1.0, "weights": 2.0, "norm": 1.0, "stop": 0.0, "applied": True}
    ]
    assert not fit_together(step, batches, 3, lambda number: 0.1, [ends])
    assert ends.epochs == 3


@pytest.mark.parametrize(("said", "best"), [(lambda own: own, 2), (lambda own: 0.0, 1)])
def test_the_first_worker_chooses_the_epoch(said, best):
    """Whatever this one thinks of its own figures, once there is one to choose from."""
    rows = iter([{"accuracy": value, "macro_f1": 0.0, "loss": 1.0} for value in (0.5, 0.7, 0.6)])
    answers = iter([float, said, said])
    first = lambda own: next(answers)(own)  # noqa: E731
    keeper = KeepBest(lambda: (next(rows), None), "accuracy", None, 9, print, lambda: None, first)
    keeper.set_model(SimpleNamespace(optimizer=SimpleNamespace(use_ema=False), get_weights=list))
    for epoch in range(3):
        keeper.on_epoch_begin(epoch)
        keeper.on_epoch_end(epoch)
    assert keeper.best.row["epoch"] == best


def test_the_first_worker_decides_in_a_run(weights, monkeypatch):
    """On which epoch was the best, and from which probability on it is the second class."""
    said = iter([0.0, 0.0, 1.0, 0.0, 0.25, 0.0])  # twice ready, two epochs, the threshold, saved
    monkeypatch.setattr(module, "make_runtime", lambda kind: Runtime(gather=lambda value: [next(said)]))
    texts = [f"{'a' if i % 2 else 'b'} {'cdefgh'[i % 6]}" for i in range(40)], [i % 2 for i in range(40)]
    settings = {"threshold": "validation", "epochs": 2, "learning_rate": 3e-3, "best": "loss", "test": False}
    run = module.finetune(weights, train=texts, jit_compile=False, baseline=None, tell=lambda line: None, **settings)
    assert run.report["history"][1]["loss"] < run.report["history"][0]["loss"]
    assert (run.report["best_epoch"], run.model.threshold, run.report["threshold"]) == (1, 0.25, 0.25)
    assert not list(said)


def test_a_sum_of_arrays():
    one = [np.arange(6.0).reshape(2, 3), np.ones(2)]
    assert sum_of_arrays(one) == sum_of_arrays([array.copy() for array in one])
    assert sum_of_arrays([one[0].T.copy().T, one[1]]) == sum_of_arrays(one)  # however it lies in memory
    for other in (one[::-1], [one[0] + 1e-9, one[1]], one[:1]):
        assert sum_of_arrays(other) != sum_of_arrays(one)
