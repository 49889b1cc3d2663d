"""What a pretraining run does for several processes and steps a call, told by a runtime whose others are invented."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import BERT, disturb
from small_runs import RECIPE, data, lines, run, same, small  # noqa: F401

from keras_bert_zoo import ZooError, build
from keras_bert_zoo.corpus.shards import Corpus
from keras_bert_zoo.distribution import Runtime
from keras_bert_zoo.text import WordPiece
from keras_bert_zoo.training import finetune as finetuning
from keras_bert_zoo.training import pretrain as module
from keras_bert_zoo.training.claims import RECIPE as NAME
from keras_bert_zoo.training.claims import check_orders, claimed
from keras_bert_zoo.training.pretrain import make_cut_model, make_training_step
from keras_bert_zoo.training.recipe import read_recipe
from keras_bert_zoo.training.workers import all_or_none, voice

NAMED = "Worker 1 of 2 takes part; worker 0 tells how it goes, and writes."


def test_several_steps_a_call(data, tmp_path):
    """Between two lines of the log, commits or ends of a stage as many as are left; nothing else changes."""
    run(tmp_path / "one", data)
    run(tmp_path / "three", data, steps_per_call=3)
    assert same(tmp_path / "one", tmp_path / "three")
    assert lines(tmp_path / "one") == lines(tmp_path / "three")


def test_hours_need_one_clock(data):
    recipe = read_recipe(RECIPE | {"hours": 1.0})
    with pytest.raises(ZooError, match="several workers have one each: give steps="):
        make_training_step(recipe, Corpus(data), Runtime(replicas=2, hosts=2))


def worker(host, *others):
    """A process of two, the other of which answers so each time it is asked: None for what this one says."""
    answers = list(others)

    def gather(value):
        other = answers.pop(0)
        both = [value, value if other is None else other]
        return both[::-1] if host else both

    return Runtime(replicas=2, hosts=2, host=host, gather=gather)


def test_workers_claim_a_folder_together(data, tmp_path):
    """The first alone writes; where it may not, none goes on."""
    recipe, corpus, out = read_recipe(RECIPE), Corpus(data), tmp_path / "run"

    def claim(runtime, recipe=recipe, out=out):
        with claimed(out, recipe, corpus, runtime):
            assert not runtime.is_chief or (out / NAME).exists()

    claim(worker(1, 0.0))
    assert not out.exists()
    with pytest.raises(ZooError, match="Worker 0 cannot go on: its own message says why"):
        claim(worker(1, 1.0))
    claim(worker(0, 0.0))
    with pytest.raises(ZooError, match=r"holds a run with another seed \(5, here 6\)"):
        claim(worker(0, 0.0), read_recipe(RECIPE | {"seed": 6}))


def test_others_hear_of_a_first_worker_that_is_refused(data, tmp_path):
    """Whatever keeps it out, it has answered all questions by then: no one waits for it."""
    runtime = worker(0, 0.0)
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ZooError, match="file/run cannot be made"),
        claimed(tmp_path / "file" / "run", read_recipe(RECIPE), Corpus(data), runtime),
    ):
        pass
    with pytest.raises(IndexError):
        runtime.gather(0.0)  # the other's answer has been asked for


def meeting(hosts):
    """Runtimes of as many workers, each in a thread of its own, that do hear each other."""
    said, barrier = [0.0] * hosts, threading.Barrier(hosts, timeout=20)

    def gather_of(host):
        def gather(value):
            said[host] = value
            barrier.wait()
            heard = list(said)
            barrier.wait()
            return heard

        return gather

    return [Runtime(replicas=hosts, hosts=hosts, host=host, gather=gather_of(host)) for host in range(hosts)]


def test_workers_are_told_in_what_they_differ(data, tmp_path):
    corpus, recipe = Corpus(data), read_recipe(RECIPE)
    told = [recipe, recipe, read_recipe(RECIPE | {"seed": 6, "optimizer": {"rate": 2e-2, "warmup": 0.2}})]

    def claim(runtime):
        try:
            check_orders(told[runtime.host], corpus, runtime)
            return "went on"
        except ZooError as error:
            return str(error)

    with ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(claim, meeting(3)))
        told[2] = recipe
        assert list(threads.map(claim, meeting(3))) == ["went on"] * 3
    for answer, seed, rate in zip(answers, (5, 5, 6), (0.01, 0.01, 0.02), strict=True):
        assert answer.startswith("The workers differ in seed (worker 2 another than worker 0; here "), answer
        assert f"here {seed})" in answer and f"{{'name': 'adamw', 'rate': {rate}" in answer, answer
        assert "stages" not in answer and "corpus" not in answer


def test_workers_whose_folders_differ(tmp_path, tokenizer, monkeypatch):
    """The same weights with another vocabulary: no setting says so, and ids would be others."""
    runtimes, ran, told = meeting(2), [], []
    here = threading.local()
    monkeypatch.setattr(finetuning, "make_runtime", lambda kind: here.runtime)
    monkeypatch.setattr(finetuning.Fitting, "run", lambda self: ran.append(self.runtime.host))
    model = disturb(build(BERT))
    pieces = tokenizer.vocabulary.pieces
    words = [piece for piece in pieces if piece.isalpha()]
    other = dict(zip(words, words[::-1], strict=True))
    for name, names in (("one", pieces), ("other", [other.get(piece, piece) for piece in pieces])):
        model.tokenizer = WordPiece("".join(f"{piece}\n" for piece in names).encode())
        model.save_folder(tmp_path / name)
    texts = [f"{words[0]} {words[i]}" for i in range(12)], ["yes", "no"] * 6
    told_to_all = {"train": texts, "validation": texts, "test": False, "length": 16, "tell": told.append}

    def work(folders):
        here.runtime, folder = folders
        try:
            finetuning.finetune(tmp_path / folder, **told_to_all)
        except ZooError as error:
            return str(error)

    with ThreadPoolExecutor(2) as threads:
        said = list(threads.map(work, zip(runtimes, ("one", "other"), strict=True)))
    assert not ran
    assert told.count(NAMED) == 1
    for line in said:
        assert re.match(r"The workers differ in .*tokens \(worker 1 another than worker 0; here \d+\): give", line), (
            line
        )


@pytest.mark.parametrize("error", [OSError, ValueError, KeyboardInterrupt])
def test_whatever_one_fails_with_the_others_hear_of_it(error):
    def work(runtime):
        try:
            with all_or_none(runtime):
                if runtime.host == 1:
                    raise error("broken")
        except BaseException as found:
            return found

    with ThreadPoolExecutor(3) as threads:
        first, second, third = threads.map(work, meeting(3))
    assert type(second) is error
    assert str(first) == str(third) == "Worker 1 cannot go on: its own message says why."


def test_the_first_worker_tells():
    """Another says once who it is."""
    for host, said in enumerate((["a step"], [NAMED])):
        told = []
        voice(told.append, Runtime(hosts=2, host=host))("a step")
        assert told == said


def test_a_model_that_cannot_be_cut(monkeypatch):
    def fail(recipe, corpus):
        raise ValueError("spec=P(None, 'model') implies that array axis 1 is partitioned 2 times")

    monkeypatch.setattr(module, "make_model", fail)
    with pytest.raises(ZooError, match="model_parallel=2 must divide the model's num_heads"):
        make_cut_model(None, None, 2)
