"""Text inside a TensorFlow graph: tensorflow-text's fast operators, taught our tables.

Its normalizer maps each character by a table that can be given; ours stands in the place of its own, whose case
folding is not google-research/bert's.
"""

from collections.abc import Iterable, Mapping

import flatbuffers
import numpy as np
import tensorflow as tf
import tensorflow_text as tf_text

from keras_bert_zoo.text.cleaning import Cleaning
from keras_bert_zoo.text.unicode import characters, pattern, ranges
from keras_bert_zoo.text.vocabulary import Vocabulary
from keras_bert_zoo.text.words import LONGEST_WORD

CHANGED = 0x40000000  # of a normalizer's value: the character becomes another (fast_bert_normalizer.h)
LENGTH_BITS = 6
HAS_LEAF, LEAF = 0x100, 0x80000000  # of a unit of the trie (darts_clone_trie_wrapper.h)
ROOT_BLOCK, FIRST_BLOCK, BLOCK = 256, 512, 64  # units: any first byte; then the bytes 0x80 to 0xBF
NEW = 0x20000  # past it only ideographs have been assigned since Unicode 14
PRIVATE, UNKNOWN = 0xF0000, "\uffff"  # characters that stand in for others, and for words that are too long
MOST = 4  # characters that one becomes, spaces aside


def normalizer(becomes: Mapping[str, str]) -> tf_text.FastBertNormalizer:
    """Replaces every character by what it becomes; the others stay."""
    changed = {char: text for char, text in becomes.items() if char != text}
    return tf_text.FastBertNormalizer(model_buffer=tf.constant(np.frombuffer(serialized(changed), "uint8")))


def serialized(becomes: Mapping[str, str]) -> bytes:
    """A FastBertNormalizerModel (tensorflow-text, fast_bert_normalizer_model.fbs)."""
    pool, places, values = bytearray(), {}, {}
    for char, text in becomes.items():
        content = text.encode()
        if content not in places:
            places[content] = len(pool)
            pool += content
        values[char] = CHANGED | places[content] << LENGTH_BITS | len(content)
    zero = values.pop("\0", 0)  # the trie cannot hold it
    builder = flatbuffers.Builder(1 << 20)
    pool_at, trie_at = builder.CreateByteVector(bytes(pool) or b"\0"), builder.CreateNumpyVector(trie(values))
    builder.StartObject(4)
    builder.PrependUOffsetTRelativeSlot(3, pool_at, 0)
    builder.PrependInt32Slot(2, zero, 0)
    builder.PrependUOffsetTRelativeSlot(1, trie_at, 0)
    builder.Finish(builder.EndObject())
    return bytes(builder.Output())


def trie(values: Mapping[str, int]) -> np.ndarray:
    """A double array in which the UTF-8 of each character leads to its value, uint32.

    A node has a block of units for its children, one for each byte that may follow; values fill the gaps.
    """
    blocks, ends, size = {b"": ROOT_BLOCK}, [], FIRST_BLOCK
    units: dict[int, int] = {0: offset(ROOT_BLOCK)}
    for char, value in values.items():
        key = char.encode()
        for length in range(1, len(key) + 1):
            place = blocks[key[: length - 1]] ^ key[length - 1]
            if length == len(key):
                ends.append((place, key[-1], value))
            elif key[:length] not in blocks:
                blocks[key[:length]] = size ^ 0x80
                units[place] = offset(place ^ size ^ 0x80) | key[length - 1]
                size += BLOCK
    taken = units.keys() | {place for place, _, _ in ends}
    gaps = (place for place in range(1, size + len(ends)) if place not in taken)
    for (place, byte, value), gap in zip(ends, gaps, strict=False):
        units[place] = offset(place ^ gap) | HAS_LEAF | byte
        units[gap] = LEAF | value
    array = np.zeros(max(units) + 1, "uint32")
    array[list(units)] = list(units.values())
    return array


def offset(distance: int) -> int:
    """A unit that says how far its children are, in place ^ distance."""
    return distance << 10


