"""The tokenizer of a model folder."""

import json
from pathlib import Path

from keras_bert_zoo.errors import ZooError, find
from keras_bert_zoo.text import sentencepiece, vectorize, wordpiece
from keras_bert_zoo.text.tokenizer import Tokenizer

PACKAGED = Path(__file__).parent / "packaged"
SHIPPED = dict.fromkeys(("bert_uncased_vocab.txt", "albert_spiece.model"))
FILES = {  # the first that a folder has is its vocabulary; Google's ALBERT calls it 30k-clean.model
    "vocab.txt": wordpiece.from_settings,
    "vocab_chinese.txt": wordpiece.from_settings,  # Google's Chinese ALBERT
    "spiece.model": sentencepiece.from_settings,
    "30k-clean.model": sentencepiece.from_settings,
    "words.txt": vectorize.from_settings,
    "tokenizer.json": wordpiece.from_json,
}
NOTHING = ("standardize",)  # settings of which null is a value


def packaged(name: str, max_length: int = 512) -> Tokenizer:
    """A tokenizer whose vocabulary comes with the package: "bert_uncased_vocab.txt" or "albert_spiece.model"."""
    find(SHIPPED, name, "vocabulary in the package")
    make = wordpiece.from_settings if name.endswith(".txt") else sentencepiece.from_settings
    return make((PACKAGED / name).read_bytes(), {"do_lower_case": True, "model_max_length": max_length})


def open_folder(folder: str | Path, max_length: int | None = None) -> Tokenizer:
    """The tokenizer that the folder's files describe, for a model of `max_length` tokens; theirs may be less.

    Raises ZooError where the folder has no vocabulary or its files are damaged.
    """
    folder = Path(folder)
    name = find_vocabulary(folder)
    if name is None:
        raise ZooError(f"{folder} has no vocabulary: put vocab.txt (WordPiece) or spiece.model (SentencePiece) there.")
    settings = read_settings(folder / "tokenizer_config.json")
    said = sane_length(settings.get("model_max_length"), max_length or 512)
    settings["model_max_length"] = min(said, max_length or said)
    try:
        return FILES[name]((folder / name).read_bytes(), settings)
    except UnicodeDecodeError as error:
        raise ZooError(f"{folder / name} is no UTF-8 at byte {error.start}: is it whole, and a text file?") from error


def find_vocabulary(folder: Path) -> str | None:
    """The file that holds a folder's vocabulary; a tokenizer.json only where it is a WordPiece's."""
    name = next((name for name in FILES if (folder / name).is_file()), None)
    is_other_json = name == "tokenizer.json" and b'"WordPiece"' not in (folder / name).read_bytes()
    return None if is_other_json else name


def read_settings(path: Path) -> dict:
    """What tokenizer_config.json says, or nothing where there is none."""
    if not path.is_file():
        return {}
    try:
        settings = json.loads(path.read_bytes())
    except ValueError as error:
        raise ZooError(f"{path} is no JSON ({error}): repair or remove it.") from error
    if not isinstance(settings, dict):
        raise ZooError(f"{path} holds a {type(settings).__name__}, not settings by name: repair or remove it.")
    for key in ("do_lower_case", "keep_accents", "tokenize_chinese_chars", "strip_accents"):
        if not isinstance(settings.get(key), (bool, type(None))):
            raise ZooError(f"{path} says {key}={settings[key]!r}: it must be true or false.")
    return {key: value for key, value in settings.items() if value is not None or key in NOTHING}


def sane_length(length: object, unknown: int) -> int:
    """Hugging Face writes 1e30 where it does not know."""
    return length if isinstance(length, int) and 2 < length < 1_000_000 else unknown
