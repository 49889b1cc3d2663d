"""Raw texts to batches of few static shapes: a shape never seen before is a compile."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from keras_bert_zoo.config import check_value
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.text import Tokenizer, as_list, packaged

LENGTHS = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)  # tokens a row
SOME = 8  # rows of a batch that is more than one text and less than a full one
TOKENS = ("token_ids", "segment_ids", "padding_mask")
WHOLE = 0.995  # share of the texts that a suggested length leaves uncut
CHUNK = 1024  # texts whose ids are in memory at once
ENGLISH = "bert_uncased_vocab.txt"  # the vocabulary where no tokenizer is given


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
    """The shortest of LENGTHS with room for so many tokens; past them of powers of two and the points half way."""
    if length <= LENGTHS[-1]:
        return next(n for n in LENGTHS if n >= length)
    power = 1 << (int(length) - 1).bit_length()
    return power * 3 // 4 if length <= power * 3 // 4 else power


def suggest_length(
    texts: Sequence[str],
    tokenizer: Tokenizer | None = None,
    whole: float = WHOLE,
    most: int = LENGTHS[-1],
    pairs: Sequence[str] | None = None,
) -> int:
    """The tokens a row needs: the shortest of LENGTHS that leaves a share of `whole` of the texts uncut, or `most`.

    Tokens are those of `tokenizer`, English uncased BERT's unless given, with the special ones. `inspect` shows
    what every length cuts, pads and costs. Raises ZooError for no texts, and for a `whole` that is no share.
    """
    check_value("most", int, most)
    if isinstance(whole, bool) or not isinstance(whole, (int, float)) or not 0 < whole <= 1:
        raise ZooError(f"whole={whole!r} must be a share of the texts, above 0 and up to 1, such as {WHOLE}.")
    counts = token_counts(or_english(tokenizer), texts, pairs)
    if not len(counts):
        raise ZooError("There are no texts: a length is suggested from some that are like those to come.")
    return shortest_length(counts, whole, most)


def shortest_length(counts: np.ndarray, whole: float = WHOLE, most: int = LENGTHS[-1]) -> int:
    """The shortest of LENGTHS with room for a share of `whole` of these token counts (N,); at most `most`."""
    return min(next((n for n in LENGTHS if (counts <= n).mean() >= whole), most), most)


def token_counts(tokenizer: Tokenizer, texts: Sequence[str], pairs: Sequence[str] | None = None) -> np.ndarray:
    """Tokens of every text, or text and pair, uncut and with the special ones: int64 (N,)."""
    counts = piece_counts(tokenizer, texts)
    if pairs is None:
        return framed(counts)
    others = piece_counts(tokenizer, pairs)
    if len(others) != len(counts):
        raise ZooError(f"There are {len(counts)} texts but {len(others)} pairs: give one pair for each text.")
    return framed(counts, others)


def framed(firsts: np.ndarray, seconds: np.ndarray | None = None) -> np.ndarray:
    """Tokens of texts, or texts and pairs, of so many pieces: with the special ones."""
    return firsts + 2 if seconds is None else firsts + seconds + 3


def piece_counts(tokenizer: Tokenizer, texts: Sequence[str]) -> np.ndarray:
    texts = as_list(texts)
    chunks = (tokenizer.ids(texts[start : start + CHUNK]) for start in range(0, len(texts), CHUNK))
    return np.array([len(ids) for chunk in chunks for ids in chunk], "int64")


def or_english(tokenizer: Tokenizer | None) -> Tokenizer:
    """The tokenizer, or English uncased BERT's; a ZooError for a name, which only the zoo can look up."""
    if tokenizer is None:
        return packaged(ENGLISH)
    if not isinstance(tokenizer, Tokenizer):
        raise ZooError(f"tokenizer={tokenizer!r:.60} is no tokenizer: make one with keras_bert_zoo.tokenizer(...).")
    return tokenizer