def boundaries(chars: Iterable[str]) -> set[str]:
    """Those at which tensorflow-text's FastWordpieceTokenizer ends a word; its Unicode is that of its ICU."""
    chars = list(chars)
    vocabulary = ["[UNK]", "x", "##z"]
    words = tf_text.FastWordpieceTokenizer(vocabulary, unknown_token="[UNK]").tokenize([f"x{char}x" for char in chars])
    return {char for char, count in zip(chars, words.row_lengths().numpy(), strict=True) if count > 1}


def are_plain(strings: tf.Tensor, seldom: str, longest: int) -> tf.Tensor:
    """Which strings are UTF-8, without `seldom`, and without words of more than `longest` characters."""
    other = f"[{all_but(' ' + chr(9) + chr(10) + chr(13) + seldom)}]"
    word = f"{other}{{0,{longest}}}" if longest else f"{other}*"
    return tf.strings.regex_full_match(strings, f"{word}(?:[ \t\n\r]{word})*")


def all_but(without: str) -> str:
    """All characters but some, for the brackets of RE2, which takes negated ones to mean any bytes too."""
    edges = sorted({*map(ord, without), *range(0xD800, 0xE000)})
    starts = [0, *(code + 1 for code in edges)]
    pairs = [(a, b - 1) for a, b in zip(starts, [*edges, 0x110000], strict=True) if a < b]
    return "".join(rf"\x{{{a:x}}}-\x{{{b:x}}}" for a, b in pairs)


def only_utf8(strings: tf.Tensor) -> tf.Tensor:
    """Without the bytes that are no UTF-8."""
    return tf.strings.unicode_transcode(strings, "UTF-8", "UTF-8", errors="ignore")


class GraphWordPiece:
    """WordPiece for a 1-D `tf.string` tensor, as a ragged tensor of ids.

    tensorflow-text ends words at punctuation and Chinese characters by itself; where its Unicode is another than
    ours, spaces make it end them, and stand-ins keep it from it.
    """

    def __init__(self, clean: Cleaning, vocabulary: Vocabulary, split_cjk: bool):
        self.clean, self.split_cjk = clean, split_cjk
        becomes, stand_ins = clean.last.table(), {}
        if split_cjk:
            newer = {chr(c) for a, b in ranges("unassigned") for c in range(a, min(b + 1, NEW))} - characters("cjk")
            ends = boundaries(characters("punctuation") | newer)
            stand_ins = {char: chr(PRIVATE + i) for i, char in enumerate(sorted(ends & newer))}
            ends |= characters("cjk")
            becomes = {c: text for c, text in becomes.items() if c not in ends or text.strip() != c} | stand_ins
        self.normalizer = normalizer(becomes)
        table = str.maketrans(stand_ins)
        self.pieces = tf_text.FastWordpieceTokenizer(
            [piece.translate(table) for piece in vocabulary.pieces],
            max_bytes_per_word=4 * LONGEST_WORD,
            unknown_token=vocabulary.specials["unknown"],
            no_pretokenization=not split_cjk,
        )
        self.ends = f"[{pattern('punctuation', *(['cjk'] if split_cjk else []))}]"

    def __call__(self, strings: tf.Tensor) -> tf.RaggedTensor:
        text = self.clean.in_graph(
            strings, self.normalizer.normalize, self.without_long_words, longest=LONGEST_WORD // MOST
        )
        if self.split_cjk:
            return self.pieces.tokenize(text)
        return self.pieces.tokenize(tf.strings.split(text)).merge_dims(1, 2)

    def without_long_words(self, strings: tf.Tensor) -> tf.Tensor:
        """Cleaned, with words past the limit as a character that no vocabulary has."""
        apart = tf.strings.regex_replace(self.normalizer.normalize(strings), self.ends, r" \0 ")
        words = tf.strings.split(apart)
        is_long = tf.strings.length(words.flat_values, unit="UTF8_CHAR") > LONGEST_WORD
        words = words.with_flat_values(tf.where(is_long, UNKNOWN, words.flat_values))
        return tf.strings.reduce_join(words, axis=-1, separator=" ")
