"""Raw texts to batches of few static shapes: a shape never seen before is a compile."""

from collections.abc import Iterator, Mapping

import numpy as np

LENGTHS = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)  # tokens a row
SOME = 8  # rows of a batch that is more than one text and less than a full one
TOKENS = ("token_ids", "segment_ids", "padding_mask")


def by_length(inputs: Mapping[str, np.ndarray], batch_size: int) -> Iterator[tuple[np.ndarray, dict[str, np.ndarray]]]:
    """Batches of rows of like length: their places in `inputs`, and the arrays cut to that length.

    A batch has 1, SOME or `batch_size` rows; where there are fewer texts its first row stands again.
    """
    lengths = inputs["padding_mask"].sum(1)
    width = inputs["padding_mask"].shape[1]
    order = np.argsort(lengths, kind="stable")
    bucket = np.searchsorted(LENGTHS, lengths[order])
    for group in np.split(order, np.flatnonzero(np.diff(bucket)) + 1):
        length = min(static_length(lengths[group].max()), width)
        for start in range(0, len(group), batch_size):
            places = group[start : start + batch_size]
            rows = next(n for n in sorted({1, SOME, batch_size}) if n >= len(places))
            filled = np.concatenate([places, np.repeat(places[:1], rows - len(places))])
            yield (
                places,
                {key: value[filled][:, :length] if key in TOKENS else value[filled] for key, value in inputs.items()},
            )


def static_length(length: int) -> int:
    """The shortest of LENGTHS with room for so many tokens."""
    return next((n for n in LENGTHS if n >= length), length)
