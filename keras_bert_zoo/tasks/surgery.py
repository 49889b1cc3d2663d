"""Models in another shape: more pieces, positions or segments than they were trained with, or more blocks.

Each function gives a new model with all weights and heads of the old one, and without its optimizer.
"""

import copy
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

import keras
import numpy as np

from keras_bert_zoo.config import BertConfig, check_value
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.models import BertEncoder
from keras_bert_zoo.tasks.precision import precision
from keras_bert_zoo.tasks.task import Task
from keras_bert_zoo.text import TextVectorization, Tokenizer, WordPiece
from keras_bert_zoo.text.extension import new_pieces, spelled, with_pieces

ANEW = "trained anew: train_vocabulary(files, kind='sentencepiece')"
log = logging.getLogger("keras_bert_zoo")


def extend_vocabulary(model: Task, pieces: Sequence[str] | Tokenizer) -> Task:
    """The model with more WordPieces, such as ["soomaaliya", "##yada"], or with all that another tokenizer has besides.

    Ids stay what they are, and the new ones follow. The row of a new piece, and its bias in the masked-LM head, is the
    mean over the old pieces that it was spelled with, or that of [UNK] where it could not be spelled. Raises ZooError
    for a piece that is there already, that is empty, or that no text can have.
    """
    old = wordpiece_of(model)
    config = model.encoder.config
    added, known = new_pieces(old, pieces), len(old.vocabulary)
    made_of = [spelled(old, piece) for piece in added]
    if strange := made_of.count([old.vocabulary.special("unknown")]):
        log.warning("%d of %d new pieces have characters that were unknown: they start as [UNK].", strange, len(added))

    def longer(table: np.ndarray) -> np.ndarray:
        rows = np.stack([table[ids].mean(0) for ids in made_of])
        return np.concatenate([table[:known], rows, table[known + len(rows) :]])  # some tables have rows to spare

    size = max(config.vocab_size, known + len(added))
    twin = rebuilt(model, replace(config, vocab_size=size), ("tokens/embeddings", "masked_lm/bias"), longer)
    twin.tokenizer = with_pieces(old, added)
    return twin


def extend_positions(model: Task, max_length: int) -> Task:
    """The model for rows of up to `max_length` tokens.

    The new positions start as the old ones, from the first on, again and again (Beltagy et al. 2020, Longformer,
    section 5): what is near stays near, but for where they begin anew.
    """
    config = model.encoder.config
    check_longer("max_length", max_length, config.max_length if config.use_positions else 0, "positions")

    def longer(table: np.ndarray) -> np.ndarray:
        return np.resize(table, (max_length, table.shape[1]))

    twin = rebuilt(model, replace(config, max_length=max_length), ("positions/embeddings",), longer)
    if model.tokenizer:
        twin.tokenizer = copy.copy(model.tokenizer)
        twin.tokenizer.max_length = max_length
    return twin


def extend_segments(model: Task, num_segments: int) -> Task:
    """The model for `num_segments` kinds of segments; the new ones start as the mean of the old."""
    config = model.encoder.config
    check_longer("num_segments", num_segments, config.num_segments, "segments")

    def longer(table: np.ndarray) -> np.ndarray:
        return np.concatenate([table, np.tile(table.mean(0), (num_segments - len(table), 1))])

    return rebuilt(model, replace(config, num_segments=num_segments), ("segments/embeddings",), longer)


def rebuilt(
    model: Task, config: BertConfig, tables: tuple[str, ...], longer: Callable[[np.ndarray], np.ndarray]
) -> Task:
    """The model in another shape; `longer` makes the `tables`, by the ends of their names, out of the old ones."""
    twin, ours = new_like(model, config), model.variables_by_name()
    for name, variable in twin.variables_by_name().items():
        old = ours[name]
        value = longer(keras.ops.convert_to_numpy(old)) if name.endswith(tables) else old
        if value.shape != variable.shape:
            raise ZooError(f"{name} would go from {old.shape} to {variable.shape}, and nothing says what is new in it.")
        variable.assign(value)
    twin.tokenizer = model.tokenizer
    return twin


def untie(model: Task) -> Task:
    """The same model with a block of its own at every depth: an ALBERT as the warm start of a BERT."""
    config = model.encoder.config
    twin, ours = new_like(model, replace(config, num_blocks=config.num_layers)), model.variables_by_name()
    for name, variable in twin.variables_by_name().items():
        layer, _, rest = name.removeprefix("encoder/block_").partition("/")
        variable.assign(ours[f"encoder/block_{config.block_at[int(layer)]}/{rest}" if layer.isdigit() else name])
    twin.tokenizer = model.tokenizer
    return twin


def new_like(model: Task, config: BertConfig) -> Task:
    """A model of the same task, head and precision with new weights, in the shape of `config`."""
    with precision(model.dtype_policy.name):
        encoder = BertEncoder(config, model.encoder.block_maker, name="encoder")
        return type(model)(encoder, name=model.name, **model.options())


def check_longer(name: str, value: int, now: int, what: str) -> None:
    check_value(name, int, value)
    if not now:
        raise ZooError(f"This model has no {what}, so there is nothing to extend with {name}={value}.")
    if value <= now:
        raise ZooError(f"{name}={value} is not more than the {now} {what} that this model has: give more.")


def wordpiece_of(model: Task) -> WordPiece:
    """The tokenizer of a model that can be given more pieces."""
    if not isinstance(model, Task):
        raise ZooError(f"{model!r:.60} is no model: give one that build or load has made.")
    old = model.tokenizer
    if old is None:
        raise ZooError("This model has no tokenizer: set model.tokenizer = keras_bert_zoo.tokenizer(folder) first.")
    if not isinstance(old, WordPiece):
        raise ZooError(
            f"Only a WordPiece vocabulary takes new pieces, and this model has a {type(old).__name__}, which must be "
            f"{'learnt anew: TextVectorization.learn(texts)' if isinstance(old, TextVectorization) else ANEW}."
        )
    return old
