import subprocess
import sys

import numpy as np
import pytest

from keras_bert_zoo import ZooError
from keras_bert_zoo.corpus.records import HEAD, Record, decode, encode, framed, masked_crc, scan


def record(count=300, sentences=3, most=200):
    return Record(np.random.default_rng(count).integers(0, most, count), np.full(sentences, count // sentences))


@pytest.mark.parametrize(("wide", "most"), [(False, 1 << 16), (True, 1 << 20)])
def test_there_and_back(wide, most):
    ours = record(3000, most=most)
    again = decode(encode(ours, wide), wide)
    np.testing.assert_array_equal(again.token_ids, ours.token_ids)
    np.testing.assert_array_equal(again.sentences, ours.sentences)


def test_tensorflow_reads_the_same(tmp_path):
    tf = pytest.importorskip("tensorflow")
    path = tmp_path / "a.tfrecord"
    records = [record(n, 1) for n in (1, 40, 70_000)]
    path.write_bytes(b"".join(framed(encode(one, False)) for one in records))
    features = {key: tf.io.FixedLenFeature([], tf.string) for key in ("token_ids", "sentences")}
    for ours, content in zip(records, tf.data.TFRecordDataset(str(path)), strict=True):
        parsed = tf.io.parse_single_example(content, features)
        np.testing.assert_array_equal(tf.io.decode_raw(parsed["token_ids"], tf.uint16), ours.token_ids)
        np.testing.assert_array_equal(tf.io.decode_raw(parsed["sentences"], tf.int32), ours.sentences)
        assert tf.train.Example.FromString(content.numpy()).SerializeToString(deterministic=True) == content.numpy()


def test_what_tensorflow_writes_is_read(tmp_path):
    tf = pytest.importorskip("tensorflow")
    with tf.io.TFRecordWriter(str(tmp_path / "a")) as writer:
        writer.write(b"abc")
        writer.write(b"")
    assert [content for _, content in scan(tmp_path / "a")] == [b"abc", b""]
    assert (tmp_path / "a").read_bytes() == framed(b"abc") + framed(b"")


def test_no_damage_is_read_in_silence(tmp_path):
    whole = framed(b"abc") + framed(b"defgh")
    path = tmp_path / "a"
    for byte in range(len(whole)):
        for bit in (1, 128):
            path.write_bytes(whole[:byte] + bytes([whole[byte] ^ bit]) + whole[byte + 1 :])
            with pytest.raises(ZooError, match="a is damaged at byte"):
                list(scan(path))
    for size in range(1, len(whole)):
        path.write_bytes(whole[:size])
        if size != len(framed(b"abc")):  # cut between records: only the count tells, which the manifest has
            with pytest.raises(ZooError, match="a is damaged at byte"):
                list(scan(path))


def test_the_sum_is_that_of_the_format():
    assert masked_crc(b"") == 0xA282EAD8
    assert len(framed(b"x")) == HEAD + 1 + 4


def test_without_tensorflow():
    code = "import keras_bert_zoo.corpus.batches, sys; assert not {'tensorflow', 'keras'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
