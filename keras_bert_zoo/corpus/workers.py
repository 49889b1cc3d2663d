"""Processes that encode documents. They are started as programs, so that a script needs no guard around its main part.

A message is its length (8 bytes) and content: JSON texts to a worker, and back an array of SIZES and the frames.
"""

import json
import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from keras_bert_zoo.corpus.encoding import Encoded, Encoder
from keras_bert_zoo.errors import ZooError

LENGTH = struct.Struct("<Q")
SIZES = np.dtype([("frame", "<u4"), ("tokens", "<u4"), ("sentences", "<u4")])  # zeros where there is no record
Submit = Callable[[Sequence[str]], Future]


@contextmanager
def encoders(workers: int, folder: Path, sentences: str, language: str) -> Iterator[Submit]:
    """A function that has texts encoded by one of some processes, or by this one where `workers` is 0."""
    if not workers:
        encoder = Encoder(folder, sentences, language)
        yield lambda texts: now([encoder(text) for text in texts])
        return
    command = [sys.executable, "-m", "keras_bert_zoo.corpus.workers", str(folder), sentences, language]
    here, started = threading.local(), []

    def start() -> None:
        here.worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        started.append(here.worker)

    def encode(texts: Sequence[str]) -> list[Encoded | None]:
        send(here.worker.stdin, json.dumps(texts).encode())
        return unpack(receive(here.worker.stdout))

    pool = ThreadPoolExecutor(workers, initializer=start)
    try:
        yield lambda texts: pool.submit(encode, texts)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in started:
            worker.kill()
            worker.wait()
            worker.stdin.close()
            worker.stdout.close()


def now(result: list) -> Future:
    """A future that has come."""
    future = Future()
    future.set_result(result)
    return future


def send(stream: BinaryIO, content: bytes) -> None:
    try:
        stream.write(LENGTH.pack(len(content)) + content)
        stream.flush()
    except BrokenPipeError as error:
        raise lost() from error


def receive(stream: BinaryIO) -> bytes:
    head = stream.read(LENGTH.size)
    content = stream.read(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else b""
    if not content:
        raise lost()
    return content


def lost() -> ZooError:
    return ZooError("A worker has died, perhaps for want of memory: start again to go on, with fewer workers.")


def pack(records: Sequence[Encoded | None]) -> bytes:
    sizes = [(0, 0, 0) if one is None else (len(one.frame), one.tokens, one.sentences) for one in records]
    head = np.array(sizes, SIZES).tobytes()
    return LENGTH.pack(len(records)) + head + b"".join(one.frame for one in records if one)


def unpack(content: bytes) -> list[Encoded | None]:
    count = LENGTH.unpack_from(content)[0]
    sizes = np.frombuffer(content, SIZES, count, LENGTH.size)
    at, found = LENGTH.size + sizes.nbytes, []
    for frame, tokens, sentences in sizes.tolist():
        found.append(Encoded(content[at : at + frame], tokens, sentences) if frame else None)
        at += frame
    return found


def main() -> None:
    """Encode what comes in until nothing more does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started it
    encoder = Encoder(*sys.argv[1:])
    while head := sys.stdin.buffer.read(LENGTH.size):
        texts = json.loads(sys.stdin.buffer.read(LENGTH.unpack(head)[0]))
        try:
            send(sys.stdout.buffer, pack([encoder(text) for text in texts]))
        except ZooError:  # whoever asked is gone
            os._exit(0)


if __name__ == "__main__":
    main()
