"""Piece ids to the arrays that a model takes."""

from collections.abc import Sequence

import numpy as np

from keras_bert_zoo.errors import ZooError, find


def shorten_longest(first: Sequence[int], second: Sequence[int], room: int) -> tuple[Sequence[int], Sequence[int]]:
    """Cut the longer of the two until both fit into `room` (google-research/bert, _truncate_seq_pair)."""
    excess = len(first) + len(second) - room
    if excess <= 0:
        return first, second
    gap = len(first) - len(second)
    off_longer = min(excess, abs(gap))
    rest = excess - off_longer  # both are now of one length: the second loses the first piece
    off_first = (off_longer if gap > 0 else 0) + rest // 2
    off_second = (off_longer if gap < 0 else 0) + rest - rest // 2
    return first[: len(first) - off_first], second[: len(second) - off_second]


def shorten_first(first: Sequence[int], second: Sequence[int], room: int) -> tuple[Sequence[int], Sequence[int]]:
    """Cut the first until both fit into `room`."""
    if len(second) > room:
        raise ZooError(
            f"A pair has {len(second)} pieces and the row room for {room}: with only the first cut they do not fit; "
            'use truncation="longest_first", or a larger length.'
        )
    return first[: room - len(second)], second


def shorten_second(first: Sequence[int], second: Sequence[int], room: int) -> tuple[Sequence[int], Sequence[int]]:
    """Cut the second until both fit into `room`."""
    if len(first) > room:
        raise ZooError(
            f"A text has {len(first)} pieces and the row room for {room}: with only the second cut they do not fit; "
            'use truncation="longest_first", or a larger length.'
        )
    return first, second[: room - len(first)]


TRUNCATIONS = {"longest_first": shorten_longest, "only_first": shorten_first, "only_second": shorten_second}


def pack(
    firsts: Sequence[Sequence[int]],
    seconds: Sequence[Sequence[int]] | None,
    length: int | None,
    longest: int,
    specials: tuple[int, int, int],
    truncation: str = "longest_first",
) -> dict[str, np.ndarray]:
    """[CLS] first [SEP] or [CLS] first [SEP] second [SEP], a row each, cut and padded to `length`.

    `specials` are the ids of pad, start and end; without a `length` rows are as long as the longest
    text needs, `longest` at most; `truncation` says which of two is cut. Returns token_ids, segment_ids and
    padding_mask, int32 (B, T).
    """
    pad, start, end = specials
    frame = 2 if seconds is None else 3
    if length is not None and length <= frame:
        raise ZooError(f"length={length} leaves no room for the special pieces: use at least {frame + 1}.")
    if longest < frame:
        raise ZooError(f"The model takes {longest} tokens, too few for the {frame} special pieces of a text.")
    room = (longest if length is None else length) - frame
    shorten = find(TRUNCATIONS, truncation, "truncation")
    pairs = [shorten(a, b, room) for a, b in zip(firsts, seconds or [()] * len(firsts), strict=True)]
    width = length or max((len(a) + len(b) + frame for a, b in pairs), default=frame)
    tokens = np.full((len(pairs), width), pad, "int32")
    segments, mask = np.zeros_like(tokens), np.zeros_like(tokens)
    for row, (a, b) in enumerate(pairs):
        ids = [start, *a, end] if seconds is None else [start, *a, end, *b, end]
        tokens[row, : len(ids)] = ids
        segments[row, len(a) + 2 : len(ids)] = 1
        mask[row, : len(ids)] = 1
    return {"token_ids": tokens, "segment_ids": segments, "padding_mask": mask}
