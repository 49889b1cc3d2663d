"""Ids against google-research/bert's own tokenization.py (bert-tensorflow 1.0.4) and transformers' ALBERT, live.

make parity                                                        # samples of all characters, random strings
python -m pytest -m slow tests/parity/test_google.py -s            # all of them
KBZ_DATA=... python -m pytest -m data tests/parity/test_google.py -s   # and all the real text
"""

import os
import random
import sys
import unicodedata
from pathlib import Path
from types import SimpleNamespace

import pytest

from keras_bert_zoo.text import SentencePiece, WordPiece, packaged
from keras_bert_zoo.text.cleaning import OrderMarks
from keras_bert_zoo.text.unicode import characters, combining, decompose

google = pytest.importorskip("bert.tokenization")
UNCASED = packaged("bert_uncased_vocab.txt")
TOKENIZERS = {"uncased": UNCASED, "cased": WordPiece(UNCASED.data, lower=False)}
CONTEXTS = {"alone": "{}", "between letters": "x{}y", "after an accent": "e\u0301{}a", "between Chinese": "中{}文"}
SCALARS = [*range(0xD800), *range(0xE000, 0x110000)]
LATER = frozenset() if unicodedata.unidata_version == "14.0.0" else characters("unassigned")  # they may move elsewhere
PART = 50_000  # texts a call


@pytest.fixture(autouse=True)
def frozen(monkeypatch):
    """The reference with Unicode 14, whatever Python's is, and without the flags of a program."""
    if LATER:
        monkeypatch.setattr(google, "unicodedata", SimpleNamespace(category=category, normalize=normalize))
    if not google.FLAGS.is_parsed():
        google.FLAGS.mark_as_parsed()


def category(char):
    kinds = {"mark": "Mn", "punctuation": "Po", "control": "Cc", "unassigned": "Cn"}
    found = next((kind for name, kind in kinds.items() if char in characters(name)), unicodedata.category(char))
    return unicodedata.category(char) if char in "$+<=>^`|~" else found


def normalize(form, text):
    return OrderMarks(combining())("".join(decompose(char, "nfd") for char in text))


def reference(tokenizer):
    basic = google.BasicTokenizer(do_lower_case=tokenizer.settings["do_lower_case"])
    pieces = google.WordpieceTokenizer(vocab=tokenizer.vocabulary.ids, max_input_chars_per_word=200)
    return lambda text: [
        tokenizer.vocabulary.ids[piece] for word in basic.tokenize(text) for piece in pieces.tokenize(word)
    ]


def differences(tokenizer, texts):
    """Texts whose ids are not the reference's: offline, in a graph."""
    by_google, found = reference(tokenizer), ([], [])
    for start in range(0, len(texts), PART):
        some = texts[start : start + PART]
        want = [by_google(text) for text in some]
        for wrong, got in zip(found, (tokenizer.ids(some), tokenizer.in_graph(some).to_list()), strict=True):
            wrong += [text for text, a, b in zip(some, want, got, strict=True) if a != b]
    return found


def check_characters(tokenizer, codes):
    for name, form in CONTEXTS.items():
        offline, graph = differences(tokenizer, [form.format(chr(code)) for code in codes if chr(code) not in LATER])
        print(f"{name}: {len(codes):,} characters, {len(offline)} differ offline, {len(graph)} in a graph")
        assert (offline, graph) == ([], [])


def strings(count, seed):
    """Random strings of characters of every kind, more of those that rules are about."""
    draw = random.Random(seed)
    kinds = [
        sorted(characters(name) - LATER) for name in ("control", "space", "punctuation", "mark", "cased", "ignorable")
    ]
    kinds += [sorted(combining()), [chr(c) for c in range(0x250)], list("ΣσςΑ"), ["中", "国", "\U0002b820"]]
    kinds.append([chr(code) for code in SCALARS[::11] if chr(code) not in LATER])
    return ["".join(draw.choice(draw.choice(kinds)) for _ in range(draw.randint(0, 12))) for _ in range(count)]


def broken(count, seed):
    draw = random.Random(seed)
    whole = "aé中Σ\u0301\U0001f600 ".encode()
    return [
        draw.randbytes(draw.randint(0, 10)) + whole[draw.randint(0, 12) :] + draw.randbytes(2) for _ in range(count)
    ]


