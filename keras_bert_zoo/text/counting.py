"""How often each word occurs, in memory that does not grow with the text."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.showing import EVERY_S, MB, make_bar
from keras_bert_zoo.text.sources import Source

MOST = 1 << 20  # different words in memory
MOST_DROPPED = 0.02  # of what was read; Latin-1 has more in most languages, a text with a slip or two less


def count(
    source: Source,
    split: Callable[[str], list[str]],
    make_room: Callable[[Counter], Counter],
    tell: Callable[[str], Any],
) -> Counter:
    """The words that `split` finds, with how often it does.

    Where there are more than MOST different ones, `make_room` is given the counts and returns those to go on with.
    """
    counts = Counter()
    for block in watched(source, tell):
        counts.update(split(block))
        if len(counts) > MOST:
            counts = make_room(counts)
    if source.dropped > MOST_DROPPED * source.read:
        raise ZooError(f"{source.dropped / source.read:.0%} of the bytes are no UTF-8: give text, in UTF-8 or UTF-16.")
    if source.dropped:
        tell(f"{source.dropped:,} bytes are no UTF-8 and were left out")
    return counts


def frequent_half(counts: Counter) -> Counter:
    """The more frequent half of MOST words; of equals the first met."""
    return Counter(dict(counts.most_common(MOST // 2)))


def watched(source: Source, tell: Callable[[str], Any]) -> Iterator[str]:
    """The blocks of a source, with a bar on a terminal and a line now and then in a log."""
    bar = make_bar()
    unit = MB if source.size else 1
    told = time.monotonic()
    with bar or nullcontext():
        task = bar and bar.add_task("reading", total=source.size)
        for block in source:
            yield block
            if bar:
                bar.update(task, completed=source.done, description=f"reading {shown(source.done, unit)}")
            elif time.monotonic() - told > EVERY_S:
                told = time.monotonic()
                tell(f"reading {shown(source.done, unit)}" + (f" of {shown(source.size, unit)}" if source.size else ""))


def shown(done: int, unit: float) -> str:
    return f"{done / unit:,.1f} MB" if unit > 1 else f"{done:,} texts"
