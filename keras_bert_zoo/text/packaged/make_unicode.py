"""Writes unicode.json.gz, so that ids never move with Python. Run it with a Python that has Unicode 14.0.0 (3.11).

python keras_bert_zoo/text/packaged/make_unicode.py

Ranges are [first, last]; strings are what a character becomes. Hangul syllables are not in it: they come apart by
rule (Unicode 14, section 3.12).
"""

import gzip
import json
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

VERSION = "14.0.0"
TARGET = Path(__file__).with_name("unicode.json.gz")
SCALARS = [*range(0xD800), *range(0xE000, 0x110000)]
HANGUL = range(0xAC00, 0xD7A4)


def ranges(codes: Iterable[int]) -> list[list[int]]:
    """Code points in their order as first and last of each stretch."""
    found: list[list[int]] = []
    for code in codes:
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return found


def changes(becomes: Callable[[str], str]) -> dict[str, str]:
    """What every character becomes that does not stay the same."""
    pairs = ((chr(c), becomes(chr(c))) for c in SCALARS if c not in HANGUL)
    return {char: text for char, text in pairs if char != text}


def makes_final(before: str) -> bool:
    """Whether a capital sigma behind it is one at the end of a word."""
    return f"{before}\u03a3".lower().endswith("\u03c2")


def tables() -> dict:
    categories, classes = defaultdict(list), defaultdict(list)
    for code in SCALARS:
        categories[unicodedata.category(chr(code))].append(code)
        classes[unicodedata.combining(chr(code))].append(code)
    of = lambda *names: ranges(sorted(code for name in names for code in categories[name]))  # noqa: E731
    final = {code for code in SCALARS if makes_final(chr(code))}
    return {
        "version": VERSION,
        "control": of("Cc", "Cf"),
        "space": ranges(code for code in SCALARS if chr(code).isspace()),
        "punctuation": of(*(name for name in categories if name.startswith("P"))),
        "mark": of("Mn"),
        "unassigned": of("Cn"),
        "cased": ranges(sorted(final)),
        "ignorable": ranges(code for code in SCALARS if code not in final and makes_final(f"A{chr(code)}")),
        "combining": {str(n): ranges(codes) for n, codes in sorted(classes.items()) if n},
        "lower": changes(str.lower),
        "nfd": changes(lambda c: unicodedata.normalize("NFD", c)),
        "nfkd": changes(lambda c: unicodedata.normalize("NFKD", c)),
    }


def main() -> None:
    if unicodedata.unidata_version != VERSION:
        raise SystemExit(f"This Python has Unicode {unicodedata.unidata_version}: use 3.11, which has {VERSION}.")
    content = json.dumps(tables(), ensure_ascii=False, separators=(",", ":")).encode()
    TARGET.write_bytes(gzip.compress(content, mtime=0))
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes, {len(content):,} unpacked")


if __name__ == "__main__":
    main()
