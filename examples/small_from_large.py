"""A small BERT to pretrain, whose words and places begin as the principal components of a larger one's.

python examples/small_from_large.py minilm_l6 bert_tiny --out runs/bert_tiny_start

The folder goes into a recipe as its `weights`. Both have the same vocabulary; all else begins at random, in numbers as
large as a narrow model needs (0.08 in place of 0.02).
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from keras_bert_zoo import build
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.tasks import Task

SPREAD = 0.08  # standard deviation of all weights at the start
TABLES = ("tokens", "positions")


def components(table: np.ndarray, width: int) -> np.ndarray:
    """The rows (N, width) in their first principal components, turned so that no column is larger than others."""
    centred = table.astype("float64") - table.mean(0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    kept = centred @ directions[:, ::-1][:, :width]
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(width, width)))
    return (kept @ turn * SPREAD / kept.std()).astype("float32")


def shrink(large: Task, small: str) -> Task:
    """A masked-LM model of the zoo's shape `small`, with tables out of the larger one's."""
    keras.utils.set_random_seed(0)
    model = build(small, task="masked_lm", initializer_range=SPREAD, dropout=0.0, attention_dropout=0.0)
    narrow, wide = model.encoder.config, large.encoder.config
    if narrow.vocab_size != wide.vocab_size or narrow.embedding_size > wide.embedding_size:
        raise ZooError(
            f"{narrow.vocab_size:,} pieces in {narrow.embedding_size} numbers each cannot be taken from "
            f"{wide.vocab_size:,} in {wide.embedding_size}: give a large and a small model of one vocabulary."
        )
    for name in TABLES:
        theirs, ours = (getattr(m.encoder.embeddings, name).weights[0] for m in (large, model))
        ours.assign(components(keras.ops.convert_to_numpy(theirs)[: ours.shape[0]], ours.shape[1]))
    model.tokenizer = large.tokenizer
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("large", help="a model that has a release")
    parser.add_argument("small", help="a shape of the zoo with the same vocabulary")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    large = build(given.large, weights="pretrained")
    print(shrink(large, given.small).save_folder(given.out, overwrite=True))


if __name__ == "__main__":
    main()
