"""A task and a block of one's own: from a release's weights, into a folder, and back."""

import keras
import numpy as np
import pytest
from conftest import BERT, disturb, rows

from keras_bert_zoo import ZooError, build, load
from keras_bert_zoo.layers import EncoderBlock
from keras_bert_zoo.tasks import TASKS, Classification, Task, task


@pytest.fixture
def tone():
    """The first token's state to one number."""

    @task("tone")
    class Tone(Task):
        def __init__(self, encoder, scale: float = 1.0, **kwargs):
            self.scale = scale
            super().__init__(encoder, {"dense": keras.layers.Dense(1, name="dense")}, **kwargs)

        def call(self, inputs, training=None):
            return self.scale * self.dense(self.encoder(inputs, training=training)["sequence_output"][:, 0])

        def options(self):
            return {"scale": self.scale}

    yield Tone
    del TASKS["tone"]


def test_a_task_from_weights_and_back(tone, golden, tmp_path):
    model = build(task="tone", weights=golden[0], scale=3.0)
    assert model.load_report.new == ["dense/kernel", "dense/bias"]
    disturb(model).save_folder(tmp_path / "tone")
    again = load(tmp_path / "tone")
    assert (again.key, again.scale) == ("tone", 3.0)
    np.testing.assert_array_equal(again(rows([4], 5)), model(rows([4], 5)))
    assert load(tmp_path / "tone", scale=1.0).scale == 1
    other = build(task="classification", weights=tmp_path / "tone", num_classes=2)
    assert other.load_report.unused == ["dense/bias", "dense/kernel"]


def test_a_task_that_is_not_imported(tone, tmp_path):
    build(BERT, task="tone").save_folder(tmp_path / "tone")
    kept = TASKS.pop("tone")
    with pytest.raises(ZooError, match="There is no task 'tone': import the module that defines it before loading"):
        load(tmp_path / "tone")
    TASKS["tone"] = kept


def test_a_head_that_was_renamed(tone, tmp_path):
    build(BERT, task="tone").save_folder(tmp_path / "tone")

    @task("tone")
    class Renamed(Task):
        def __init__(self, encoder, scale: float = 1.0, **kwargs):
            super().__init__(encoder, {"score": keras.layers.Dense(1, name="score")}, **kwargs)

        call = tone.call
        dense = property(lambda self: self.score)
        scale = 1.0

    with pytest.raises(ZooError, match="has nothing for score/kernel, score/bias of the task tone"):
        load(tmp_path / "tone")


def test_a_task_that_keras_would_train_without_dropout():
    with pytest.raises(TypeError, match="Silent.call must take training=None and hand it on"):

        class Silent(Task):
            def call(self, inputs):
                return self.encoder(inputs)


def test_half_a_head_is_missing_not_new(tone, tmp_path):
    build(BERT, task="tone").save_folder(tmp_path / "tone")
    with pytest.raises(ZooError, match="has no tensor for dense/bias"):
        load(tmp_path / "tone", ignore="dense/bias")


def test_a_task_with_the_architecture_of_another(tmp_path):
    @task("loud")
    class Loud(Classification):
        pass

    build(BERT, task="loud", labels=["a", "b"]).save_folder(tmp_path / "loud")
    assert type(load(tmp_path / "loud")) is Loud
    build(BERT, task="classification", labels=["a", "b"]).save_folder(tmp_path / "plain")
    assert type(load(tmp_path / "plain")) is Classification
    del TASKS["loud"]


@keras.saving.register_keras_serializable("tests")
class LoudBlock(EncoderBlock):
    def call(self, state, seen):
        return 2 * super().call(state, seen)


def test_a_block_is_asked_for_again(tmp_path):
    model = disturb(build(BERT, task="masked_lm", block=LoudBlock))
    model.save_folder(tmp_path / "loud")
    with pytest.raises(ZooError, match=r"were made by LoudBlock: pass it as block=LoudBlock"):
        load(tmp_path / "loud")
    again = load(tmp_path / "loud", block=LoudBlock)
    np.testing.assert_array_equal(again(rows([4], 5)), model(rows([4], 5)))
    with pytest.raises(ZooError, match="Google's format has no word for block"):
        model.save_folder(tmp_path / "google", form="google")
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(rows([4], 5)), model(rows([4], 5)))


def test_a_block_without_a_name(tmp_path):
    model = build(BERT, task="masked_lm", block=lambda *args, **kwargs: EncoderBlock(*args, **kwargs))
    with pytest.raises(ZooError, match="has no name to be saved under"):
        model.save_folder(tmp_path / "model")


def test_a_keras_file_of_blocks_that_are_not_registered(tmp_path):
    class Quiet(EncoderBlock):
        pass

    build(BERT, task="masked_lm", block=Quiet).save(tmp_path / "model.keras")
    with pytest.raises(ZooError, match="were made by 'Quiet', which Keras does not know: put"):
        keras.saving.load_model(tmp_path / "model.keras")
    keras.saving.load_model(tmp_path / "model.keras", custom_objects={"Quiet": Quiet})
