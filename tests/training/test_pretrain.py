"""Whole pretraining runs, and what they leave."""

from contextlib import suppress
from dataclasses import replace

import keras
import numpy as np
import pytest
from conftest import ALBERT, BERT
from corpora import make_corpus, write_texts
from small_runs import RECIPE, data, dying, lines, run, same, small  # noqa: F401

from keras_bert_zoo import ZooError, build, convert, fill_mask, finetune, load, plan_pretraining
from keras_bert_zoo.corpus.records import scan
from keras_bert_zoo.corpus.shards import Corpus
from keras_bert_zoo.distribution import Runtime
from keras_bert_zoo.text import SentencePiece, TextVectorization, packaged
from keras_bert_zoo.training.recipe import Recipe
from keras_bert_zoo.training.runlog import EVENTS
from keras_bert_zoo.training.stages import held_out
from keras_bert_zoo.training.step import make_step
from keras_bert_zoo.zoo.presets import PRESETS


def masked_loss(model, data, number):
    """On what is held out, in rows of a stage."""
    recipe = Recipe.of(RECIPE)
    batches = held_out(recipe, Corpus(data), number)
    assert batches[0]["token_ids"].shape[1] == recipe.stages[number].length
    step = make_step(model, keras.optimizers.SGD(0.0), 2, None, False)
    found = [step.measure(batch) for batch in batches]
    return sum(one["masked_lm"] for one in found) / sum(one["masked"] for one in found)


def test_a_run_to_its_end(data, tmp_path):
    done, said = run(tmp_path / "run", data)
    assert done.finished
    log = lines(tmp_path / "run")
    assert [line["step"] for line in log if "loss" in line] == [2, 4, 6, 8, 10, 12]
    heldout = [line for line in log if "heldout_loss" in line]
    assert [(line["step"], line["length"]) for line in heldout] == [(6, 24), (12, 32)]  # rows as the stage's own
    assert heldout[-1]["heldout_masked_lm"] == pytest.approx(masked_loss(done.model, data, 1), rel=1e-6)
    assert "step 6  held out, rows of 24: loss" in "\n".join(said)
    assert all(np.isfinite(value) for line in log for value in line.values())
    rates = [line["rate"] for line in log if "rate" in line]
    assert rates[0] == pytest.approx(1e-2 * (2 / 13) / 0.2)  # warm-up, then a line to 0 at a step after the last
    assert rates[-1] == pytest.approx(1e-2 * (1 / 13) / 0.8)
    assert [path.name for path in sorted((tmp_path / "run" / "commits").iterdir())] == [
        "step-0000000008",
        "step-0000000012",
    ]
    model = load(tmp_path / "run" / "model")
    assert model.key == "pretraining"
    assert model.encoder.config.vocab_size == 41
    guesses = fill_mask("ab [MASK] cd", tmp_path / "run" / "model")
    assert len(guesses) == 1
    assert fill_mask(["ab [MASK] cd"], model)[0][0][0]["token"] == guesses[0][0]["token"]
    assert any("The model is in" in line for line in said)


@pytest.mark.long
def test_the_loss_falls(data, tmp_path):
    run(tmp_path / "run", data, steps=60, stages=[{"length": 24, "rows": 16}], evaluate_every=20, evaluate_rows=32)
    heldout = [line["heldout_masked_lm"] for line in lines(tmp_path / "run") if "heldout_masked_lm" in line]
    assert heldout[-1] < heldout[0] < np.log(36) - 0.15  # 36 letters that are equally likely to it at first


def test_another_recipe_in_the_same_folder(data, tmp_path):
    run(tmp_path / "run", data, steps=2)
    with pytest.raises(ZooError, match=r"run holds a run with another steps \(2, here 12\): choose another folder"):
        run(tmp_path / "run", data)
    with pytest.raises(ZooError, match="is not empty and holds no run"):
        run(data, data)
    with pytest.raises(ZooError, match=r"a run with another optimizer.rate \(0.01, here 0.5\)"):
        run(tmp_path / "run", data, steps=2, optimizer={"rate": 0.5})
    run(tmp_path / "run", data, steps=2, log_every=1)


