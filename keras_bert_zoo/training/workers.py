"""What the processes of one run owe to each other: the same orders, a common end, no one left waiting."""

import json
import signal
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from keras_bert_zoo.distribution import Runtime
from keras_bert_zoo.errors import ZooError


def voice(tell: Callable[[str], Any], runtime: Runtime) -> Callable[[str], Any]:
    """How a worker tells what happens: the first one by `tell`; another says there who it is, and no more."""
    if runtime.is_chief:
        return tell
    tell(f"Worker {runtime.host} of {runtime.hosts} takes part; worker 0 tells how it goes, and writes.")
    return lambda line: None


@contextmanager
def all_or_none(runtime: Runtime) -> Iterator[None]:
    """What one worker cannot do inside, none goes on after: the others are waiting to hear of it."""
    refused = None
    try:
        yield
    except BaseException as error:  # whatever it is: in a notebook the process goes on, and would leave them waiting
        refused = error
    who = [str(worker) for worker, said in enumerate(runtime.gather(float(refused is not None))) if said]
    if refused:
        raise refused
    if who:
        raise ZooError(f"Worker {', '.join(who)} cannot go on: its own message says why.")


def check_same(told: dict[str, Any], runtime: Runtime) -> None:
    """Every worker must have been told the same; the names of what they were told are the same in any case."""
    if runtime.hosts == 1 or runtime.agree(sum_of(told)):
        return
    found = []
    for name, own in told.items():
        sums = runtime.gather(float(sum_of(own)))
        others = [str(worker) for worker, other in enumerate(sums) if other != sums[0]]
        if others:
            found.append(f"{name} (worker {', '.join(others)} another than worker 0; here {own!r:.60})")
    raise ZooError(f"The workers differ in {'; '.join(found)}: give all the same.")


def sum_of(value: Any) -> int:
    return zlib.crc32(json.dumps(value, sort_keys=True, default=str).encode())


def sum_of_arrays(arrays: Iterable[np.ndarray]) -> int:
    found = 0
    for array in arrays:
        found = zlib.crc32(np.ascontiguousarray(array), found)
    return found


@contextmanager
def listening(hear: Callable[[int], Any]) -> Iterator[None]:
    """`hear` is told of SIGTERM and Ctrl-C by their numbers, where signals may be heard; a second one interrupts."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = []

    def handle(number: int, frame: Any) -> None:
        if heard:
            raise KeyboardInterrupt  # asked twice
        heard.append(number)
        hear(number)

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
