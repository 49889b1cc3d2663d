"""Batches made while the model is busy with the ones before."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from keras_bert_zoo.corpus.batches import Batches

AHEAD = 4  # batches


@contextmanager
def ahead(batches: Batches, first: int, count: int = 0) -> Iterator[Iterator[dict[str, Any]]]:
    """The batches from number `first` on, in order, made by a thread, which has up to `count` of them ready."""
    count = max(count, AHEAD)
    pool = ThreadPoolExecutor(1, thread_name_prefix="batches")
    waiting = deque(pool.submit(batches.__getitem__, first + i) for i in range(count))

    def take() -> Iterator[dict[str, Any]]:
        number = first + count
        while True:
            waiting.append(pool.submit(batches.__getitem__, number))
            number += 1
            yield waiting.popleft().result()

    try:
        yield take()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