def check_bytes(tokenizer, texts):
    """Bytes that are no UTF-8 are dropped, as the reference does where it reads them."""
    offline, graph = differences(tokenizer, [text.decode("utf-8", "ignore") for text in texts])
    assert (offline, graph) == ([], [])
    for start in range(0, len(texts), PART):
        some = texts[start : start + PART]
        assert tokenizer.in_graph(some).to_list() == tokenizer.ids(some)


@pytest.mark.parity
@pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS)
def test_a_sample(tokenizer):
    check_characters(tokenizer, [*range(0x3000), *SCALARS[0x3000::97]])
    assert differences(tokenizer, strings(20_000, 0)) == ([], [])
    check_bytes(tokenizer, broken(5_000, 0))


@pytest.mark.slow
@pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS)
def test_every_character(tokenizer):
    check_characters(tokenizer, SCALARS)


@pytest.mark.slow
def test_a_million_random_strings():
    for seed in range(20):
        assert differences(UNCASED, strings(50_000, seed + 1)) == ([], [])


@pytest.mark.slow
def test_a_hundred_thousand_broken_strings():
    check_bytes(UNCASED, broken(100_000, 1))


DATA = Path(os.environ.get("KBZ_DATA", "."))
VOCABULARIES = {"uncased": True, "cased": False, "multilingual_cased": False, "chinese": True}


@pytest.fixture(scope="module")
def real():
    """Lines and paragraphs by language."""
    if "KBZ_DATA" not in os.environ:
        pytest.skip("needs KBZ_DATA")
    sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
    from text import english, languages, take

    return languages(DATA) | {"reviews": take(english(DATA), 25)}


@pytest.mark.data
@pytest.mark.parametrize("name", VOCABULARIES)
def test_real_text(real, name):
    """Ids on both paths, and the places of the pieces."""
    data = (DATA / "vocabs" / f"bert_{name}_vocab.txt").read_bytes()
    tokenizer, tokens = WordPiece(data, lower=VOCABULARIES[name]), 0
    for language, texts in real.items():
        texts = texts[:: 1 if name == "uncased" else 10]
        assert differences(tokenizer, texts) == ([], []), language
        for text, pieces in zip(texts, tokenizer.align(texts), strict=True):
            tokens += len(pieces.ids)
            check_places(tokenizer, text, pieces)
    print(f"{name}: {tokens:,} tokens in {len(real)} languages, no difference")


def check_places(tokenizer, text, pieces):
    """The cleaned characters at a piece's place are the piece; of a letter that is several pieces, they have it.

    Whether a sigma ends a word is not seen from the sigma alone.
    """
    for i, start, end in zip(pieces.ids, pieces.starts, pieces.ends, strict=True):
        piece = tokenizer.vocabulary.pieces[i].removeprefix("##")
        found = "".join(tokenizer.clean(text[start:end]).split()).replace("\u03c2", "\u03c3")
        piece = piece.replace("\u03c2", "\u03c3")
        at_odds = piece != "[UNK]" and found != piece and not (piece in found and end - start == 1)
        assert not at_odds, (text[start:end], piece)


@pytest.mark.data
def test_albert_on_real_text(real, tmp_path):
    """transformers 4, whose ALBERT tokenizer is google-research/albert's; that of 5 leaves "2010," in one piece."""
    transformers = pytest.importorskip("transformers", reason="needs transformers 4")
    if not hasattr(transformers.AlbertTokenizer, "_tokenize"):
        pytest.skip("needs transformers 4")
    ours = SentencePiece((DATA / "vocabs/albert_spiece.model").read_bytes())
    (tmp_path / "spiece.model").write_bytes(ours.data)
    theirs, tokens = transformers.AlbertTokenizer(str(tmp_path / "spiece.model")), 0
    for language, texts in real.items():
        texts = texts[::5]
        want = theirs(texts, add_special_tokens=False)["input_ids"]
        for got in (ours.ids(texts), ours.in_graph(texts).to_list(), [pieces.ids for pieces in ours.align(texts)]):
            assert [text for text, a, b in zip(texts, want, got, strict=True) if a != b] == [], language
        tokens += sum(map(len, want))
    print(f"ALBERT: {tokens:,} tokens in {len(real)} languages, no difference")
