"""The pieces a model knows, in the order of their ids."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property

from keras_bert_zoo.errors import ZooError


class Vocabulary:
    """Pieces by id and ids by piece, with the special ones that every BERT needs.

    `specials` maps each role ("pad", "unknown", "start", "end", "mask") to its piece.
    Raises ZooError where one of them is not among the pieces, or a piece stands twice.
    """

    def __init__(self, pieces: Sequence[str], specials: dict[str, str], source: str = "the vocabulary"):
        self.pieces = tuple(pieces)
        if len(self.ids) < len(self.pieces):
            piece, count = Counter(self.pieces).most_common(1)[0]
            first = self.pieces.index(piece)
            raise ZooError(
                f"{source} has the piece {piece!r} {count} times, first in line {first + 1}: a piece has one id, so "
                "is it the right file?"
            )
        for role, piece in specials.items():
            if piece not in self.ids:
                raise ZooError(
                    f"{source} has {len(self.pieces)} pieces but no {piece!r}, the {role} piece: "
                    "is the file whole, and does tokenizer_config.json name its special pieces?"
                )
        self.specials = dict(specials)

    def __len__(self) -> int:
        return len(self.pieces)

    @cached_property
    def ids(self) -> dict[str, int]:
        return {piece: i for i, piece in enumerate(self.pieces)}

    def special(self, role: str) -> int:
        """The id of the piece that plays this role."""
        return self.ids[self.specials[role]]
