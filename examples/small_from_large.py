"""A small BERT or ALBERT to pretrain, whose words and places begin as the principal components of a larger one's.

python examples/small_from_large.py minilm_l6 bert_tiny --out runs/bert_tiny_start
python examples/small_from_large.py minilm_l6 albert_tiny --out runs/albert_tiny_start

The folder goes into a recipe as its `weights`. With a vocabulary of its own, a piece of the small model begins as the
mean of the larger one's pieces for the same text. All else begins at random, in numbers as large as a narrow model
needs (0.08 in place of 0.02); an ALBERT's words, and the kernel that widens them, are made so large that its block and
its head get numbers of the size that a BERT's get.
"""

import argparse
import os
import re
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from keras_bert_zoo import BertConfig, build, tokenizer
from keras_bert_zoo.checkpoints import writable
from keras_bert_zoo.errors import ZooError, in_a_sentence
from keras_bert_zoo.tasks import Task
from keras_bert_zoo.text import Tokenizer

SPREAD = 0.08  # standard deviation of all weights at the start
WIDEN = 14  # by sqrt(E) a kernel's 0.07, a truncated normal of 0.08, becomes 1: a normed row stays as large behind it
MARK = re.compile("^##|^▁")  # how WordPiece and SentencePiece say where a word begins


def components(table: np.ndarray, width: int, spread: float = SPREAD) -> np.ndarray:
    """The rows (N, width) in their first principal components, turned so that no column is larger than others."""
    centred = table.astype("float64") - table.mean(0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    kept = centred @ directions[:, ::-1][:, :width]
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(width, width)))
    return (kept @ turn * spread / kept.std()).astype("float32")


def translated(table: np.ndarray, theirs: Tokenizer, ours: Tokenizer) -> np.ndarray:
    """Their rows (N, H) for our pieces (M, H): that of the same role, or the mean of those that spell the same."""
    texts = [MARK.sub("", piece) for piece in ours.vocabulary.pieces]
    found = np.stack([table[ids].mean(0) if ids else table.mean(0) for ids in theirs.ids(texts)])
    for role in ours.vocabulary.specials:
        found[ours.vocabulary.special(role)] = table[theirs.vocabulary.special(role)]
    return found


def shrink(large: Task, small: str | BertConfig, vocabulary: Tokenizer) -> Task:
    """A masked-LM model of the shape `small` with this vocabulary, and with tables out of the larger one's."""
    keras.utils.set_random_seed(0)
    model = build(small, task="masked_lm", initializer_range=SPREAD, dropout=0.0, attention_dropout=0.0)
    narrow, wide = model.encoder.config, large.encoder.config
    if narrow.vocab_size != len(vocabulary.vocabulary):
        raise ZooError(f"The shape has {narrow.vocab_size:,} pieces, its vocabulary {len(vocabulary.vocabulary):,}.")
    if narrow.embedding_size > wide.embedding_size:
        raise ZooError(
            f"{narrow.embedding_size} numbers a word cannot be taken from {wide.embedding_size}: give a smaller shape."
        )
    theirs = large.encoder.embeddings
    words, positions = (keras.ops.convert_to_numpy(one.weights[0]) for one in (theirs.tokens, theirs.positions))
    if vocabulary.vocabulary.pieces != large.tokenizer.vocabulary.pieces:
        words = translated(words, large.tokenizer, vocabulary)
    fill_tables(model, words, positions)
    model.tokenizer = vocabulary
    return model


def fill_tables(model: Task, words: np.ndarray, positions: np.ndarray) -> None:
    """Words (V, at least E) and positions (at least T, at least E) into a model's tables, as their components."""
    embeddings, config = model.encoder.embeddings, model.encoder.config
    factorized = config.embedding_size < config.hidden_size
    for table, given in ((embeddings.tokens, words), (embeddings.positions, positions)):
        rows, width = table.weights[0].shape
        table.weights[0].assign(components(given[:rows], width, width**-0.5 if factorized else SPREAD))
    if factorized:
        embeddings.widen.kernel.assign(embeddings.widen.kernel * (WIDEN / config.embedding_size**0.5))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("large", help="a model that has a release")
    parser.add_argument("small", help="a shape of the zoo, with the vocabulary that it has there")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    with in_a_sentence():
        writable(given.out, overwrite=True)
        large = build(given.large, weights="pretrained")
        print(shrink(large, given.small, tokenizer(given.small)).save_folder(given.out, overwrite=True))


if __name__ == "__main__":
    main()
