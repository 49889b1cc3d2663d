import json
import random
import shutil

import numpy as np
import pytest
from corpora import make_corpus

from keras_bert_zoo import ZooError
from keras_bert_zoo.corpus.shards import MANIFEST, Corpus, check_tokenizer
from keras_bert_zoo.text import packaged


@pytest.fixture
def corpus(tmp_path, tokenizer):
    return make_corpus(tmp_path, tokenizer)


def everything(folder):
    """All that a run could take from a corpus."""
    found = []
    for part in ("train", "heldout"):
        corpus = Corpus(folder, part)
        found += [corpus.tokenizer().vocabulary.pieces, corpus.tokens.tolist()]
        found += [corpus.sentence_ends(shard).tolist() for shard in range(len(corpus.shards))]
        for document in range(len(corpus)):
            record = corpus.read(document)
            found += [record.token_ids.tolist(), record.sentences.tolist()]
    return found


def test_sentence_ends_are_those_of_the_records(corpus):
    for shard in range(len(corpus.shards)):
        here = range(corpus.first[shard], corpus.first[shard + 1])
        lengths = np.concatenate([corpus.read(document).sentences for document in here])
        np.testing.assert_array_equal(corpus.sentence_ends(shard), np.cumsum(lengths))


def test_tensorflow_streams_what_numpy_reads(corpus):
    tf = pytest.importorskip("tensorflow")
    features = {key: tf.io.FixedLenFeature([], tf.string) for key in ("token_ids", "sentences")}
    for number, shard in enumerate(corpus.shards):
        stream = tf.data.TFRecordDataset(str(corpus.folder / shard["file"]))
        for place, content in enumerate(stream):
            parsed, ours = tf.io.parse_single_example(content, features), corpus.read(corpus.first[number] + place)
            np.testing.assert_array_equal(tf.io.decode_raw(parsed["token_ids"], tf.uint16), ours.token_ids)
            np.testing.assert_array_equal(tf.io.decode_raw(parsed["sentences"], tf.int32), ours.sentences)
        assert place + 1 == shard["records"]


@pytest.mark.parametrize("trials", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_no_damage_is_used_in_silence(corpus, tmp_path, trials):
    """Flipped bits and lost ends of any file: an error, or nothing of it is used."""
    whole, draw = everything(corpus.folder), random.Random(0)
    files = sorted(path for path in corpus.folder.rglob("*") if path.is_file())
    noticed = 0
    for trial in range(trials):
        path = files[trial % len(files)]
        content = path.read_bytes()
        if draw.random() < 0.5:
            damaged = content[: draw.randrange(len(content))]
        else:
            at, bit = draw.randrange(len(content)), 1 << draw.randrange(8)
            damaged = content[:at] + bytes([content[at] ^ bit]) + content[at + 1 :]
        path.write_bytes(damaged)
        try:
            assert everything(corpus.folder) == whole, path
        except ZooError:
            noticed += 1
        path.write_bytes(content)
    assert noticed > trials * 0.8
    assert everything(corpus.folder) == whole


def test_files_that_are_not_there_or_are_others(corpus, tmp_path):
    first, second = (corpus.folder / shard["file"] for shard in corpus.shards[:2])
    first.rename(tmp_path / "kept")
    with pytest.raises(ZooError, match=r"train-00000-of-00003.tfrecord is missing, and should have [\d,]+ bytes"):
        Corpus(corpus.folder)
    shutil.copy(second, first)
    with pytest.raises(ZooError, match=r"has [\d,]+ bytes, and should have [\d,]+ bytes: get it again"):
        Corpus(corpus.folder)
    (tmp_path / "kept").rename(first)
    for suffix in (".index", ".sentences"):
        first.with_suffix(suffix).rename(tmp_path / "kept")
        with pytest.raises(ZooError, match="is missing: get it again"):
            Corpus(corpus.folder).sentence_ends(0)
        (tmp_path / "kept").rename(first.with_suffix(suffix))
    Corpus(corpus.folder)


def test_a_file_cut_between_records(corpus):
    path = corpus.folder / corpus.shards[0]["file"]
    path.write_bytes(path.read_bytes()[: int(corpus.index[0]["offset"][-1])])
    with pytest.raises(ZooError, match="and should have"):
        Corpus(corpus.folder)


def test_another_vocabulary(corpus, tokenizer):
    check_tokenizer(tokenizer, corpus)
    with pytest.raises(ZooError, match="was prepared with another vocabulary .41 pieces, here are 30,522"):
        check_tokenizer(packaged("bert_uncased_vocab.txt"), corpus)


def test_no_corpus(corpus, tmp_path):
    with pytest.raises(ZooError, match="is no prepared corpus .it has no manifest.json.: make one with"):
        Corpus(tmp_path)
    with pytest.raises(ZooError, match="There is no part of the corpus 'test'"):
        Corpus(corpus.folder, "test")
    manifest = json.loads((corpus.folder / MANIFEST).read_text())
    (corpus.folder / MANIFEST).write_text(json.dumps(manifest | {"tokens": 1}))
    with pytest.raises(ZooError, match="has changed since it was written"):
        Corpus(corpus.folder)
    (corpus.folder / MANIFEST).write_text(json.dumps({"format": "other"}))
    with pytest.raises(ZooError, match="describes no 'keras_bert_zoo corpus 1'"):
        Corpus(corpus.folder)


@pytest.mark.parametrize("ending", ["tfrecord", "index", "sentences"])
def test_every_file_is_compared_with_its_sum(corpus, ending):
    corpus.verify()
    path = next(corpus.folder.glob(f"train-*.{ending}"))
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ZooError, match="has changed since it was"):
        corpus.verify()
