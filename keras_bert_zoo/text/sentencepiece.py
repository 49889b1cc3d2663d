"""ALBERT's SentencePiece with its clean-up, offline and in a graph."""

import re
from functools import cached_property

from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.text import rules
from keras_bert_zoo.text.tokenizer import Tokenizer, specials_in
from keras_bert_zoo.text.vocabulary import Vocabulary
from keras_bert_zoo.text.words import reach

SPACE = "\N{LOWER ONE EIGHTH BLOCK}"  # how SentencePiece writes the start of a word
QUOTES = re.compile("``|''")  # both become one double quote
SPECIALS = {"pad": "<pad>", "unknown": "<unk>", "start": "[CLS]", "end": "[SEP]", "mask": "[MASK]"}


class SentencePiece(Tokenizer):
    """Unigram pieces of text cleaned as google-research/albert does (tokenization.py, preprocess_text).

    `data` is a SentencePiece model. `lower` makes the text lower case, `strip_accents` takes accents off, as ALBERT's
    own do; `from_model` takes both from the model's pieces.
    """

    file = "spiece.model"
    huggingface = "AlbertTokenizer"

    def __init__(
        self,
        data: bytes,
        lower: bool = True,
        strip_accents: bool = True,
        specials: dict[str, str] | None = None,
        max_length: int = 512,
    ):
        import sentencepiece

        try:
            self.model = sentencepiece.SentencePieceProcessor(model_proto=data)
        except RuntimeError as error:
            raise ZooError(f"{self.file} ({len(data)} bytes) is no SentencePiece model: is the file whole?") from error
        pieces = [self.model.id_to_piece(i) for i in range(self.model.get_piece_size())]
        vocabulary = Vocabulary(pieces, SPECIALS | (specials or {}), self.file)
        super().__init__(vocabulary, data, max_length, do_lower_case=lower, keep_accents=not strip_accents)
        self.clean = rules.albert(lower, strip_accents)

    def __reduce__(self):
        cleaning = (self.settings["do_lower_case"], not self.settings["keep_accents"])
        return type(self), (self.data, *cleaning, self.vocabulary.specials, self.max_length)

    @cached_property
    def resplit(self) -> dict[int, list[int]]:
        """The pieces like "2010," and what stands for them: digits in pieces of their own, then the comma."""
        numbers = {i: piece for i, piece in enumerate(self.vocabulary.pieces) if re.search(r"\d,$", piece)}
        return {i: self.split_number(piece) for i, piece in numbers.items()}

    def split_number(self, piece: str) -> list[int]:
        parts = self.model.encode_as_pieces(piece[:-1].replace(SPACE, ""))
        if not piece.startswith(SPACE) and parts[0].startswith(SPACE):
            parts = parts[1:] if parts[0] == SPACE else [parts[0][1:], *parts[1:]]
        return [self.model.piece_to_id(part) for part in [*parts, piece[-1]]]

    def encode(self, texts: list[str]) -> list[list[int]]:
        texts = [self.clean(QUOTES.sub('"', text)) for text in texts]
        swap = self.resplit
        return [[new for i in ids for new in swap.get(i, (i,))] for ids in self.model.encode(texts)]

    def locate(self, text: str) -> list[tuple[int, int, int]]:
        quotes = {mark.start() for mark in QUOTES.finditer(text)}
        whole = [place for place in range(len(text)) if place - 1 not in quotes]  # without their second halves
        clean, places = self.clean.trace(QUOTES.sub('"', text))
        places = [*(whole[place] for place in places), len(text)]
        found, kept = [], set(places)
        for piece in self.model.encode(clean, out_type="immutable_proto").pieces:
            for i, start, end in self.split_span(piece, clean):
                if start == end:  # a space with nothing behind it
                    found.append((i, places[start], places[start]))
                    continue
                first, last = reach(text, places[start:end], kept)
                found.append((i, first, last + (last - 1 in quotes)))
        return found

    def split_span(self, piece, clean: str) -> list[tuple[int, int, int]]:
        """The places of a piece, or of those that stand for it, without white space before."""
        start = piece.begin + len(clean[piece.begin : piece.end]) - len(clean[piece.begin : piece.end].lstrip())
        ids, spans = self.resplit.get(piece.id, [piece.id]), []
        for place, i in enumerate(ids):
            length = len(self.vocabulary.pieces[i].lstrip(SPACE))
            end = piece.end if place == len(ids) - 1 else start + length
            spans.append((i, start, end))
            start = end
        return spans

    @cached_property
    def fast(self):
        import tensorflow_text as tf_text

        return tf_text.SentencepieceTokenizer(self.data)

    @cached_property
    def resplit_in_graph(self):
        import tensorflow as tf

        with tf.init_scope():
            return tf.ragged.constant([self.resplit.get(i, [i]) for i in range(len(self.vocabulary))], dtype=tf.int32)

    def encode_in_graph(self, strings):
        import tensorflow as tf

        from keras_bert_zoo.text.graph import only_utf8

        strings = tf.strings.regex_replace(only_utf8(strings), QUOTES.pattern, '"')
        last = self.clean.last.in_graph
        ids = self.pieces_in_graph(self.clean.in_graph(strings, last, last))
        return tf.gather(self.resplit_in_graph, ids).merge_dims(1, 2)

    def pieces_in_graph(self, clean):
        """A graph has an operator with the model of its own, so that it can be saved; without one it is kept."""
        import tensorflow as tf
        import tensorflow_text as tf_text

        if not tf.executing_eagerly():
            return tf_text.SentencepieceTokenizer(self.data).tokenize(clean)
        try:
            return self.fast.tokenize(clean)
        except tf.errors.NotFoundError:  # keras.utils.clear_session() has thrown the operator's model away
            del self.fast
            return self.fast.tokenize(clean)

    def join(self, pieces: list[str]) -> str:
        return "".join(pieces).replace(SPACE, " ").strip()


def from_model(data: bytes) -> SentencePiece:
    """The tokenizer of a model alone: one with capitals, or with accents, among its pieces keeps those of a text."""
    pieces = [piece for piece in SentencePiece(data).vocabulary.pieces if piece[0] not in "[<"]
    lower = not any(piece != piece.lower() for piece in pieces)
    strip_accents = all(rules.albert(False, True)(piece) == piece for piece in pieces)
    return SentencePiece(data, lower, strip_accents)


def from_settings(data: bytes, settings: dict) -> SentencePiece:
    """The tokenizer that a spiece.model and a tokenizer_config.json describe."""
    return SentencePiece(
        data,
        lower=settings.get("do_lower_case", True),
        strip_accents=not settings.get("keep_accents", False),
        specials=specials_in(settings),
        max_length=settings["model_max_length"],
    )
