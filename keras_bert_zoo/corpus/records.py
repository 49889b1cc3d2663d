"""TFRecord files of tf.train.Examples, written and read without TensorFlow.

A record is framed as length (8 bytes), masked CRC-32C of the length (4), content, masked CRC-32C of the content (4)
(tensorflow/core/lib/io/record_writer.h). The content is a tf.train.Example with one document:

token_ids  bytes  the ids of its pieces, little-endian uint16, or uint32 where the vocabulary needs it
sentences  bytes  how many pieces each sentence has, little-endian uint32
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import google_crc32c
import numpy as np

from keras_bert_zoo.errors import ZooError

LENGTH, CRC = struct.Struct("<Q"), struct.Struct("<I")
HEAD = LENGTH.size + CRC.size
FRAME = HEAD + CRC.size
INDEX = np.dtype([("offset", "<u8"), ("length", "<u4"), ("crc", "<u4"), ("tokens", "<u4"), ("sentences", "<u4")])
LARGEST = 1 << 30  # bytes of a record: ten times what a document can come to


class Record(NamedTuple):
    """A document: the ids of its pieces (N,), and the pieces of each of its sentences (S,), which add up to N."""

    token_ids: np.ndarray
    sentences: np.ndarray


def encode(record: Record, wide: bool) -> bytes:
    """The bytes of a record's Example; `wide` ids take four bytes, others two."""
    ids = np.asarray(record.token_ids, "<u4" if wide else "<u2").tobytes()
    features = {b"sentences": np.asarray(record.sentences, "<u4").tobytes(), b"token_ids": ids}
    return field(1, b"".join(field(1, field(1, key) + field(2, feature(value))) for key, value in features.items()))


def feature(value: bytes) -> bytes:
    """A tf.train.Feature that holds a list of one string of bytes."""
    return field(1, field(1, value))


def field(number: int, content: bytes) -> bytes:
    """A field of a protocol buffer that is as long as it says (wire type 2)."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


def decode(content: bytes, wide: bool) -> Record:
    """The record of an Example's bytes."""
    features = {}
    for entry in fields(next(fields(content))):
        key, value = fields(entry)
        features[bytes(key)] = next(fields(next(fields(value))))
    ids = np.frombuffer(features[b"token_ids"], "<u4" if wide else "<u2")
    return Record(ids, np.frombuffer(features[b"sentences"], "<u4"))


def fields(content: bytes) -> Iterator[memoryview]:
    """The contents of a message's fields, all of wire type 2."""
    view, at = memoryview(content), 0
    while at < len(view):
        _, at = read_varint(view, at)
        length, at = read_varint(view, at)
        yield view[at : at + length]
        at += length


def read_varint(view: memoryview, at: int) -> tuple[int, int]:
    """A number, and the place behind it."""
    number = shift = 0
    while view[at] > 127:
        number |= (view[at] & 127) << shift
        shift, at = shift + 7, at + 1
    return number | view[at] << shift, at + 1


def framed(content: bytes) -> bytes:
    """A record as it stands in the file."""
    length = LENGTH.pack(len(content))
    return b"".join((length, CRC.pack(masked_crc(length)), content, CRC.pack(masked_crc(content))))


def masked_crc(content: bytes) -> int:
    """CRC-32C, rotated and shifted, so that sums of what holds sums are safe (tensorflow/core/lib/hash/crc32c.h)."""
    crc = google_crc32c.value(content)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def scan(path: Path) -> Iterator[tuple[int, bytes]]:
    """Offset and content of every record of a file, each checked; raises ZooError where one is torn or changed."""
    with path.open("rb") as file:
        offset = 0
        while head := file.read(HEAD):
            length = LENGTH.unpack(head[: LENGTH.size])[0] if len(head) == HEAD else LARGEST + 1
            sound = length <= LARGEST and CRC.unpack(head[LENGTH.size :])[0] == masked_crc(head[: LENGTH.size])
            content, crc = (file.read(length), file.read(CRC.size)) if sound else (b"", b"")
            if not sound or len(crc) < CRC.size or CRC.unpack(crc)[0] != masked_crc(content):
                raise ZooError(f"{path} is damaged at byte {offset:,}: prepare it again, or get it again.")
            yield offset, content
            offset += FRAME + length
