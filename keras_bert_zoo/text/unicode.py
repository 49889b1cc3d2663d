"""What characters are and become in Unicode 14.0.0, the same under every Python.

The tables are packaged/unicode.json.gz, which packaged/make_unicode.py wrote. Characters that were assigned later
count as unassigned: they stay as they are.
"""

import gzip
import json
import re
from functools import cache
from pathlib import Path

SIGMA = "\N{GREEK CAPITAL LETTER SIGMA}"  # the one letter whose lower case depends on its neighbours
SMALL_SIGMA, FINAL_SIGMA = "\N{GREEK SMALL LETTER SIGMA}", "\N{GREEK SMALL LETTER FINAL SIGMA}"
TABLES = Path(__file__).parent / "packaged" / "unicode.json.gz"
HANGUL, LEADS, VOWELS, TAILS = 0xAC00, 0x1100, 0x1161, 0x11A7  # Unicode 14, section 3.12
SYLLABLES, PER_LEAD, PER_VOWEL = 11172, 588, 28
CJK = (  # google-research/bert tokenization.py, _is_chinese_char
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)
ASCII_SYMBOLS = ((33, 47), (58, 64), (91, 96), (123, 126))  # punctuation to google-research/bert


@cache
def tables() -> dict:
    """As make_unicode.py wrote them."""
    return json.loads(gzip.decompress(TABLES.read_bytes()))


@cache
def ranges(name: str) -> tuple[tuple[int, int], ...]:
    """First and last code points of "control", "space", "punctuation", "mark", "cased", "ignorable" or "cjk".

    "control" is without tab and ends of lines, "punctuation" with all of ASCII's symbols, as in google-research/bert.
    """
    if name == "cjk":
        return CJK
    found = [tuple(pair) for pair in tables()[name]]
    if name == "control":  # (0, 31) comes apart
        return ((0x00, 0x08), (0x0B, 0x0C), (0x0E, 0x1F), *found[1:])
    return (*ASCII_SYMBOLS, *found) if name == "punctuation" else tuple(found)


@cache
def characters(name: str) -> frozenset[str]:
    """The characters of a class."""
    return frozenset(chr(code) for first, last in ranges(name) for code in range(first, last + 1))


@cache
def combining() -> dict[str, int]:
    """The combining class of every character that has one."""
    classes = tables()["combining"].items()
    return {chr(c): int(n) for n, pairs in classes for first, last in pairs for c in range(first, last + 1)}


def lower(char: str) -> str:
    """The small letter or letters of one character."""
    return tables()["lower"].get(char, char)


def decompose(char: str, form: str) -> str:
    """One character in the form "nfd" or "nfkd"."""
    syllable = ord(char) - HANGUL
    if 0 <= syllable < SYLLABLES:
        lead, rest = divmod(syllable, PER_LEAD)
        vowel, tail = divmod(rest, PER_VOWEL)
        return chr(LEADS + lead) + chr(VOWELS + vowel) + (chr(TAILS + tail) if tail else "")
    return tables()[form].get(char, char)


def pattern(*names: str) -> str:
    """Classes of characters for the inside of brackets in a regular expression of Python or of RE2."""
    pairs = [pair for name in names for pair in ranges(name)]
    return "".join(f"{escape(a)}-{escape(b)}" for a, b in pairs)


def escape(code: int) -> str:
    """A code point inside the brackets of a regular expression."""
    return re.escape(chr(code)) if code < 0x80 else chr(code)
