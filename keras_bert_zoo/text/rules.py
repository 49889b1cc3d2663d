"""How google-research cleans text: BERT's BasicTokenizer and ALBERT's preprocess_text, from frozen tables."""

from functools import cache

from keras_bert_zoo.text.cleaning import CharacterMap, Cleaning, LowerSigmas, OrderMarks
from keras_bert_zoo.text.unicode import HANGUL, SIGMA, SYLLABLES, characters, combining, decompose, lower, tables

GONE = "\0\ufffd"  # google-research/bert, _clean_text, beside the controls


@cache
def bert(to_lower: bool, strip_accents: bool, split_cjk: bool = True) -> Cleaning:
    """google-research/bert tokenization.py, BasicTokenizer; spaces mark where words end."""
    decomposed = lambda char: fold(char, to_lower, strip_accents, marks=True)  # noqa: E731

    def rule(char: str) -> str:
        if is_gone(char):
            return ""
        if char in characters("space"):
            return " "
        if split_cjk and char in characters("cjk"):
            return f" {fold(char, to_lower, strip_accents)} "
        parts = fold(char, to_lower, strip_accents)
        return "".join(f" {c} " if c in characters("punctuation") else c for c in parts)

    controls = characters("control") | frozenset(GONE)
    cased = frozenset(tables()["lower"]) if to_lower else frozenset()
    accented = composed("nfd") | characters("mark") if strip_accents else frozenset()
    kept = {char for char in combining() if char not in characters("mark")}
    marks = {char for char in composed("nfd") | kept if kept & set(decompose(char, "nfd"))} if strip_accents else set()
    steps = [CharacterMap(lambda char: "" if is_gone(char) else char, controls)]
    steps += [LowerSigmas()] if to_lower else []
    steps += [CharacterMap(decomposed, cased | accented), OrderMarks(kept)] if strip_accents else []
    changing = controls | characters("space") | cased | accented | characters("punctuation")
    changing |= characters("cjk") if split_cjk else frozenset()
    return Cleaning([*marks, *([SIGMA] if to_lower else [])], steps, CharacterMap(rule, changing))


@cache
def albert(to_lower: bool, strip_accents: bool) -> Cleaning:
    """google-research/albert tokenization.py, preprocess_text: NFKD, no accents, lower case."""

    def bare(char: str) -> str:
        if not strip_accents:
            return char
        return "".join(c for c in decompose(char, "nfkd") if c not in combining())

    def rule(char: str) -> str:
        if char in characters("space"):
            return " "
        return "".join(map(lower, bare(char))) if to_lower else bare(char)

    changed = composed("nfkd") | frozenset(combining()) if strip_accents else frozenset()
    cased = frozenset(tables()["lower"]) if to_lower else frozenset()
    seldom = [char for char in changed | cased if SIGMA in bare(char)] if to_lower else []
    steps = [CharacterMap(bare, changed), LowerSigmas()]
    return Cleaning(seldom, steps, CharacterMap(rule, changed | cased | characters("space")))


def is_gone(char: str) -> bool:
    """Whether google-research/bert takes it out: controls, and what cannot be read."""
    return char in GONE or char in characters("control")


def fold(char: str, to_lower: bool, strip_accents: bool, marks: bool = False) -> str:
    """Lower case, then the letter without its accents; with `marks` they stay, taken apart."""
    parts = lower(char) if to_lower else char
    if strip_accents:
        parts = "".join(decompose(c, "nfd") for c in parts)
        parts = parts if marks else "".join(c for c in parts if c not in characters("mark"))
    return parts


def composed(form: str) -> frozenset[str]:
    """The characters that a form takes apart."""
    return frozenset(tables()[form]) | {chr(HANGUL + i) for i in range(SYLLABLES)}
