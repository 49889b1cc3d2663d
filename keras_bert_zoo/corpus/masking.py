"""Which pieces of a text are hidden, and what stands in their place."""

import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_bert_zoo.errors import ZooError, find
from keras_bert_zoo.text import SentencePiece, Tokenizer, WordPiece

LONGEST_GRAM = 3  # words of ALBERT's n-grams (Lan et al. 2020, section 4.1)
GRAMS = np.arange(1, LONGEST_GRAM + 1)
GRAM_SHARES = (1 / GRAMS) / (1 / GRAMS).sum()
ODD = frozenset('!"#$%&()*+,-./:;?@[\\]^_`{|}~€£')  # google-research/albert create_pretraining_data.py
PLAIN = ODD | frozenset(string.ascii_letters)


@dataclass(frozen=True, kw_only=True)
class Masking:
    """How pieces are hidden (Devlin et al. 2019, section 3.1): a share `rate` of them, of which `mask` become the
    mask piece, `random` any other piece, and the rest stay as they are.

    `unit` is "piece", "word" (all pieces of a word at once) or "ngram" (one to three words, ALBERT's).
    """

    rate: float = 0.15
    unit: str = "piece"
    mask: float = 0.8
    random: float = 0.1

    def __post_init__(self):
        find(UNITS, self.unit, "unit of masking")
        for name in ("rate", "mask", "random"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
                raise ZooError(f"{name}={value!r} of the masking must be a share, from 0 to 1.")
        if not 0 < self.rate < 1:
            raise ZooError(f"rate={self.rate} must be above 0 and below 1: a share of the pieces is hidden.")
        if self.mask + self.random > 1:
            raise ZooError(f"mask={self.mask} and random={self.random} are shares of one whole: 1 together at most.")


class Masker:
    """Hides pieces of texts with the vocabulary of `tokenizer`."""

    def __init__(self, masking: Masking, tokenizer: Tokenizer):
        self.masking, self.choose = masking, UNITS[masking.unit]
        self.starts_word = starts_of_words(tokenizer)
        self.mask_id = tokenizer.vocabulary.special("mask")
        specials = {tokenizer.vocabulary.special(role) for role in tokenizer.vocabulary.specials}
        self.others = np.setdiff1d(np.arange(len(tokenizer.vocabulary)), list(specials))

    def __call__(self, ids: np.ndarray, count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """The places of at most `count` pieces of a text (N,), sorted, and what stands there instead."""
        places = np.sort(self.choose(self.starts_word[ids], count, random))
        chance = random.random(len(places))
        shown = ids[places]
        replaced = chance < self.masking.mask + self.masking.random
        shown[replaced] = self.others[random.integers(0, len(self.others), len(places))][replaced]
        shown[chance < self.masking.mask] = self.mask_id
        return places, shown


def starts_of_words(tokenizer: Tokenizer) -> np.ndarray:
    """Whether a piece begins a word, for every piece of the vocabulary (V,)."""
    pieces = tokenizer.vocabulary.pieces
    if isinstance(tokenizer, WordPiece):
        return np.array([not piece.startswith("##") for piece in pieces])
    if isinstance(tokenizer, SentencePiece):  # as in google-research/albert create_pretraining_data.py
        return np.array(
            [piece.startswith(("▁", "<")) or piece in ODD or not PLAIN.issuperset(piece) for piece in pieces]
        )
    return np.ones(len(pieces), bool)


def pieces(starts: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """Any pieces, alone."""
    return random.permutation(len(starts))[:count]


def words(starts: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """Whole words in random order, without those that are too long for what is left."""
    return grams(starts, count, random, np.ones(len(starts), int))


def ngrams(starts: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """One to three whole words at a time, longer ones more seldom."""
    return grams(starts, count, random, random.choice(GRAMS, len(starts), p=GRAM_SHARES))


def grams(starts: np.ndarray, count: int, random: np.random.Generator, sizes: np.ndarray) -> np.ndarray:
    """The pieces of runs of words, as many words as `sizes` says for each try, at most `count` pieces together."""
    first = np.flatnonzero(starts)
    first = first if len(first) and first[0] == 0 else np.insert(first, 0, 0)
    borders = np.append(first, len(starts))
    taken, hidden, left = np.zeros(len(first), bool), [], count
    for word, size in zip(random.permutation(len(first)).tolist(), sizes.tolist(), strict=False):
        if not left:
            break
        for n in range(size, 0, -1):  # fewer words where the run does not fit
            end = min(word + n, len(first))
            width = borders[end] - borders[word]
            if width <= left and not taken[word:end].any():
                taken[word:end] = True
                hidden.append(np.arange(borders[word], borders[end]))
                left -= width
                break
    return np.concatenate(hidden) if hidden else np.zeros(0, int)


UNITS: dict[str, Callable[..., Any]] = {"piece": pieces, "word": words, "ngram": ngrams}
