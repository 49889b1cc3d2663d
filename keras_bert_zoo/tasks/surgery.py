"""Models in another shape: more pieces, positions or segments than they were trained with, or more blocks.

Each function gives a new model with all weights and heads of the old one, and without its optimizer.
"""

import copy
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import keras
import numpy as np

from keras_bert_zoo.config import BertConfig, check_value
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.models import BertEncoder
from keras_bert_zoo.tasks.precision import precision
from keras_bert_zoo.tasks.task import Task
from keras_bert_zoo.text import Tokenizer, WordPiece, as_list
from keras_bert_zoo.text.wordpiece import from_settings
from keras_bert_zoo.text.words import CONTINUES, LONGEST_WORD

CLEANING = ("do_lower_case", "strip_accents", "tokenize_chinese_chars")
log = logging.getLogger("keras_bert_zoo")


def extend_vocabulary(model: Task, pieces: Sequence[str] | Tokenizer) -> Task:
    """The model with more WordPieces, such as ["soomaaliya", "##yada"], or with all that another tokenizer has besides.

    Ids stay what they are, and the new ones follow. The row of a new piece, and its bias in the masked-LM head, is the
    mean over the old pieces that it was spelled with, or that of [UNK] where it could not be spelled. Raises ZooError
    for a piece that is there already, that is empty, or that no text can have.
    """
    old, config = wordpiece_of(model), model.encoder.config
    added = lacking(old, pieces) if isinstance(pieces, Tokenizer) else checked(old, pieces)
    known, unknown = len(old.vocabulary), old.vocabulary.special("unknown")
    spelled = [spell(piece, old.vocabulary.ids) or [unknown] for piece in added]
    if strange := spelled.count([unknown]):
        log.warning("%d of %d new pieces have characters that were unknown: they start as [UNK].", strange, len(added))

    def longer(table: np.ndarray) -> np.ndarray:
        rows = np.stack([table[ids].mean(0) for ids in spelled])
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
    old, size = model.tokenizer, model.encoder.config.vocab_size
    if old is None:
        raise ZooError("This model has no tokenizer: set model.tokenizer = keras_bert_zoo.tokenizer(folder) first.")
    if not isinstance(old, WordPiece):
        raise ZooError(
            f"Only a WordPiece vocabulary takes new pieces, and this model has a {type(old).__name__}, which must be "
            "trained anew: train_vocabulary(files, kind='sentencepiece')."
        )
    if len(old.vocabulary) > size:
        raise ZooError(f"The tokenizer has {len(old.vocabulary)} pieces, but the model {size}: give it its own.")
    return old


def checked(old: WordPiece, pieces: Iterable[str]) -> list[str]:
    """The pieces, if all of them are new and can be met."""
    if isinstance(pieces, (str, bytes, Mapping)) or not isinstance(pieces, Iterable):
        raise ZooError(f"The new pieces are {pieces!r:.80}: give a list such as ['soomaaliya', '##yada'].")
    added = list(pieces)
    if not added:
        raise ZooError("There are no new pieces: give at least one.")
    seen: set[str] = set()
    for place, piece in enumerate(added):
        if not isinstance(piece, str) or not piece.removeprefix(CONTINUES):
            raise ZooError(f"New piece {place} is {piece!r}: give a text of at least one letter.")
        if piece.split() != [piece]:
            raise ZooError(f"The new piece {piece!r} has white space in it: a piece is all or a part of one word.")
        if piece in old.vocabulary.ids:
            raise ZooError(f"The piece {piece!r} is there already, with the id {old.vocabulary.ids[piece]}.")
        if piece in seen:
            raise ZooError(f"The new piece {piece!r} stands twice in the list: give it once.")
        if not can_be_met(old, piece):
            made = " ".join(clean(old, piece))
            raise ZooError(f"No text can have the new piece {piece!r}: this tokenizer makes {made!r:.80} of it.")
        seen.add(piece)
    return added


def lacking(old: WordPiece, new: Tokenizer) -> list[str]:
    """The pieces of another tokenizer that this one has not, but for special ones."""
    if not isinstance(new, WordPiece):
        raise ZooError(f"The new pieces come from a {type(new).__name__}, and this model has a WordPiece: train one.")
    for key in CLEANING:
        here, there = rule(old, key), rule(new, key)
        if here != there:
            raise ZooError(f"This model's tokenizer has {key}={here}, the other {key}={there}: train it with the same.")
    known = {*old.vocabulary.ids, *new.vocabulary.specials.values()}
    added = [piece for piece in new.vocabulary.ids if piece not in known and can_be_met(old, piece)]
    if not added:
        raise ZooError("The other tokenizer has no piece that this model lacks.")
    return added


def rule(tokenizer: WordPiece, key: str) -> bool:
    """A rule of the clean-up; accents go with capitals where nothing is said."""
    value = tokenizer.settings[key]
    return tokenizer.settings["do_lower_case"] if value is None else value


def can_be_met(old: WordPiece, piece: str) -> bool:
    text = piece.removeprefix(CONTINUES)
    return clean(old, piece) == [text] and len(text) <= LONGEST_WORD


def clean(old: WordPiece, piece: str) -> list[str]:
    """What the encoder makes of a piece."""
    return old.clean(as_list(piece.removeprefix(CONTINUES))[0]).split()


def spell(piece: str, ids: Mapping[str, int]) -> list[int]:
    """The pieces that another is made of, each the longest that fits, or none."""
    text = piece.removeprefix(CONTINUES)
    found, start, prefix = [], 0, CONTINUES if piece != text else ""
    while start < len(text):
        fitting = (end for end in range(len(text), start, -1) if prefix + text[start:end] in ids)
        end = next(fitting, None)
        if end is None:
            return []
        found.append(ids[prefix + text[start:end]])
        start, prefix = end, CONTINUES
    return found


def with_pieces(old: WordPiece, added: list[str]) -> WordPiece:
    """The tokenizer with more pieces behind its own."""
    settings = json.loads(old.files()["tokenizer_config.json"])
    before = old.data if old.data.endswith(b"\n") else old.data + b"\n"
    return from_settings(before + "".join(f"{piece}\n" for piece in added).encode(), settings)