def test_each_worker_measures_its_own_rows(data):
    recipe, corpus = Recipe.of(RECIPE), Corpus(data)
    whole, *parts = (held_out(recipe, corpus, 0, one) for one in (Runtime(2), Runtime(2, 2, 0), Runtime(2, 2, 1)))
    here = np.concatenate([part[0]["token_ids"] for part in parts])
    np.testing.assert_array_equal(here, whole[0]["token_ids"])


@pytest.mark.parametrize(("micro", "replicas", "rows"), [(0, 1, 8), (0, 4, 8), (2, 1, 2), (2, 2, 4), (4, 4, 8)])
def test_every_device_measures_as_many_rows_as_it_takes(data, micro, replicas, rows):
    recipe = Recipe.of(RECIPE | {"stages": [{"length": 24, "rows": 8, "micro": micro}], "evaluate_rows": 16})
    assert len(held_out(recipe, Corpus(data), 0, Runtime(replicas))[0]["token_ids"]) == rows


@pytest.mark.parametrize(("heldout", "documents"), [(0.0, 0), (0.005, 1)])
def test_too_little_is_held_out_to_measure_on(tmp_path, tokenizer, caplog, heldout, documents):
    data = make_corpus(tmp_path, tokenizer, heldout=heldout, shards=2).folder
    assert sum(shard["records"] for shard in Corpus(data).manifest["parts"]["heldout"]) == documents
    done, _ = run(tmp_path / "run", data, steps=2)
    assert done.finished
    assert f"Nothing is measured on held-out text in rows of 24: it has {documents} documents" in caplog.text
    assert [line["step"] for line in lines(tmp_path / "run")] == [2]


def test_what_does_not_fit(data, tmp_path):
    with pytest.raises(ZooError, match=r"fills \d+ rows of 32 tokens, and a batch has 4,000"):
        run(tmp_path / "run", data, stages=[{"length": 24, "share": 0.9}, {"length": 32, "rows": 4000, "share": 0.1}])
    with pytest.raises(ZooError, match="rows of 64 tokens, but the model takes 40"):
        run(tmp_path / "run", data, stages=[{"length": 64}])
    with pytest.raises(ZooError, match="is no prepared corpus"):
        run(tmp_path / "run", tmp_path)
    with pytest.raises(ZooError, match="Give data=, the folder that"):
        run(tmp_path / "run", None)
    with pytest.raises(ZooError, match="There is no field of The recipe 'step'"):
        run(tmp_path / "run", data, step=3)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("form", ["huggingface", "google"])
def test_going_on_from_weights(data, tmp_path, tokenizer, form):
    """With a rate of nothing nothing changes, and the loss does not jump."""
    run(tmp_path / "first", data)
    began = load(tmp_path / "first" / "model").variables_by_name()
    weights = tmp_path / "weights"
    convert(tmp_path / "first" / "model", weights, form)
    done, _ = run(tmp_path / "second", data, model=None, weights=str(weights), optimizer={"rate": 0.0})
    for name, variable in done.model.variables_by_name().items():
        if "seed" not in name:
            np.testing.assert_array_equal(np.asarray(variable), np.asarray(began[name]), err_msg=name)
    losses = [
        next(line for line in lines(tmp_path / name)[::-1] if "heldout_loss" in line) for name in ("first", "second")
    ]
    assert losses[0]["heldout_loss"] == pytest.approx(losses[1]["heldout_loss"], rel=1e-6)
    other = build(BERT, task="pretraining", max_length=40)
    other.tokenizer = type(tokenizer)(tokenizer.data.replace(b"a\n", b"z\n"), max_length=40)
    other.save_folder(tmp_path / "other")
    with pytest.raises(ZooError, match="was prepared with another vocabulary"):
        run(tmp_path / "third", data, model=None, weights=str(tmp_path / "other"))


