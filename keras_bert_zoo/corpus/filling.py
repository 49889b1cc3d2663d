"""Several texts to a row, for millions of texts at once."""

from collections import Counter, defaultdict
from collections.abc import Mapping

import numpy as np

Plan = Counter[tuple[int, ...]]  # the lengths of the texts in a row, and how many rows are like that


def plan_rows(counts: Mapping[int, int], room: int, most: int) -> Plan:
    """Rows for so many texts of each length: the longest first, each where it leaves least room.

    Works on the histogram of lengths, so that time depends on `room` and not on the number of texts
    (Krell et al. 2021, arXiv:2107.02027, the packing of its section 3.1 with best fit for worst fit).
    """
    free: dict[int, Counter] = defaultdict(Counter)  # room left -> rows of that kind -> how many
    done: Plan = Counter()

    def put(row: tuple[int, ...], count: int) -> None:
        space = room - sum(row)
        (free[space] if space and len(row) < most else done)[row] += count

    for length in sorted(counts, reverse=True):
        left = counts[length]
        while left and (space := next((space for space in range(length, room) if free.get(space)), 0)):
            row, count = free[space].popitem()
            n = min(left, count)
            put((*row, length), n)
            if n < count:
                free[space][row] = count - n
            left -= n
        together = min(room // length, most)
        for n, count in ((together, left // together), (left % together, 1)):
            if n and count:
                put((length,) * n, count)
    for rows in free.values():
        done += rows
    return done


def fill_rows(lengths: np.ndarray, room: int, most: int, random: np.random.Generator) -> np.ndarray:
    """The texts of each row, in random order (rows, K), -1 where a row has fewer than K = `most` texts."""
    order = random.permutation(len(lengths))
    order = order[np.argsort(lengths[order], kind="stable")]
    values, firsts, counts = np.unique(lengths[order], return_index=True, return_counts=True)
    plan = plan_rows(dict(zip(values.tolist(), counts.tolist(), strict=True)), room, most)
    next_text = dict(zip(values.tolist(), firsts.tolist(), strict=True))
    rows, at = np.full((plan.total(), most), -1), 0
    for kind, count in sorted(plan.items()):
        for place, length in enumerate(kind):
            rows[at : at + count, place] = order[next_text[length] : next_text[length] + count]
            next_text[length] += count
        at += count
    return rows[random.permutation(len(rows))]
