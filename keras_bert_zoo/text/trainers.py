"""From words and how often each occurs to the file of a vocabulary; the same words give the same bytes."""

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping

from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.text import rules, sentencepiece, wordpiece
from keras_bert_zoo.text.unicode import characters
from keras_bert_zoo.text.words import CONTINUES, LONGEST_WORD

TOGETHER = 10_000  # words handed over at a time
AT_LEAST = 2  # occurrences of two neighbours that become one piece
THREADS = 4  # of SentencePiece; sums of floats, and so the pieces, depend on it
SYMBOLS = '()"-.\N{EN DASH}£€'  # pieces of their own in google-research/albert's 30k-clean.model (its trainer_spec)


class WordPieceTrainer:
    """BERT's pieces, by the trainer of Hugging Face's `tokenizers`: the most frequent pair becomes one, and so on."""

    make = wordpiece.WordPiece

    def __init__(self, lower: bool, strip_accents: bool):
        self.specials = list(wordpiece.SPECIALS.values())
        blank = wordpiece.WordPiece("\n".join(self.specials).encode(), lower, strip_accents)
        self.split, self.clean, self.strip_accents = blank.split, blank.clean, strip_accents

    def words(self, word: str) -> list[str]:
        """What the encoder looks up for a word between white space; it looks up nothing that is longer."""
        return [part for part in self.clean(word).split() if len(part) <= LONGEST_WORD]

    def train(self, counts: Mapping[str, int], size: int, coverage: float) -> bytes:
        """A vocab.txt of `size` pieces: the special ones, the characters, then those made of two others, in order."""
        from tokenizers import Tokenizer, models, trainers

        known = alphabet(counts, coverage)
        given = [*self.specials, *starts(known)]
        if len(given) > size:
            raise too_small(size, len(given))
        trainer = trainers.WordPieceTrainer(
            vocab_size=size,
            min_frequency=AT_LEAST,
            special_tokens=given,  # else it numbers the characters as they come, and of equal pairs numbers decide
            continuing_subword_prefix=CONTINUES,
            show_progress=False,
        )
        learner = Tokenizer(models.WordPiece(unk_token=wordpiece.SPECIALS["unknown"]))
        learner.train_from_iterator(repeated(counts, frozenset(known)), trainer)
        ids = learner.get_vocab()
        if len(ids) < size:
            raise too_large(size, len(ids))
        return "".join(f"{piece}\n" for piece in sorted(ids, key=ids.get)).encode()


def alphabet(counts: Mapping[str, int], coverage: float) -> list[str]:
    """The most frequent characters, sorted, which are a share of `coverage` of the text, or a little more."""
    found = Counter()
    for word, n in counts.items():
        for char in word:
            found[char] += n
    needed, known = coverage * found.total(), []
    for char in sorted(found, key=lambda char: (-found[char], char)):
        if needed <= 0:
            break
        known.append(char)
        needed -= found[char]
    return sorted(known)


def starts(known: list[str]) -> list[str]:
    """Every character as the first of a word and, unless it is always a word of its own, as a later one."""
    return [*known, *(CONTINUES + char for char in known if not stands_alone(char))]


def stands_alone(char: str, split_cjk: bool = True) -> bool:
    """Whether a character is always a word of its own (google-research/bert, _run_split_on_punc)."""
    return char in characters("punctuation") or (split_cjk and char in characters("cjk"))


def repeated(counts: Mapping[str, int], known: frozenset[str]) -> Iterator[list[str]]:
    """Every word as often as it occurs; one with another character can only be unknown, and teaches nothing."""
    for word in counts:
        if known.issuperset(word):
            for start in range(0, counts[word], TOGETHER):
                yield [word] * min(TOGETHER, counts[word] - start)


class SentencePieceTrainer:
    """ALBERT's pieces: SentencePiece's unigram model (Kudo 2018), with the settings of ALBERT's own."""

    make = sentencepiece.SentencePiece
    split = staticmethod(str.split)

    def __init__(self, lower: bool, strip_accents: bool):
        self.clean, self.strip_accents = rules.albert(lower, strip_accents), strip_accents

    def words(self, word: str) -> list[str]:
        """What the encoder cuts up for a word between white space; text without any is taken in parts."""
        parts = self.clean(sentencepiece.QUOTES.sub('"', word)).replace("\0", "").split()
        return [part[start : start + LONGEST_WORD] for part in parts for start in range(0, len(part), LONGEST_WORD)]

    def train(self, counts: Mapping[str, int], size: int, coverage: float) -> bytes:
        """A SentencePiece model of `size` pieces."""
        from sentencepiece import SentencePieceTrainer

        pad, unknown, *others = sentencepiece.SPECIALS.values()
        written = io.BytesIO()
        try:
            SentencePieceTrainer.train(
                sentence_iterator=lines(counts),
                input_format="tsv",
                model_writer=written,
                model_type="unigram",
                vocab_size=size,
                character_coverage=coverage,
                normalization_rule_name="identity",  # the words are clean
                pad_id=0,
                unk_id=1,
                bos_id=-1,
                eos_id=-1,
                pad_piece=pad,
                unk_piece=unknown,
                control_symbols=others,
                user_defined_symbols=[*SYMBOLS, ","],  # the encoder takes the comma off numbers: it must stand alone
                num_threads=THREADS,
                minloglevel=2,
            )
        except RuntimeError as error:
            raise in_our_words(error, size) from error
        return written.getvalue()


def lines(counts: Mapping[str, int]) -> Iterator[str]:
    """Words with their counts; a frequent one on several lines, because the first guess at pieces counts lines."""
    for word in sorted(counts):
        n = counts[word]
        copies = n.bit_length()
        for copy in range(copies):
            yield f"{word}\t{n * (copy + 1) // copies - n * copy // copies}"


def in_our_words(error: RuntimeError, size: int) -> ZooError:
    """What SentencePiece says is wrong."""
    if few := re.search(r"vocabulary size too high .* <= (\d+)", str(error), re.IGNORECASE | re.DOTALL):
        return too_large(size, int(few[1]))
    if many := re.search(r"smaller than required_chars\D*\d+ vs (\d+)", str(error)):
        return too_small(size, int(many[1]))
    return ZooError(f"SentencePiece cannot learn size={size} pieces from this text: {error}")


def too_large(size: int, most: int) -> ZooError:
    return ZooError(f"size={size} is more than the {most} pieces that this text has: give more text, or size={most}.")


def too_small(size: int, least: int) -> ZooError:
    return ZooError(
        f"size={size} is too small: the special pieces and the characters of this text are {least} already; ask for "
        "more, or leave rare characters out with a smaller coverage."
    )
