"""What fine-tuning starts from in the tests."""

import keras
import pytest
from conftest import BERT, PIECES

from keras_bert_zoo import build
from keras_bert_zoo.text import WordPiece

SIZES = {"hidden_size": 24, "embedding_size": 24, "intermediate_size": 48, "initializer_range": 0.2}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """The folder of a small BERT that knows letters, and has learnt nothing."""
    keras.utils.set_random_seed(0)
    model = build(BERT, **SIZES, num_layers=1, num_blocks=1)
    model.tokenizer = WordPiece("".join(f"{piece}\n" for piece in PIECES).encode(), max_length=23)
    return model.save_folder(tmp_path_factory.mktemp("weights") / "model")
