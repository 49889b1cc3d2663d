"""Piece ids to a model's inputs inside a TensorFlow graph: what `pack` does offline."""

import tensorflow as tf

from keras_bert_zoo.errors import find

TOO_LONG = 'the text that is not cut has no room: use truncation="longest_first", or a larger length'


def longest(first: tf.Tensor, second: tf.Tensor, room: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Pieces that are kept of each, as `pack.shorten_longest` has it."""
    excess = tf.maximum(first + second - room, 0)
    gap = first - second
    off_longer = tf.minimum(excess, tf.abs(gap))
    rest = excess - off_longer
    off_first = tf.where(gap > 0, off_longer, 0) + rest // 2
    return first - off_first, second - (excess - off_first)


def only_first(first: tf.Tensor, second: tf.Tensor, room: int) -> tuple[tf.Tensor, tf.Tensor]:
    tf.debugging.assert_less_equal(second, room, TOO_LONG)
    return tf.minimum(first, room - second), second


def only_second(first: tf.Tensor, second: tf.Tensor, room: int) -> tuple[tf.Tensor, tf.Tensor]:
    tf.debugging.assert_less_equal(first, room, TOO_LONG)
    return first, tf.minimum(second, room - first)


TRUNCATIONS = {"longest_first": longest, "only_first": only_first, "only_second": only_second}


def pack(
    first: tf.RaggedTensor,
    second: tf.RaggedTensor | None,
    length: int,
    specials: tuple[int, int, int],
    truncation: str,
) -> dict[str, tf.Tensor]:
    """token_ids, segment_ids and padding_mask, int32 (B, length); `specials` are the ids of pad, start and end."""
    pad, start, end = specials
    shorten = find(TRUNCATIONS, truncation, "truncation")
    one = first.row_lengths()
    two = tf.zeros_like(one) if second is None else second.row_lengths()
    tf.debugging.assert_equal(tf.size(one), tf.size(two), "give one pair for each text")
    one, two = shorten(one, two, tf.constant(length - (2 if second is None else 3), tf.int64))
    parts = [mark(one, start), head(first, one), mark(one, end)]
    if second is not None:
        parts += [head(second, two), mark(one, end)]
    ids = tf.concat(parts, axis=1)
    at = tf.range(length, dtype=tf.int64)[None]  # (1, T)
    full = ids.row_lengths()[:, None]  # (B, 1)
    tokens = ids.to_tensor(pad, shape=(None, length))
    mask = tf.cast(at < full, tf.int32)
    segments = tf.cast((at >= one[:, None] + 2) & (at < full), tf.int32)
    return {"token_ids": tf.cast(tokens, tf.int32), "segment_ids": segments, "padding_mask": mask}


def mark(rows: tf.Tensor, piece: int) -> tf.RaggedTensor:
    """A special piece for each row."""
    return tf.RaggedTensor.from_uniform_row_length(tf.fill(tf.shape(rows), tf.constant(piece, tf.int32)), 1)


def head(ids: tf.RaggedTensor, counts: tf.Tensor) -> tf.RaggedTensor:
    """The first pieces of each row."""
    return tf.ragged.boolean_mask(ids, tf.ragged.range(ids.row_lengths()) < counts[:, None])
