import json
import random
import sqlite3
import subprocess
import sys
import time

import numpy as np
import pytest
from corpora import LETTERS, make_corpus, write_texts

from keras_bert_zoo import ZooError
from keras_bert_zoo.corpus import prepare as module
from keras_bert_zoo.corpus.journal import Journal
from keras_bert_zoo.corpus.prepare import prepare
from keras_bert_zoo.corpus.shards import Corpus
from keras_bert_zoo.text import TextVectorization, packaged

SETTINGS = {"split": "blank_line", "sentences": "line", "heldout": 0.1, "shards": 3}


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def quiet(line):
    pass


def documents(corpus):
    return [corpus.read(i) for i in range(len(corpus))]


def test_every_document_once(tmp_path, tokenizer):
    texts = write_texts(tmp_path / "texts")
    corpus = make_corpus(tmp_path, tokenizer)
    heldout = Corpus(tmp_path / "corpus", "heldout")
    found = documents(corpus) + documents(heldout)
    expected = {tuple(tokenizer.ids(text)[0]): text for text in texts}
    assert len(found) == len(expected) == len(texts) - 1
    for record in found:
        text = expected[tuple(record.token_ids.tolist())]
        assert record.sentences.tolist() == [len(ids) for ids in tokenizer.ids(text.split("\n"))]
    assert 4 < len(heldout) < 25
    manifest = corpus.manifest
    assert (manifest["documents"], manifest["duplicates"], manifest["vocab_size"]) == (120, 1, 41)
    assert manifest["tokens"] == corpus.tokens.sum() + heldout.tokens.sum()
    assert sum(shard["records"] for shard in manifest["parts"]["train"]) == len(corpus)
    corpus.verify()


def test_workers_make_the_same_bytes(tmp_path, tokenizer, monkeypatch):
    monkeypatch.setattr(module, "GROUP", 500)
    write_texts(tmp_path / "texts")
    corpora = []
    for workers in (0, 2):
        prepare(tmp_path / "texts", tmp_path / str(workers), tokenizer, workers=workers, tell=quiet, **SETTINGS)
        corpora.append(contents(tmp_path / str(workers)))
    assert corpora[0] == corpora[1]


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_run_goes_on_to_the_same_bytes(tmp_path, tokenizer, monkeypatch, seed):
    """It dies at a random write or commit, again and again, and leaves more than was committed behind."""
    monkeypatch.setattr(module, "GROUP", 300)
    monkeypatch.setattr(module, "COMMIT", 1500)
    write_texts(tmp_path / "texts")
    whole = contents(prepare(tmp_path / "texts", tmp_path / "a", tokenizer, workers=0, tell=quiet, **SETTINGS).folder)
    draw, deaths, said = random.Random(seed), 0, []

    class Killed(BaseException):
        pass

    def mortal(method):
        def call(self, *arguments):
            if draw.random() < 0.03:
                self.shards[0].write(b"rubbish" * 5000)
                self.shards[0].flush()
                raise Killed
            return method(self, *arguments)

        return call

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "write", mortal(Journal.write))
        patched.setattr(Journal, "commit", mortal(Journal.commit))
        while True:
            try:
                prepare(tmp_path / "texts", tmp_path / "b", tokenizer, workers=0, tell=said.append, **SETTINGS)
                break
            except Killed:
                deaths += 1
                assert not (tmp_path / "b").exists()
    assert deaths
    assert any(line.startswith("going on after") for line in said)
    assert contents(tmp_path / "b") == whole
    assert not (tmp_path / ".b.partial").exists()


