"""More pieces for a WordPiece vocabulary: which it can take, and what they were spelled with so far."""

import json
from collections.abc import Iterable, Mapping, Sequence

from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.text.strings import as_list
from keras_bert_zoo.text.tokenizer import Tokenizer
from keras_bert_zoo.text.trainers import stands_alone
from keras_bert_zoo.text.wordpiece import WordPiece, from_settings
from keras_bert_zoo.text.words import CONTINUES, LONGEST_WORD

CLEANING = ("do_lower_case", "strip_accents", "tokenize_chinese_chars")


def new_pieces(old: WordPiece, pieces: Sequence[str] | Tokenizer) -> list[str]:
    """The pieces that are asked for, or those that another tokenizer has besides.

    Raises ZooError for a piece that is there already, that is empty, or that no text can have.
    """
    return lacking(old, pieces) if isinstance(pieces, Tokenizer) else checked(old, pieces)


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
            made = " ".join(cleaned(old, piece))
            raise ZooError(f"No text can have the new piece {piece!r}: this tokenizer makes {made!r:.80} of it.")
        seen.add(piece)
    return added


def lacking(old: WordPiece, new: Tokenizer) -> list[str]:
    """The pieces of another tokenizer that this one has not, but for special ones."""
    if not isinstance(new, WordPiece):
        raise ZooError(f"The new pieces come from a {type(new).__name__}, and this model has a WordPiece: train one.")
    for key in CLEANING:
        here, there = old.cleaning(key), new.cleaning(key)
        if here != there:
            raise ZooError(f"This model's tokenizer has {key}={here}, the other {key}={there}: train it with the same.")
    known = {*old.vocabulary.ids, *new.vocabulary.specials.values()}
    added = [piece for piece in new.vocabulary.ids if piece not in known and can_be_met(old, piece)]
    if not added:
        raise ZooError("The other tokenizer has no piece that this model lacks.")
    return added


def can_be_met(old: WordPiece, piece: str) -> bool:
    """Whether a text can have a piece: cleaning leaves it as it is, and what stands alone continues no word."""
    text = piece.removeprefix(CONTINUES)
    alone = piece != text and any(stands_alone(char, old.split_cjk) for char in text)
    return cleaned(old, piece) == [text] and len(text) <= LONGEST_WORD and not alone


def cleaned(old: WordPiece, piece: str) -> list[str]:
    """What the encoder makes of a piece."""
    return old.clean(as_list(piece.removeprefix(CONTINUES))[0]).split()


def spelled(old: WordPiece, piece: str) -> list[int]:
    """The ids of the pieces that a new one was made of so far; [UNK]'s where it could not be."""
    return old.words.pieces(piece.removeprefix(CONTINUES), inside=piece.startswith(CONTINUES))


def with_pieces(old: WordPiece, added: list[str]) -> WordPiece:
    """The tokenizer with more pieces behind its own."""
    settings = json.loads(old.files()["tokenizer_config.json"])
    before = old.data if old.data.endswith(b"\n") else old.data + b"\n"
    return from_settings(before + "".join(f"{piece}\n" for piece in added).encode(), settings)
