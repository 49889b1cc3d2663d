"""Longer tables: what is new, what stays, and that it comes back."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from conftest import ALBERT, BERT, PIECES, disturb, on_jax, rows

from keras_bert_zoo import ZooError, build, load, tasks
from keras_bert_zoo.tasks import TASKS, Task
from keras_bert_zoo.tasks.surgery import extend_positions, extend_segments, extend_vocabulary
from keras_bert_zoo.text import TextVectorization, WordPiece, packaged

NEW = ["ab", "##bca", "ra", "xyz"]
SPELLED = [["a", "##b"], ["##b", "##c", "##a"], ["r", "##a"], ["[UNK]"]]
HEADS = {"states": {}, "masked_lm": {}, "pretraining": {}, "classification": {"labels": ["no", "yes"]}}
SMALL = {"bert": replace(BERT, num_layers=1, num_blocks=1), "albert": replace(ALBERT, num_layers=2, num_blocks=1)}
TABLES = {"vocabulary": "tokens", "positions": "positions", "segments": "segments"}


def vocabulary(pieces=PIECES, lower=True, **options):
    return WordPiece("".join(f"{piece}\n" for piece in pieces).encode(), lower, **options)


def make(key="masked_lm", family="bert", **more):
    model = disturb(build(SMALL[family], task=key, **HEADS[key], **more))
    model.tokenizer = vocabulary(max_length=23)
    return model


@pytest.fixture(scope="module")
def plain():
    return make()


def longer(model, what):
    if what == "vocabulary":
        return extend_vocabulary(model, NEW)
    return extend_positions(model, 57) if what == "positions" else extend_segments(model, 5)


def arrays(outputs):
    return [keras.ops.convert_to_numpy(leaf) for leaf in keras.tree.flatten(outputs)]


@pytest.mark.parametrize("task", ["states", "pretraining"])
@pytest.mark.parametrize("what", TABLES)
def test_all_but_the_table_is_as_before(what, task, family):
    model = make(task, family)
    before = model.arrays_by_name()
    twin = longer(model, what)
    assert type(twin) is type(model)
    assert twin.options() == model.options()
    ours, theirs = before, twin.arrays_by_name()
    assert ours.keys() == theirs.keys()
    table = f"encoder/embeddings/{TABLES[what]}/embeddings"
    grown = {table} | ({"masked_lm/bias"} & ours.keys() if what == "vocabulary" else set())
    for name, array in ours.items():
        assert (theirs[name].shape != array.shape) == (name in grown)
        np.testing.assert_array_equal(theirs[name][: len(array)], array)
    for name, array in model.arrays_by_name().items():  # the old model is left alone
        np.testing.assert_array_equal(array, before[name])
    given = rows([5, 7, 3], 9)
    for old, new in zip(arrays(model(given)), arrays(twin(given)), strict=True):
        np.testing.assert_allclose(new[..., : old.shape[-1]], old, atol=2e-6)


def test_new_pieces_are_the_mean_of_the_old(family):
    model = make("pretraining", family)
    twin = extend_vocabulary(model, NEW)
    assert twin.encoder.config == replace(model.encoder.config, vocab_size=45)
    for name in ("encoder/embeddings/tokens/embeddings", "masked_lm/bias"):
        old, new = model.arrays_by_name()[name], twin.arrays_by_name()[name]
        assert len(new) == 45
        for row, pieces in zip(new[41:], SPELLED, strict=True):
            expected = sum(old[PIECES.index(piece)] for piece in pieces) / len(pieces)
            np.testing.assert_allclose(row, expected, atol=1e-7)


def test_the_tokenizer_has_them(caplog):
    model = make()
    twin = extend_vocabulary(model, NEW)
    assert caplog.messages == ["1 of 4 new pieces have characters that were unknown: they start as [UNK]."]
    pieces = [twin.tokenizer.vocabulary.pieces[i] for i in twin.tokenizer.ids("abca dbca xyz raa b")[0]]
    assert pieces == ["ab", "##c", "##a", "d", "##bca", "xyz", "ra", "##a", "b"]
    assert twin.tokenizer.ids("b")[0] == model.tokenizer.ids("b")[0]
    assert twin.tokenizer.vocabulary.pieces == (*PIECES, *NEW)
    assert len(model.tokenizer.vocabulary) == 41
    assert twin.tokenizer.settings == model.tokenizer.settings
    assert twin.tokenizer.max_length == 23
    assert twin.answer(["ab [MASK]"])


def test_rows_to_spare_are_used_first():
    model = disturb(build(replace(SMALL["bert"], vocab_size=43), task="masked_lm"))
    model.tokenizer = WordPiece("\n".join(PIECES).encode())  # no end to the last line
    table = "encoder/embeddings/tokens/embeddings"
    one = extend_vocabulary(model, ["ab"])
    assert one.encoder.config.vocab_size == 43
    old, new = model.arrays_by_name()[table], one.arrays_by_name()[table]
    np.testing.assert_array_equal(new[[*range(41), 42]], old[[*range(41), 42]])
    np.testing.assert_allclose(new[41], (old[5] + old[24]) / 2, atol=1e-7)
    assert one.tokenizer.ids("ab") == [[41]]
    assert extend_vocabulary(model, NEW).encoder.config.vocab_size == 45


def test_the_pieces_of_another_tokenizer():
    model = make()
    other = vocabulary(["<p>", *PIECES[1:], "ab", "Ab", "[unused1]", "##bc"], specials={"pad": "<p>"})
    twin = extend_vocabulary(model, other)
    assert twin.tokenizer.vocabulary.pieces[41:] == ("ab", "##bc")
    with pytest.raises(ZooError, match="The other tokenizer has no piece that this model lacks"):
        extend_vocabulary(twin, other)
    with pytest.raises(ZooError, match="has do_lower_case=True, the other do_lower_case=False: train it with the same"):
        extend_vocabulary(model, vocabulary([*PIECES, "Ab"], lower=False))
    with pytest.raises(ZooError, match="has strip_accents=True, the other strip_accents=False"):
        extend_vocabulary(model, vocabulary([*PIECES, "ab"], strip_accents=False))
    same = vocabulary([*PIECES, "ab"], strip_accents=True)  # as lower says by itself
    assert len(extend_vocabulary(model, same).tokenizer.vocabulary) == 42
    with pytest.raises(ZooError, match="The new pieces come from a SentencePiece, and this model has a WordPiece"):
        extend_vocabulary(model, packaged("albert_spiece.model"))


def test_positions_begin_again(family):
    model = make("states", family)
    twin = extend_positions(model, 57)
    old, new = (each.arrays_by_name()["encoder/embeddings/positions/embeddings"] for each in (model, twin))
    assert new.shape == (57, old.shape[1])
    np.testing.assert_array_equal(new, old[[i % 23 for i in range(57)]])
    assert twin(rows([50], 50))["sequence_output"].shape == (1, 50, 12)
    assert twin.tokenizer("a " * 99)["token_ids"].shape == (1, 57)
    assert model.tokenizer.max_length == 23
    with pytest.raises(ZooError, match="Rows of 50 tokens are longer than the 23"):
        model(rows([50], 50))


def test_segments_are_the_mean(family):
    model = make("states", family)
    twin = extend_segments(model, 5)
    old, new = (each.arrays_by_name()["encoder/embeddings/segments/embeddings"] for each in (model, twin))
    np.testing.assert_allclose(new[2:], [(old[0] + old[1]) / 2] * 3, atol=1e-7)
    assert twin.tokenizer is model.tokenizer


@pytest.mark.parametrize("task", ["masked_lm", "classification"])
def test_folders_and_files(task, family, tmp_path):
    twin = extend_segments(extend_positions(extend_vocabulary(make(task, family), NEW), 57), 5)
    twin.save_folder(tmp_path / "model")
    twin.save(tmp_path / "model.keras")
    said = json.loads((tmp_path / "model" / "config.json").read_text())
    assert (said["model_type"], said["vocab_size"]) == (family, 45)
    assert (said["max_position_embeddings"], said["type_vocab_size"]) == (57, 5)
    given = rows([40, 57], 57, vocab=45)
    given["segment_ids"] = given["token_ids"] % 5
    for again in (load(tmp_path / "model"), keras.saving.load_model(tmp_path / "model.keras")):
        for old, new in zip(arrays(twin(given)), arrays(again(given)), strict=True):
            np.testing.assert_array_equal(old, new)
        assert again.tokenizer.ids("abca") == [[41, 25, 23]]
        assert again.tokenizer.max_length == 57


def test_it_learns():
    """New rows have gradients, and half precision stays what it was."""
    model = extend_vocabulary(make("classification", dtype="mixed_bfloat16"), NEW)
    assert model.dtype_policy.name == "mixed_bfloat16"
    before = model.arrays_by_name()["encoder/embeddings/tokens/embeddings"]
    model.compile(keras.optimizers.SGD(1.0), jit_compile=False)
    model.fit(["ab xyz", "b"], ["yes", "no"], verbose=0)
    moved = (model.arrays_by_name()["encoder/embeddings/tokens/embeddings"] != before).any(1)
    assert moved[[41, 44]].all()
    assert not moved[[42, 43]].any()


@pytest.mark.parametrize(
    ("pieces", "sentence"),
    [
        ([], "There are no new pieces: give at least one"),
        ("ab", r"The new pieces are 'ab': give a list such as"),
        (7, "The new pieces are 7: give a list"),
        (["ab", ""], "New piece 1 is '': give a text of at least one letter"),
        (["##"], "New piece 0 is '##'"),
        ([None], "New piece 0 is None"),
        (["a b"], "The new piece 'a b' has white space in it"),
        (["ab\n"], r"The new piece 'ab\\n' has white space in it"),
        (["ab", "a"], "The piece 'a' is there already, with the id 5"),
        (["##b"], "The piece '##b' is there already, with the id 24"),
        (["ab", "ac", "ab"], "The new piece 'ab' stands twice in the list: give it once"),
        (["Ab"], "No text can have the new piece 'Ab': this tokenizer makes 'ab' of it"),
        (["[DRUG]"], r"No text can have the new piece '\[DRUG\]': this tokenizer makes '\[ drug \]' of it"),
        (["##\u9f98"], "No text can have the new piece"),
        (["##\u203d"], "No text can have the new piece"),
        (["a" * 201], "No text can have the new piece 'aaa"),
        (["a\ud800"], "No text can have the new piece"),
    ],
    ids=range(17),
)
def test_pieces_that_are_none(plain, pieces, sentence):
    with pytest.raises(ZooError, match=sentence):
        extend_vocabulary(plain, pieces)


def test_models_that_cannot():
    model = make()
    for wrong in (23, 22):
        with pytest.raises(ZooError, match=f"max_length={wrong} is not more than the 23 positions that this model has"):
            extend_positions(model, wrong)
    with pytest.raises(ZooError, match="num_segments=2 is not more than the 2 segments"):
        extend_segments(model, 2)
    with pytest.raises(ZooError, match=r"max_length=1.5 must be a whole number"):
        extend_positions(model, 1.5)
    bare = build(replace(SMALL["bert"], use_positions=False, num_segments=0), task="masked_lm")
    with pytest.raises(ZooError, match="This model has no positions, so there is nothing to extend with max_length=99"):
        extend_positions(bare, 99)
    with pytest.raises(ZooError, match="This model has no segments, so there is nothing to extend with num_segments=3"):
        extend_segments(bare, 3)
    with pytest.raises(ZooError, match="This model has no tokenizer: set model.tokenizer"):
        extend_vocabulary(bare, ["ab"])
    bare.tokenizer = TextVectorization.learn(["a b c"], size=8)
    with pytest.raises(ZooError, match=r"has a TextVectorization, which must be learnt anew: TextVectorization.learn"):
        extend_vocabulary(bare, ["ab"])
    wide = build(replace(SMALL["bert"], vocab_size=30_000), task="masked_lm")
    wide.tokenizer = packaged("albert_spiece.model")
    with pytest.raises(ZooError, match="this model has a SentencePiece, which must be trained anew: train_vocabulary"):
        extend_vocabulary(wide, ["ab"])
    with pytest.raises(ZooError, match="'bert' is no model: give one that build or load has made"):
        extend_vocabulary("bert", ["ab"])


def test_a_head_with_a_table_of_its_own():
    @tasks.task("words")
    class Words(Task):
        def __init__(self, encoder, **kwargs):
            dense = keras.layers.Dense(encoder.config.vocab_size, name="dense")
            super().__init__(encoder, {"dense": dense}, **kwargs)

        def call(self, inputs, training=None):
            return self.dense(self.encoder(inputs, training=training)["sequence_output"])

    model = build(SMALL["bert"], task="words")
    model.tokenizer = vocabulary()
    del TASKS["words"]
    with pytest.raises(ZooError, match=r"dense/kernel would go from \(12, 41\) to \(12, 42\), and nothing says what"):
        extend_vocabulary(model, ["ab"])


def test_on_jax():
    """The same file in a process of its own, on the other backend."""
    pytest.importorskip("jax")
    if keras.backend.backend() == "jax":
        pytest.skip("this is that process")
    few = "bert and not albert and (mean or again or folders)"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-k", few, Path(__file__).name],
        env=on_jax(),
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "5 passed" in done.stdout
