"""What vocabularies do to a text: how many pieces its words become, and which of them break worst."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.text import rules
from keras_bert_zoo.text.comparison import Comparison
from keras_bert_zoo.text.counting import count
from keras_bert_zoo.text.sources import Files, Source
from keras_bert_zoo.text.tokenizer import Tokenizer
from keras_bert_zoo.text.unicode import characters
from keras_bert_zoo.text.wordpiece import WordPiece

BADLY = 3  # pieces of a word that counts as badly broken
SHOWN = 10  # words that are named
REMEMBERED = 10_000  # words that may yet be named
TOGETHER = 4096  # words encoded at a time


def vocabulary_report(
    vocabularies: Mapping[str, Tokenizer], files: Files, tell: Callable[[str], Any] = print
) -> Comparison:
    """How each of the vocabularies cuts a text up.

    print(vocabulary_report({"english": tokenizer("bert_base"), "own": tokenizer("runs/vocabulary")}, "texts/*.txt"))

    `files` are those of `train_vocabulary`. A word is what stands between white space once punctuation and Chinese
    characters stand alone (google-research/bert's basic split) and is no punctuation itself: the same words for every
    vocabulary. A piece belongs to the words it touches. Figures by vocabulary: "fertility", the pieces of a word; the
    shares of the words that are "single", one known piece, that are "continued", several, and that are "unknown", all
    or a part of it; "broken", the words without digits of three pieces and more that cost most, and "lost", those that
    are unknown most often, with punctuation; "pieces" of the whole text and "characters_per_piece". Fertility and
    continued words: Rust et al. 2021, "How Good is Your Tokenizer?". Raises ZooError where there is no vocabulary or no
    word.
    """
    if not isinstance(vocabularies, Mapping) or not vocabularies:
        raise ZooError('Give vocabularies by name, such as {"own": keras_bert_zoo.tokenizer(folder)}.')
    for name, tokenizer in vocabularies.items():
        if not isinstance(tokenizer, Tokenizer):
            raise ZooError(f"The vocabulary {name!r} is {tokenizer!r:.80}: open it with keras_bert_zoo.tokenizer.")
    totals = Counter()
    tallies = {name: Tally(tokenizer) for name, tokenizer in vocabularies.items()}

    def take(chunks: Counter) -> Counter:
        words = words_of(chunks)
        marks = sum(n for word, n in words.items() if word in characters("punctuation"))
        length = sum(len(word) * n for word, n in words.items())
        totals.update(words=words.total() - marks, marks=marks, characters=length)
        for tally in tallies.values():
            tally.add(chunks, words)
        return Counter()

    take(count(Source(files), str.split, take, tell))
    if not totals["words"]:
        raise ZooError("There is not one word in the text: give files with text in UTF-8.")
    figures = {name: tally.figures(totals["words"], totals["characters"]) for name, tally in tallies.items()}
    return Comparison(**totals, vocabularies=figures)


def words_of(chunks: Mapping[str, int]) -> Counter:
    """The words and the punctuation in text between white space, with how often each occurs."""
    split, words = rules.bert(False, False), Counter()
    for chunk, n in chunks.items():
        for word in split(chunk).split():
            words[word] += n
    return words


class Tally:
    """What one vocabulary has made of the text so far."""

    def __init__(self, tokenizer: Tokenizer):
        self.tokenizer, self.unknown = tokenizer, tokenizer.vocabulary.special("unknown")
        self.same_words = isinstance(tokenizer, WordPiece) and tokenizer.split_cjk
        self.counts, self.broken, self.lost = Counter(), Counter(), Counter()

    def add(self, chunks: Mapping[str, int], words: Mapping[str, int]) -> None:
        """Take in text between white space, and the words of which it is made."""
        for word, ids, n in self.alone(words) if self.same_words else self.in_place(chunks):
            self.judge(word, ids, n)
        self.broken = Counter({key: self.broken[key] for key in sorted(self.broken, key=self.rank)[:REMEMBERED]})
        self.lost = Counter(dict(self.lost.most_common(REMEMBERED)))

    def alone(self, words: Mapping[str, int]) -> Iterator[tuple[str, list[int], int]]:
        """Words with their ids and how often they occur, for an encoder that takes one word at a time."""
        texts = list(words)
        for start in range(0, len(texts), TOGETHER):
            some = texts[start : start + TOGETHER]
            for word, ids in zip(some, self.tokenizer.ids(some), strict=True):
                self.counts["pieces"] += words[word] * len(ids)
                yield word, ids, words[word]

    def in_place(self, chunks: Mapping[str, int]) -> Iterator[tuple[str, list[int], int]]:
        """The same for an encoder to which it matters what stands beside a word."""
        split = rules.bert(False, False)
        for chunk, n in chunks.items():
            pieces = self.tokenizer.locate(chunk)
            self.counts["pieces"] += n * len(pieces)
            clean, places = split.trace(chunk)
            for word in re.finditer(r"\S+", clean):
                start, end = places[word.start()], places[word.end() - 1] + 1
                yield word[0], [i for i, a, b in pieces if a < end and max(b, a + 1) > start], n

    def judge(self, word: str, ids: list[int], n: int) -> None:
        """Count a word that `n` times becomes these pieces."""
        is_unknown = self.unknown in ids
        if is_unknown:
            self.lost[word] += n
        if word in characters("punctuation"):
            return
        self.counts["of_words"] += n * len(ids)
        self.counts["unknown"] += n * is_unknown
        self.counts["single"] += n * (len(ids) == 1 and not is_unknown)
        self.counts["continued"] += n * (len(ids) > 1)
        if len(ids) >= BADLY and not any(map(str.isdigit, word)):
            self.broken[word, *ids] += n

    def rank(self, key: tuple) -> tuple:
        """The pieces a word costs beside its first, the most first, then by name."""
        return -self.broken[key] * (len(key) - 2), key

    def figures(self, words: int, characters: int) -> dict[str, Any]:
        """The figures of a text of so many words, and characters with punctuation."""
        vocabulary, pieces = self.tokenizer.vocabulary, self.counts["pieces"]
        worst = [(word, ids, self.broken[word, *ids]) for word, *ids in sorted(self.broken, key=self.rank)[:SHOWN]]
        lost = sorted((-n, word) for word, n in self.lost.items())[:SHOWN]
        return {
            "size": len(vocabulary),
            "fertility": self.counts["of_words"] / words,
            **{key: self.counts[key] / words for key in ("single", "continued", "unknown")},
            "pieces": pieces,
            "characters_per_piece": characters / max(pieces, 1),
            "broken": [
                {"word": word, "count": n, "pieces": [vocabulary.pieces[i] for i in ids]} for word, ids, n in worst
            ],
            "lost": [{"word": word, "count": -n} for n, word in lost],
        }
