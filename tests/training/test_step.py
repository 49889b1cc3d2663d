import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from conftest import BERT, disturb, on_jax
from corpora import make_corpus

from keras_bert_zoo import build
from keras_bert_zoo.corpus.batches import Batches, Objective
from keras_bert_zoo.training.goals import PRETRAINING, correct
from keras_bert_zoo.training.optimizers import AdamW
from keras_bert_zoo.training.step import make_step

TASKS = {"none": "masked_lm", "sop": "pretraining", "nsp": "pretraining"}


def value_of(variable):
    return keras.ops.convert_to_numpy(variable).copy()


def make(pairs="sop", micro=4, clip=1.0, optimizer=None, jit=False):
    keras.utils.set_random_seed(0)
    model = disturb(build(BERT, task=TASKS[pairs], dropout=0.0, attention_dropout=0.0, max_length=48))
    return make_step(model, optimizer or keras.optimizers.SGD(0.0), micro, clip, jit)


@pytest.fixture
def batches(tmp_path, tokenizer):
    return Batches(make_corpus(tmp_path, tokenizer), Objective(pairs="sop"), 48, 4, 1)


@pytest.fixture
def batch(batches):
    return batches[0]


def alone(batch):
    """The same texts, hidden pieces and answers with a text a row."""
    rows = []
    for row in range(len(batch["token_ids"])):
        mask = batch["padding_mask"][row]
        for number in range(1, mask.max() + 1):
            here = np.flatnonzero(mask == number)
            new = {key: np.zeros_like(value[0]) for key, value in batch.items()}
            for key in ("token_ids", "segment_ids"):
                new[key][: len(here)] = batch[key][row, here]
            new["padding_mask"][: len(here)] = 1
            places = batch["mask_positions"][row]
            mine = np.flatnonzero((batch["mask_weights"][row] > 0) & np.isin(places, here))
            new["mask_positions"][: len(mine)] = places[mine] - here[0]
            new["mask_ids"][: len(mine)], new["mask_weights"][: len(mine)] = batch["mask_ids"][row, mine], 1
            new["answers"][0], new["text_weights"][0] = batch["answers"][row, number - 1], 1
            rows.append(new)
    return {key: np.stack([row[key] for row in rows]) for key in batch}


def gradients(step, batch):
    """The gradient of a batch, by a step of SGD that is taken back."""
    variables = step.model.trainable_variables
    before = [value_of(v) for v in variables]
    found = step(batch, 1.0)
    after = [value_of(v) for v in variables]
    for variable, value in zip(variables, before, strict=True):
        variable.assign(value)
    return found, [b - a for b, a in zip(before, after, strict=True)]


@pytest.mark.parametrize("number", [3, pytest.param(200, marks=pytest.mark.slow)])
def test_packed_texts_are_alone(batches, number):
    """Losses and gradients, over so many batches."""
    step, texts = make(clip=None, micro=1), 0
    for index in range(number):
        batch, lone = batches[index], alone(batches[index])
        texts += len(lone["token_ids"])
        packed, ours = gradients(step, batch)
        unpacked, theirs = gradients(step, lone)
        for name in (*PRETRAINING.sums, *PRETRAINING.counts):
            assert packed[name] == pytest.approx(unpacked[name], rel=1e-5)
        largest = max(abs(g).max() for g in theirs)
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5 * largest)
    assert texts > 5 * number


@pytest.mark.parametrize("micro", [1, 2])
def test_parts_of_a_batch_are_the_whole(batch, micro):
    found, ours = gradients(make(micro=micro, clip=None), batch)
    whole, theirs = gradients(make(micro=4, clip=None), batch)
    assert found["masked_lm"] == pytest.approx(whole["masked_lm"], rel=1e-6)
    assert found["norm"] == pytest.approx(whole["norm"], rel=1e-5)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_losses_by_hand(batch):
    step = make()
    found = step.measure(batch)
    outputs = step.model(
        {key: batch[key] for key in batch if key[:4] not in ("answ",) and "weights" not in key and key != "mask_ids"}
    )
    for name, key, truth, weights in (
        ("masked_lm", "masked_lm", "mask_ids", "mask_weights"),
        ("pairs", "next_sentence", "answers", "text_weights"),
    ):
        logits = np.asarray(outputs[key], "float64")
        logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        chosen = np.take_along_axis(logs, batch[truth][..., None], -1)[..., 0]
        assert found[name] == pytest.approx(-(chosen * batch[weights]).sum(), rel=1e-5)
        assert found["masked" if name == "masked_lm" else name.replace("pairs", "answers")] == batch[weights].sum()
        right = ((logits.argmax(-1) == batch[truth]) * batch[weights]).sum()
        assert found["masked_correct" if name == "masked_lm" else "pairs_correct"] == right


def test_real_tokens_are_counted(batch):
    batch["padding_mask"][0, 40:] = 0
    assert make().measure(batch)["real"] == (batch["padding_mask"] > 0).sum() == 4 * 48 - 8