def test_the_plan(data):
    plan = plan_pretraining(RECIPE, data)
    assert plan["parameters"] == build(PRESETS["bert_test"], task="pretraining").count_params()
    shown = str(plan)
    for word in ("8 steps of 4 rows of 24 tokens", "4 steps of 2 rows of 32", "GFLOP/s", "epochs", "minutes"):
        assert word in shown


def test_tensorboard_reads_the_events(data, tmp_path):
    tf = pytest.importorskip("tensorflow")
    run(tmp_path / "run", data)
    found = {}
    for event in tf.compat.v1.train.summary_iterator(str(tmp_path / "run" / EVENTS)):
        for value in event.summary.value:
            found[value.tag, event.step] = value.simple_value
    for line in lines(tmp_path / "run"):
        for name, value in line.items():
            if name != "step":
                assert found[name, line["step"]] == pytest.approx(value, rel=1e-6), name
    assert next(scan(tmp_path / "run" / EVENTS))[1].endswith(b"brain.Event:2")


def test_words_that_are_hidden(data, tmp_path, tokenizer):
    with pytest.raises(ZooError, match="has no head for hidden words"):
        fill_mask("a [MASK]", build(BERT, task="classification", num_classes=2))
    bare = build(BERT)
    bare.tokenizer = tokenizer
    bare.save_folder(tmp_path / "bare")
    with pytest.raises(ZooError, match="bare has no head for hidden words, and an untrained one would guess at random"):
        fill_mask("a [MASK]", tmp_path / "bare")
    run(tmp_path / "run", data, steps=2, objective={"pairs": "none"})
    assert load(tmp_path / "run" / "model").key == "masked_lm"


@pytest.mark.long
def test_an_albert(tmp_path, monkeypatch):
    """ALBERT's own way: SentencePiece, swapped sentences, n-grams, LAMB; in half precision, and stopped on the way."""
    monkeypatch.setitem(PRESETS, "albert_test", replace(ALBERT, max_length=40))
    data = make_corpus(tmp_path, packaged("albert_spiece.model", max_length=40)).folder
    given = {
        "model": "albert_test",
        "dtype": "mixed_bfloat16",
        "objective": {"pairs": "sop"},
        "masking": {"unit": "ngram"},
        "optimizer": {"name": "lamb"},
    }
    whole, _ = run(tmp_path / "whole", data, **given)
    assert whole.model.encoder.compute_dtype == "bfloat16"
    assert {variable.dtype for variable in whole.model.trainable_variables} == {"float32"}
    with dying(5), suppress(MemoryError):
        run(tmp_path / "run", data, **given)
    assert run(tmp_path / "run", data, **given)[0].finished
    assert same(tmp_path / "run", tmp_path / "whole")
    assert all(np.isfinite(value) for line in lines(tmp_path / "run") for value in line.values())
    model = load(tmp_path / "run" / "model")
    assert (model.encoder.config.vocab_size, model.encoder.config.num_blocks) == (30_000, 2)
    assert type(model.tokenizer) is SentencePiece
    assert fill_mask("ab [MASK] cd", model)


def test_words_learnt_from_the_same_text(tmp_path):
    """The classic way from scratch: TextVectorization, hidden words, a classifier."""
    texts = write_texts(tmp_path / "texts")
    words = TextVectorization.learn(texts, size=60, max_length=40)
    corpus = make_corpus(tmp_path, words)
    done, _ = run(tmp_path / "run", corpus.folder, objective={"pairs": "none"})
    assert type(load(tmp_path / "run" / "model").tokenizer) is TextVectorization
    assert len(fill_mask("ab [MASK] cd", done.model)[0]) > 0
    labels = ["yes" if "a" in text[:5] else "no" for text in texts]
    tuned = finetune(tmp_path / "run" / "model", train=(texts, labels), epochs=1, tell=lambda line: None)
    assert tuned.model.tokenizer.vocabulary.pieces == words.vocabulary.pieces
    assert tuned.model.answer(["ab cd"])[0]["label"] in ("yes", "no")
