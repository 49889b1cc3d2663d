"""What any task must do, so that a new task's test is its name and its settings."""

import keras
import numpy as np
from conftest import ALBERT, SHAPES, disturb, packed, rows

from keras_bert_zoo import build, load, untie


def arrays(outputs):
    return [keras.ops.convert_to_numpy(leaf) for leaf in keras.tree.flatten(outputs)]


def inputs_for(model, lengths=(5, 7, 3), width=9):
    given = rows(lengths, width)
    if "mask_positions" in model.features:
        given["mask_positions"] = np.array([[1, 2], [3, 0], [2, 1]], "int32")[: len(lengths)]
    return given


def make(task, family, options, **more):
    return disturb(build(SHAPES[family], task=task, **options, **more))


def comes_back_from_its_config(task, family, options):
    model = make(task, family, options)
    again = type(model).from_config(model.get_config())
    assert again.get_config() == model.get_config()
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights]


def comes_back_from_a_keras_file(task, family, options, folder, tokenizer):
    model = make(task, family, options)
    model.tokenizer = tokenizer
    model.save(folder / "model.keras")
    again = keras.saving.load_model(folder / "model.keras")
    given = inputs_for(model)
    for ours, theirs in zip(arrays(model(given)), arrays(again(given)), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert again.tokenizer.ids("bad [MASK]") == tokenizer.ids("bad [MASK]")


def comes_back_from_its_folder(task, family, options, folder, tokenizer):
    model = make(task, family, options)
    model.tokenizer = tokenizer
    model.save_folder(folder / "model")
    again = load(folder / "model")
    assert type(again) is type(model)
    given = inputs_for(model)
    for ours, theirs in zip(arrays(model(given)), arrays(again(given)), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    text = "a bad [MASK] of a cab"
    np.testing.assert_equal(again.answer([text]), model.answer([text]))


def does_not_see_padding(task, family, options):
    model = make(task, family, options)
    short, long = inputs_for(model, (5,), 5), inputs_for(model, (5,), 11)
    long["token_ids"][0, 5:] = 40  # whatever stands in the padding
    long["token_ids"][0, :5], long["segment_ids"][0, :5] = short["token_ids"][0], short["segment_ids"][0]
    for a, b in zip(per_text(model, short, 5), per_text(model, long, 5), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-6)


def per_text(model, given, length):
    """Outputs of the first text: of tokens only its own, of sentences as they are."""
    cut = []
    for array in arrays(model(given)):
        tokens = array.ndim == 3 and array.shape[1] == given["token_ids"].shape[1]
        square = array.ndim == 4
        cut.append(array[0, :, :length, :length] if square else array[0, :length] if tokens else array[0])
    return cut


def packs(task, family, options):
    """Several texts in one row give what each gives alone."""
    model = make(task, family, options)
    alone = inputs_for(model, (5, 7, 3), 7)
    starts = np.array([0, 5, 12])
    together = packed({key: alone[key] for key in ("token_ids", "segment_ids", "padding_mask")})
    if "mask_positions" in alone:
        together["mask_positions"] = (alone["mask_positions"] + starts[:, None]).reshape(1, -1).astype("int32")
    apart, whole = model(alone), model(together)
    for a, b in zip(arrays(apart), arrays(whole), strict=True):
        if a.ndim == 2:  # (texts, scores) and (1, texts, scores)
            np.testing.assert_allclose(a, b[0], atol=3e-6)
        elif a.ndim == 3 and "mask_positions" in alone:
            np.testing.assert_allclose(a.reshape(-1, a.shape[-1]), b[0], atol=3e-6)
        elif a.ndim == 3:
            for text, (start, length) in enumerate(zip(starts, (5, 7, 3), strict=True)):
                np.testing.assert_allclose(a[text, :length], b[0, start : start + length], atol=3e-6)


def runs_in(policy, task, family, options):
    """Half precision: weights stay float32, a row with no text in it stays a number."""
    model = make(task, family, options, dtype=policy)
    assert {w.dtype for w in model.weights} == {"float32"}
    assert model.encoder.blocks[0].attention.query.compute_dtype == policy.removeprefix("mixed_")
    given = inputs_for(model, (5, 7, 0), 9)
    exact = make(task, family, options)
    exact.set_weights(model.get_weights())
    for a, b in zip(arrays(model(given)), arrays(exact(given)), strict=True):
        assert np.isfinite(a.astype("float32")).all()
        np.testing.assert_allclose(a.astype("float32")[:2], b[:2], atol=0.03 * np.abs(b).max())
    again = type(model).from_config(model.get_config())
    assert again.encoder.blocks[0].attention.query.compute_dtype == policy.removeprefix("mixed_")


def learns(task, family, options):
    """One step of plain compile and fit moves every trainable weight, and the loss falls in a few."""
    model = make(task, family, options)
    model.compile(optimizer=keras.optimizers.Adam(1e-2))
    given = inputs_for(model)
    target = targets(model, given)
    before = [w.numpy() for w in model.trainable_weights]
    losses = model.fit(given, target, epochs=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    still = [w.path for w, b in zip(model.trainable_weights, before, strict=True) if np.array_equal(w.numpy(), b)]
    assert not still, still


def drops_out(task, family, options):
    """Dropout of the encoder is on in fit, and off elsewhere."""
    model = build(SHAPES[family], task=task, dropout=0.5, **options)
    model.compile(optimizer=keras.optimizers.SGD(0.0), run_eagerly=keras.backend.backend() == "tensorflow")
    given = inputs_for(model)
    losses = model.fit(given, targets(model, given), epochs=2, verbose=0).history["loss"]
    assert losses[0] != losses[1]
    for a, b in zip(arrays(model(given)), arrays(model(given)), strict=True):
        np.testing.assert_array_equal(a, b)


def targets(model, given):
    masked = np.array([[7, 8], [9, 10], [11, 12]])
    if model.key == "pretraining":
        return {"masked_lm": masked, "next_sentence": np.array([0, 1, 0])}
    if model.key == "multi_label":
        return np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0]])
    return masked if model.key == "masked_lm" else np.array([0, 1, len(model.labels) - 1])


def unties(task, family, options):
    """An ALBERT with a block for every depth computes what it did."""
    model = make(task, family, options)
    twin = untie(model)
    assert twin.encoder.config.num_blocks == twin.encoder.config.num_layers
    given = inputs_for(model)
    for a, b in zip(arrays(model(given)), arrays(twin(given)), strict=True):
        np.testing.assert_array_equal(a, b)
    if family == "albert":
        assert twin.count_params() > model.count_params()
        assert model.encoder.config == ALBERT