def test_answers_that_are_right():
    scores = np.array([[1.0, 3.0, 2.0], [2.0, 2.0, 1.0], [0.0, 0.0, 0.0], [5.0, 1.0, 9.0]], "float32")
    found = value_of(correct(scores, np.array([1, 0, 2, 0])))
    np.testing.assert_allclose(found, [1, 1 / 2, 1 / 3, 0])


def test_the_gradient_is_that_of_the_mean(batch):
    """Moving against it lowers the loss, divided by its count, as a line predicts."""
    step = make(clip=None)

    def loss():
        found = step.measure(batch)
        return found["masked_lm"] / found["masked"] + found["pairs"] / found["answers"]

    before = loss()
    found = step(batch, 1e-3)
    assert (before - loss()) / (1e-3 * found["norm"] ** 2) == pytest.approx(1, abs=0.05)


def test_a_norm_is_cut_to_the_clip(batch):
    found, ours = gradients(make(clip=0.01), batch)
    assert found["norm"] > 0.02
    assert np.sqrt(sum((g.astype("float64") ** 2).sum() for g in ours)) == pytest.approx(0.01, rel=1e-3)


def test_a_step_without_a_number_changes_nothing(batch):
    step = make(optimizer=AdamW(1e-3))
    step(batch, 1e-3)
    weight = step.model.masked_lm.bias
    weight.assign(np.full(41, np.inf, "float32"))
    before = [value_of(v) for _, v in step.variables()]
    found = step(batch, 1e-3)
    assert not found["applied"]
    names = [name for name, _ in step.variables()]
    for name, b, (_, v) in zip(names, before, step.variables(), strict=True):
        if "learning_rate" not in name and "seed" not in name:
            np.testing.assert_array_equal(value_of(v), b, err_msg=name)


@pytest.mark.parametrize("pairs", TASKS)
def test_with_the_loss_compiled_alone(tmp_path, tokenizer, pairs):
    batch = Batches(make_corpus(tmp_path, tokenizer), Objective(pairs=pairs), 48, 4, 1)[0]
    plain, compiled = (make(pairs, 2, 0.5, keras.optimizers.SGD(0.1), jit) for jit in (False, None))
    assert (compiled.judge._jit_compile, compiled.backward._jit_compile) == (True, False)
    assert not plain.judge._jit_compile
    for _ in range(2):
        expected, found = plain(batch, 0.1), compiled(batch, 0.1)
        assert found == pytest.approx(expected, rel=1e-6)
    for (name, one), (_, other) in zip(plain.variables(), compiled.variables(), strict=True):
        np.testing.assert_allclose(value_of(other), value_of(one), rtol=0, atol=1e-6, err_msg=name)


def test_streams_of_random_numbers_go_on_and_are_kept(batch):
    model = build(BERT, task="pretraining", dropout=0.3, max_length=48)
    step = make_step(model, keras.optimizers.SGD(0.0), 4, None, False)
    losses = [step(batch, 0.0)["masked_lm"] for _ in range(3)]
    assert len(set(losses)) == 3
    assert len({step.measure(batch)["masked_lm"] for _ in range(2)}) == 1
    assert any("seed" in name for name, _ in step.variables())
    assert len({name for name, _ in step.variables()}) == len(step.variables())


def run_steps(folder):
    """Twenty steps on the backend of this process; the weights go into a file."""
    from conftest import PIECES

    from keras_bert_zoo.text import WordPiece

    keras.utils.set_random_seed(0)
    tokenizer = WordPiece("\n".join(PIECES).encode() + b"\n", max_length=48)
    (folder / "x").mkdir()
    batches = Batches(make_corpus(folder / "x", tokenizer), Objective(pairs="nsp"), 48, 4, 1)
    step = make("nsp", 2, 1.0, AdamW(1e-4))
    random = np.random.default_rng(5)
    for variable in step.model.trainable_variables:
        variable.assign(random.normal(0, 0.1, variable.shape).astype("float32") + ("gamma" in variable.path))
    for number in range(20):
        step(batches[number], 1e-4)
    arrays = {f"{i}": value_of(v) for i, v in enumerate(step.model.trainable_variables)}
    np.savez(folder / "weights.npz", **arrays)


@pytest.mark.long
def test_jax_makes_the_same_steps(tmp_path):
    """20 steps on either backend, ids that repeat in every row: 1e-6."""
    pytest.importorskip("jax")
    for backend in ("tensorflow", "jax"):
        (tmp_path / backend).mkdir()
    run_steps(tmp_path / "tensorflow")
    target = f"Path({str(tmp_path / 'jax')!r})"
    code = f"from pathlib import Path; from training.test_step import run_steps; run_steps({target})"
    tests = Path(__file__).parents[1]
    subprocess.run([sys.executable, "-c", code], env=on_jax(PYTHONPATH=str(tests)), check=True, cwd=tests)
    ours, theirs = (np.load(tmp_path / backend / "weights.npz") for backend in ("tensorflow", "jax"))
    assert max(abs(ours[key] - theirs[key]).max() for key in ours) < 1e-6
