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
from small_from_large import SPREAD, fill_tables

from keras_bert_zoo import BertConfig, Corpus, build
from keras_bert_zoo.checkpoints import writable
from keras_bert_zoo.errors import in_a_sentence
from keras_bert_zoo.tasks import Task

WINDOW = 4  # pieces to each side that count, by 1 / distance (Pennington et al. 2014)
CONTEXTS = 8000  # the commonest pieces alone: a rare one beside a word is chance
UNSEEN = 0.1  # of the spread of all words: special pieces, and others that never occur, differ so much at first
SMOOTH = 0.75  # power of the contexts' frequencies: rare ones say less (Levy, Goldberg & Dagan 2015)
CHUNK = 4_000_000  # tokens at a time


def running_text(corpus: Corpus) -> np.ndarray:
    """The ids of all documents, which memory must hold, one after the other with WINDOW times -1 behind each."""
    gap = np.full(WINDOW, -1, "int32")
    texts = (np.asarray(corpus.read(i).token_ids, "int32") for i in range(len(corpus)))
    return np.concatenate([part for ids in texts for part in (ids, gap)])


def cooccurrences(ids: np.ndarray, vocab_size: int) -> csr_matrix:
    """How often a piece (N) has a common one (M) near it, 1 / distance each time."""
    counts = np.bincount(ids[ids >= 0], minlength=vocab_size)
    common = np.argsort(-counts, kind="stable")[: min(CONTEXTS, vocab_size)]
    column = np.full(vocab_size + 1, -1, "int32")  # the last is for -1
    column[common] = np.arange(len(common))
    found = csr_matrix((vocab_size, len(common)), dtype="float32")
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK + WINDOW]
        for distance in range(1, WINDOW + 1):
            right = part[distance : distance + CHUNK]
            left = part[: len(right)]
            for word, context in ((left, right), (right, left)):
                kept = (word >= 0) & (column[context] >= 0)
                cells = word[kept], column[context[kept]]
                weights = np.full(len(cells[0]), 1 / distance, "float32")
                found = found + csr_matrix((weights, cells), shape=found.shape)
    return found


def ppmi(counts: csr_matrix) -> csr_matrix:
    """Positive pointwise mutual information of pieces and contexts, (N, M)."""
    words = np.asarray(counts.sum(1)).ravel()
    contexts = np.asarray(counts.sum(0)).ravel() ** SMOOTH
    share = contexts / contexts.sum()
    rows, columns = counts.nonzero()
    found = np.log(counts.data / (words[rows] * share[columns]))
    return csr_matrix((np.maximum(found, 0), (rows, columns)), shape=counts.shape)


def word_table(ids: np.ndarray, vocab_size: int, width: int) -> np.ndarray:
    """The first components of what stands near a piece, (N, width); what never occurs lies amid the rest."""
    counts = cooccurrences(ids, vocab_size)
    left, sizes, _ = randomized_svd(ppmi(counts), width, n_iter=3, random_state=0)
    found = left * np.sqrt(sizes)
    seen = np.asarray(counts.sum(1)).ravel() > 0
    noise = np.random.default_rng(0).normal(size=found[~seen].shape)
    found[~seen] = found[seen].mean(0) + UNSEEN * found[seen].std() * noise
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
    config = model.encoder.config
    words = word_table(running_text(corpus), config.vocab_size, config.embedding_size)
    fill_tables(model, words, sines(config.max_length, config.embedding_size))
    model.tokenizer = corpus.tokenizer()
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="a folder of `keras-bert-zoo prepare`")
    parser.add_argument("shape", help="a model of the zoo; it gets the corpus's vocabulary")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    with in_a_sentence():
        writable(given.out, overwrite=True)
        print(begin(Corpus(given.corpus), given.shape).save_folder(given.out, overwrite=True))


if __name__ == "__main__":
    main()