@pytest.mark.slow
def test_killed_for_good(tmp_path, tokenizer):
    """Processes that are killed at any moment, with two workers; what comes out in the end is the same to the byte."""
    write_texts(tmp_path / "texts", 20_000)
    (tmp_path / "words.txt").write_bytes(tokenizer.data)
    code = """
import sys
from keras_bert_zoo import tokenizer
from keras_bert_zoo.corpus import prepare as module
module.COMMIT, module.GROUP = 1 << 18, 1 << 14
words = tokenizer(sys.argv[3])
print("ready")
module.prepare(sys.argv[1], sys.argv[2], words, split="blank_line", sentences="line", shards=3)
"""

    def start(out):
        command = [sys.executable, "-uc", code, tmp_path / "texts", tmp_path / out, tmp_path / "words.txt"]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    whole = start("whole")
    whole.stdout.readline()
    began = time.monotonic()
    whole.communicate()
    assert whole.returncode == 0
    lasts = time.monotonic() - began
    draw, hit, went_on = random.Random(0), 0, set()
    while hit < 10:
        process = start("killed")
        process.stdout.readline()
        time.sleep(draw.uniform(0, 0.4) * lasts)
        process.kill()
        said, _ = process.communicate()
        hit += process.returncode == -9
        went_on |= {line for line in said.splitlines() if line.startswith("going on after")}
        if process.returncode == 0:
            break
    last = start("killed")
    said, _ = last.communicate()
    print(f"{hit} kills; went on from {len(went_on)} different places")
    assert hit >= 4
    assert len(went_on) >= 2
    assert last.returncode == 0
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_unfinished_work_with_other_settings(tmp_path, tokenizer, monkeypatch):
    write_texts(tmp_path / "texts")
    with monkeypatch.context() as patched:
        patched.setattr(Journal, "commit", lambda *arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            prepare(tmp_path / "texts", tmp_path / "a", tokenizer, workers=0, tell=quiet, **SETTINGS)
    keys = sqlite3.connect(tmp_path / ".a.partial" / "journal.sqlite")
    keys.execute("INSERT OR REPLACE INTO state VALUES ('settings', ?)", (json.dumps({"heldout": 0.2}),))
    keys.commit()
    keys.close()
    with pytest.raises(ZooError, match="holds unfinished work with another split: give the same again to go on"):
        prepare(tmp_path / "texts", tmp_path / "a", tokenizer, workers=0, tell=quiet, **SETTINGS)


def test_what_does_not_fit(tmp_path, tokenizer):
    corpus = make_corpus(tmp_path, tokenizer)
    with pytest.raises(ZooError, match="corpus exists already: choose another folder"):
        make_corpus(tmp_path, tokenizer, shards=2)
    before = contents(corpus.folder)
    make_corpus(tmp_path, tokenizer, overwrite=True)
    assert contents(corpus.folder) == before
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("mine")
    with pytest.raises(ZooError, match="other is no prepared corpus, so it is not overwritten"):
        prepare(tmp_path / "texts", tmp_path / "other", tokenizer, overwrite=True)
    with pytest.raises(ZooError, match="heldout=1.5 must be a number from 0"):
        prepare(tmp_path / "texts", tmp_path / "x", tokenizer, heldout=1.5)
    with pytest.raises(ZooError, match="workers=-1 must be a whole number"):
        prepare(tmp_path / "texts", tmp_path / "x", tokenizer, workers=-1)
    with pytest.raises(ZooError, match="shards=500 is past 128"):
        prepare(tmp_path / "texts", tmp_path / "x", tokenizer, shards=500)
    with pytest.raises(ZooError, match="tokenizer='bert_base' is no tokenizer: make one with"):
        prepare(tmp_path / "texts", tmp_path / "x", "bert_base")
    with pytest.raises(ZooError, match="There is no way to find sentences 'lines'"):
        prepare(tmp_path / "texts", tmp_path / "x", tokenizer, sentences="lines")


def test_no_text_at_all(tmp_path, tokenizer):
    (tmp_path / "empty.txt").write_text("\n \n")
    with pytest.raises(ZooError, match="There is no text in the files: give some in UTF-8"):
        prepare(tmp_path / "empty.txt", tmp_path / "a", tokenizer, workers=0, tell=quiet)


def test_a_full_disk(tmp_path, tokenizer, monkeypatch):
    write_texts(tmp_path / "texts")

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Journal, "write", full)
    with pytest.raises(
        ZooError,
        match=r"The disk of .*\.a\.partial is full: make room and start again; what was committed there is kept",
    ):
        prepare(tmp_path / "texts", tmp_path / "a", tokenizer, workers=0, tell=quiet, **SETTINGS)


def test_a_disk_that_fills_up(tmp_path, tokenizer, monkeypatch):
    """Also where the rest in memory cannot be written when the files are closed."""
    write_texts(tmp_path / "texts")
    real = Journal.__init__

    def onto_full(self, *arguments):
        real(self, *arguments)
        self.shards[0].close()
        self.shards[0] = open("/dev/full", "wb")  # noqa: PTH123, SIM115

    monkeypatch.setattr(Journal, "__init__", onto_full)
    with pytest.raises(ZooError, match=r"The disk of .* is full: make room and start again"):
        prepare(tmp_path / "texts", tmp_path / "a", tokenizer, workers=0, tell=quiet, **SETTINGS)


def test_a_disk_that_is_full_at_once(tmp_path, tokenizer, monkeypatch):
    write_texts(tmp_path / "texts")

    def full(*arguments, **named):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("keras_bert_zoo.corpus.journal.sqlite3.connect", full)
    with pytest.raises(ZooError, match=r"The disk of .* is full: make room and start again"):
        prepare(tmp_path / "texts", tmp_path / "a", tokenizer, workers=0, tell=quiet, **SETTINGS)


