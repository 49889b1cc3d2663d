"""Greedy WordPiece of one word, remembered: most words of a text have been seen before."""

import re
from collections.abc import Container

from keras_bert_zoo.text.cleaning import Cleaning
from keras_bert_zoo.text.unicode import characters
from keras_bert_zoo.text.vocabulary import Vocabulary

LONGEST_WORD = 200  # characters; a longer word is unknown (google-research/bert tokenization.py)
CONTINUES = "##"
REMEMBERED, SHORT = 1 << 20, 64  # words kept, and their characters at most


class Words(dict):
    """The piece ids of every word, worked out when first met.

    A word is what stands between white space; `clean` makes of it words as the vocabulary has them.
    """

    def __init__(self, clean: Cleaning, vocabulary: Vocabulary):
        super().__init__()
        self.clean, self.vocabulary = clean, vocabulary
        self.unknown = vocabulary.special("unknown")
        self.first = dict(vocabulary.ids)
        self.later = {piece[len(CONTINUES) :]: i for piece, i in vocabulary.ids.items() if piece.startswith(CONTINUES)}
        self.longest = max(map(len, vocabulary.pieces))

    def __missing__(self, text: str) -> tuple[int, ...]:
        return remember(self, text, tuple(i for word in self.clean(text).split() for i in self.pieces(word)))

    def pieces(self, word: str, inside: bool = False) -> list[int]:
        """The longest piece that fits, then the longest of the rest, and so on, or one unknown piece.

        With `inside` something stands before it in the same word.
        """
        if len(word) > LONGEST_WORD:
            return [self.unknown]
        ids, start, known = [], 0, self.later if inside else self.first
        while start < len(word):
            for end in range(min(len(word), start + self.longest), start, -1):
                piece = known.get(word[start:end])
                if piece is not None:
                    break
            else:
                return [self.unknown]
            ids.append(piece)
            start, known = end, self.later
        return ids


class Spans(dict):
    """The pieces of every word with their places in it, (id, start, end), worked out when first met.

    A piece has the characters it was made of, and the accents behind them that were taken off.
    """

    def __init__(self, words: Words):
        super().__init__()
        self.words = words

    def __missing__(self, text: str) -> tuple[tuple[int, int, int], ...]:
        clean, places = self.words.clean.trace(text)
        spans, kept = [], set(places)
        for word in re.finditer(r"\S+", clean):
            at = word.start()
            for i in self.words.pieces(word[0]):
                length = self.length(i, word, at)
                spans.append((i, *reach(text, places[at : at + length], kept)))
                at += length
        return remember(self, text, tuple(spans))

    def length(self, i: int, word: re.Match, at: int) -> int:
        """Characters of the cleaned word that a piece stands for."""
        if i == self.words.unknown:
            return word.end() - at
        return len(self.words.vocabulary.pieces[i]) - len(CONTINUES) * (at > word.start())


def reach(text: str, places: list[int], kept: Container[int]) -> tuple[int, int]:
    """From the first of some places to behind the last, with the marks on it that were not kept."""
    end = max(places) + 1
    while end < len(text) and end not in kept and text[end] in characters("mark"):
        end += 1
    return min(places), end


def remember(cache: dict, text: str, found: tuple) -> tuple:
    if len(text) <= SHORT:
        if len(cache) >= REMEMBERED:
            cache.clear()
        cache[text] = found
    return found
