"""A BERT to pretrain, whose words begin as what stands near them in its own corpus, and whose places begin as sines.

python examples/words_from_text.py runs/shards bert_tiny --out runs/bert_tiny_start

The folder goes into a recipe as its `weights`. A word is the row of a factorized table of how much oftener than by
chance it has each of the commonest pieces beside it (positive pointwise mutual information; Levy & Goldberg 2014). A
model from nothing spends its first thousands of steps on learning that, while attention has nothing to go by.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from scipy.sparse import csr_matrix
from sklearn.utils.extmath import randomized_svd
from small_from_large import SPREAD, components

from keras_bert_zoo import BertConfig, Corpus, build
from keras_bert_zoo.tasks import Task

NEAR, CONTEXTS = 4, 8000  # pieces to each side that count, the nearer the more; how many of the commonest are counted
SMOOTH = 0.75  # power of the contexts' frequencies: rare ones say less (Levy, Goldberg & Dagan 2015)
CHUNK = 4_000_000  # tokens at a time


def running_text(corpus: Corpus) -> np.ndarray:
    """The ids of all documents one after the other, with NEAR times -1 between them."""
    gap = np.full(NEAR, -1, "int32")
    return np.concatenate([part for i in range(len(corpus)) for part in (corpus.read(i).token_ids, gap)]).astype(
        "int32"
    )


def neighbours(ids: np.ndarray, vocab_size: int) -> csr_matrix:
    """How often a piece (N) has a common one (M) near it, 1 / distance each time."""
    counts = np.bincount(ids[ids >= 0], minlength=vocab_size)
    common = np.argsort(-counts, kind="stable")[: min(CONTEXTS, vocab_size)]
    column = np.full(vocab_size + 1, -1, "int32")  # the last is for -1
    column[common] = np.arange(len(common))
    found = csr_matrix((vocab_size, len(common)), dtype="float32")
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK + NEAR]
        for distance in range(1, NEAR + 1):
            right = part[distance : distance + CHUNK]
            left = part[: len(right)]
            for word, context in ((left, right), (right, left)):
                kept = (word >= 0) & (column[context] >= 0)
                places = word[kept], column[context[kept]]
                weights = np.full(len(places[0]), 1 / distance, "float32")
                found = found + csr_matrix((weights, places), shape=found.shape)
    return found


def information(counts: csr_matrix) -> csr_matrix:
    """Positive pointwise mutual information of pieces and contexts, (N, M)."""
    words = np.asarray(counts.sum(1)).ravel()
    contexts = np.asarray(counts.sum(0)).ravel() ** SMOOTH
    share = contexts / contexts.sum()
    rows, columns = counts.nonzero()
    found = np.log(counts.data / (words[rows] * share[columns]))
    return csr_matrix((np.maximum(found, 0), (rows, columns)), shape=counts.shape)


def word_table(ids: np.ndarray, vocab_size: int, width: int) -> np.ndarray:
    """The first components of what stands near a piece, (N, width); what never occurs lies in the middle."""
    left, sizes, _ = randomized_svd(information(neighbours(ids, vocab_size)), width, n_iter=3, random_state=0)
    found = left * np.sqrt(sizes)
    return np.pad(found, ((0, 0), (0, width - found.shape[1])))  # a small vocabulary has fewer components


def sines(rows: int, width: int) -> np.ndarray:
    """Places as waves of many lengths, (rows, width) (Vaswani et al. 2017, section 3.5)."""
    angles = np.arange(rows)[:, None] / 10_000 ** (np.arange(0, width, 2) / width)
    return np.stack([np.sin(angles), np.cos(angles)], -1).reshape(rows, -1)[:, :width]


def begin(corpus: Corpus, shape: str | BertConfig) -> Task:
    """A masked-LM model of this shape, with the vocabulary of a corpus and tables out of its text."""
    keras.utils.set_random_seed(0)
    sizes = {"vocab_size": len(corpus.tokenizer().vocabulary), "initializer_range": SPREAD}
    model = build(shape, task="masked_lm", dropout=0.0, attention_dropout=0.0, **sizes)
    tables = model.encoder.embeddings
    rows, width = tables.tokens.weights[0].shape
    tables.tokens.weights[0].assign(components(word_table(running_text(corpus), rows, width), width))
    tables.positions.weights[0].assign(components(sines(tables.positions.weights[0].shape[0], width), width))
    model.tokenizer = corpus.tokenizer()
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="a folder of `keras-bert-zoo prepare`")
    parser.add_argument("shape", help="a model of the zoo; it gets the corpus's vocabulary")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    print(begin(Corpus(given.corpus), given.shape).save_folder(given.out, overwrite=True))


if __name__ == "__main__":
    main()