def test_killed_at_the_very_end(tmp_path, tokenizer, monkeypatch):
    """After the folder has its name, and before the journal is gone."""
    write_texts(tmp_path / "texts")
    arguments = tmp_path / "texts", tmp_path / "a", tokenizer
    with monkeypatch.context() as patched:
        patched.setattr(module.Path, "unlink", lambda *arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            prepare(*arguments, workers=0, tell=quiet, **SETTINGS)
    assert (tmp_path / "a" / "journal.sqlite").exists()
    prepare(*arguments, workers=0, tell=quiet, **SETTINGS)
    assert not (tmp_path / "a" / "journal.sqlite").exists()
    prepare(tmp_path / "texts", tmp_path / "b", tokenizer, workers=0, tell=quiet, **SETTINGS)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_another_process_at_work(tmp_path, tokenizer):
    write_texts(tmp_path / "texts")
    (tmp_path / ".a.partial").mkdir()
    keys = sqlite3.connect(tmp_path / ".a.partial" / "journal.sqlite", isolation_level=None)
    keys.execute("BEGIN EXCLUSIVE")
    with pytest.raises(ZooError, match=r"Another process is at work on .*\.a\.partial"):
        prepare(tmp_path / "texts", tmp_path / "a", tokenizer, workers=0, tell=quiet, **SETTINGS)
    keys.close()


def test_what_was_left_behind_is_not_taken_along(tmp_path, tokenizer):
    for name in (".corpus.partial", ".corpus.replaced"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "train-00009-of-00010.tfrecord").write_text("of another time")
    make_corpus(tmp_path, tokenizer)
    make_corpus(tmp_path, tokenizer, overwrite=True)
    assert not [path for path in tmp_path.rglob("*") if "00009" in path.name]


def test_killed_while_it_is_summed(tmp_path, tokenizer, monkeypatch):
    write_texts(tmp_path / "texts")
    with monkeypatch.context() as patched:
        patched.setattr("keras_bert_zoo.corpus.preparation.describe_shard", lambda *arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            prepare(tmp_path / "texts", tmp_path / "a", tokenizer, workers=0, tell=quiet, **SETTINGS)
    said = []
    prepare(tmp_path / "texts", tmp_path / "a", tokenizer, workers=0, tell=said.append, **SETTINGS)
    assert said[0] == "going on after 120 documents"
    prepare(tmp_path / "texts", tmp_path / "a", tokenizer, workers=0, tell=said.append, **SETTINGS)
    assert said[-1].endswith("is prepared already, with the same settings from the same files")
    assert make_corpus(tmp_path, tokenizer).manifest["parts"] == Corpus(tmp_path / "a").manifest["parts"]


def test_a_worker_that_dies(tmp_path, tokenizer, monkeypatch):
    write_texts(tmp_path / "texts")
    monkeypatch.setattr("keras_bert_zoo.corpus.workers.sys.executable", "false")
    with pytest.raises(ZooError, match="A worker has died"):
        prepare(tmp_path / "texts", tmp_path / "a", tokenizer, workers=1, tell=quiet, **SETTINGS)


def test_heldout_does_not_depend_on_the_order(tmp_path, tokenizer):
    texts = write_texts(tmp_path / "texts")
    folders = []
    for name, order in (("a", texts), ("b", texts[::-1])):
        (tmp_path / f"{name}.txt").write_text("\n\n".join(order))
        prepare(tmp_path / f"{name}.txt", tmp_path / name, tokenizer, workers=0, tell=quiet, **SETTINGS)
        folders.append({tuple(record.token_ids) for record in documents(Corpus(tmp_path / name, "heldout"))})
    assert folders[0] == folders[1]


def test_no_share_is_held_out(tmp_path, tokenizer):
    corpus = make_corpus(tmp_path, tokenizer, heldout=0.0)
    assert len(corpus) == 119
    with pytest.raises(ZooError, match="has no document in 'heldout'"):
        Corpus(corpus.folder, "heldout")


@pytest.mark.parametrize("kind", ["words", "sentencepiece"])
@pytest.mark.parametrize("workers", [0, 1])
def test_other_tokenizers(tmp_path, kind, workers):
    texts = write_texts(tmp_path / "texts")
    made = TextVectorization.learn(texts, size=50) if kind == "words" else packaged("albert_spiece.model")
    corpus = make_corpus(tmp_path, made, workers=workers)
    assert corpus.manifest["vocab_size"] == len(made.vocabulary)
    again = corpus.tokenizer()
    assert again.ids(texts[0]) == made.ids(texts[0])
    found = {tuple(record.token_ids) for record in documents(corpus)}
    expected = {tuple(i for ids in made.ids(text.split("\n")) for i in ids) for text in texts}
    assert found < expected


def test_letters_are_all_known(tmp_path, tokenizer):
    corpus = make_corpus(tmp_path, tokenizer)
    ids = np.concatenate([corpus.read(i).token_ids for i in range(len(corpus))])
    known = tokenizer.vocabulary.ids
    assert set(ids) <= {known[c] for c in LETTERS} | {known["##" + c] for c in LETTERS}
