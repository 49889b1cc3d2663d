"""Two parts of a text, and the question that a model is asked about them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from keras_bert_zoo.corpus.shards import Corpus
from keras_bert_zoo.corpus.texts import Texts
from keras_bert_zoo.errors import ZooError

NEAR = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233)  # how far away another document is looked for
SPECIALS = {"none": 2, "sop": 3, "nsp": 3}  # pieces around a text: [CLS] a [SEP], or [CLS] a [SEP] b [SEP]


class Span(NamedTuple):
    """Pieces of a document, for each of several texts (N,)."""

    document: np.ndarray
    start: np.ndarray
    length: np.ndarray


@dataclass(frozen=True)
class Pairs:
    """The first and the second part of each text, and the answer (N,): 0 where the second follows the first.

    Without a question the second part is empty, and there is no answer.
    """

    first: Span
    second: Span
    answer: np.ndarray | None

    @property
    def length(self) -> np.ndarray:
        return self.first.length + self.second.length


def no_pairs(corpus: Corpus, texts: Texts, room: int, random: np.random.Generator) -> Pairs:
    """Every text whole."""
    nothing = np.zeros(len(texts), int)
    return Pairs(Span(*texts), Span(texts.document, texts.start, nothing), None)


def sentence_order(corpus: Corpus, texts: Texts, room: int, random: np.random.Generator) -> Pairs:
    """Two parts that follow each other, half of them swapped (Lan et al. 2020, section 3.1)."""
    first, second = halves(corpus, texts, random)
    swapped = random.random(len(first.start)) < 0.5
    both = (
        Span(*(np.where(swapped, b, a) for a, b in zip(*order, strict=True)))
        for order in ((first, second), (second, first))
    )
    return Pairs(*both, swapped.astype("int32"))


def next_sentence(corpus: Corpus, texts: Texts, room: int, random: np.random.Generator) -> Pairs:
    """Two parts, of which half come from two documents (Devlin et al. 2019, section 3.1).

    Texts of that half exchange their second parts with those whose first part is about as long, so that no text is
    lost; what is then past `room` pieces is cut off. Raises ZooError for a single document.
    """
    if len(corpus) < 2:
        raise ZooError(f"{corpus.folder} has one document, and next-sentence pairs need two: say what separates them.")
    first, second = halves(corpus, texts, random)
    mixed = np.flatnonzero(random.random(len(first.start)) < 0.5)
    mixed = mixed[np.argsort(first.length[mixed] + random.random(len(mixed)))]
    giver = exchange(first.document[mixed])
    while (alike := first.document[mixed] == first.document[mixed[giver]]).any():
        mixed = mixed[~alike]  # too many of one document: these keep their second part
        giver = exchange(first.document[mixed])
    columns = [column.copy() for column in second]
    for column, source in zip(columns, second, strict=True):
        column[mixed] = source[mixed[giver]]
    columns[2] = np.minimum(columns[2], room - first.length)
    answer = np.zeros(len(first.start), "int32")
    answer[mixed] = 1
    return Pairs(first, Span(*columns), answer)


def exchange(documents: np.ndarray) -> np.ndarray:
    """For each text of a list the place of one near it, if it can be of another document; each place once."""
    places = np.arange(len(documents))
    giver = np.roll(places, 1)
    for offset in NEAR:
        alike = documents == documents[giver]
        other = (places + offset) % max(len(places), 1)
        swap = alike & ~alike[other] & (documents != documents[giver[other]]) & (documents[other] != documents[giver])
        here, there = places[swap], other[swap]
        free = ~np.isin(there, here)
        here, there = here[free], there[free]
        giver[here], giver[there] = giver[there], giver[here]
    return giver


def halves(corpus: Corpus, texts: Texts, random: np.random.Generator) -> tuple[Span, Span]:
    """Texts of two pieces and more in two parts, at the end of a sentence near a random place where there is one."""
    texts = texts.take(np.flatnonzero(texts.length > 1))
    wanted = random.integers(1, texts.length)  # pieces of the first part
    cut = np.empty(len(texts), int)
    shard_of = np.searchsorted(corpus.first, texts.document, "right") - 1
    for shard in range(len(corpus.shards)):
        here = np.flatnonzero(shard_of == shard)
        documents = texts.document[here] - corpus.first[shard]
        begins = np.cumsum(corpus.index[shard]["tokens"], dtype="int64") - corpus.index[shard]["tokens"]
        begin = begins[documents] + texts.start[here]
        cut[here] = near_end(corpus.sentence_ends(shard), begin, texts.length[here], wanted[here])
    first = Span(texts.document, texts.start, cut)
    return first, Span(texts.document, texts.start + cut, texts.length - cut)


def near_end(ends: np.ndarray, begin: np.ndarray, length: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Pieces from `begin` to the end of a sentence inside the text, the nearest to `wanted`, or `wanted` itself."""
    after = np.searchsorted(ends, begin + wanted)
    options = np.stack([ends[np.maximum(after - 1, 0)], ends[np.minimum(after, len(ends) - 1)]]) - begin
    fits = (options > 0) & (options < length)
    far = np.where(fits, abs(options - wanted), np.iinfo("int64").max)
    best = np.where(far[0] <= far[1], options[0], options[1])
    return np.where(fits.any(0), best, wanted)


PAIRS: dict[str, Callable[..., Pairs]] = {"none": no_pairs, "sop": sentence_order, "nsp": next_sentence}
