"""The tokenizer that belongs to a model's name or lies in a folder."""

from pathlib import Path

from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.text import Tokenizer, find_vocabulary, open_folder, packaged
from keras_bert_zoo.text.sentencepiece import from_model
from keras_bert_zoo.text.wordpiece import from_vocabulary
from keras_bert_zoo.zoo.download import cache_folder
from keras_bert_zoo.zoo.presets import ENGLISH_ALBERT, PRESETS, UNCASED, canonical_or_folder
from keras_bert_zoo.zoo.releases import RELEASES

VOCABULARIES = {UNCASED: "bert_uncased_vocab.txt", ENGLISH_ALBERT: "albert_spiece.model"}  # by vocabulary size


def tokenizer(source: str | Path) -> Tokenizer:
    """The tokenizer of a model by its name, of a folder with vocab.txt or spiece.model, or of such a file alone.

    A file alone says nothing of case and accents, which are then guessed from its pieces. Call it with texts for a
    model's inputs; `ids` and `in_graph` give bare piece ids. The English uncased and ALBERT vocabularies come with the
    package; other names need their release in the cache.
    """
    if isinstance(source, (str, Path)) and str(source) and Path(source).expanduser().is_dir():
        return open_folder(Path(source).expanduser())
    if isinstance(source, (str, Path)) and str(source) and Path(source).expanduser().is_file():
        return open_file(Path(source).expanduser())
    source = str(source) if isinstance(source, Path) else source
    name = canonical_or_folder(source)
    found = local(name)
    if found is None:
        release = next(iter(RELEASES[name].values()))
        raise ZooError(
            f"The vocabulary of {name} is not here: download {next(iter(release.urls().values()))}, unpack it, and "
            "give its folder; or build the model with weights='pretrained' once, which keeps it in the cache."
        )
    return found


def open_file(path: Path) -> Tokenizer:
    """The tokenizer of a vocabulary's file: SentencePiece where it ends in .model, else a piece a line."""
    try:
        return (from_model if path.suffix == ".model" else from_vocabulary)(path.read_bytes())
    except ZooError as error:
        raise ZooError(f"{path}: {error}") from error
    except UnicodeDecodeError as error:
        raise ZooError(f"{path} is no UTF-8 at byte {error.start}: give a vocab.txt, or a .model.") from error


def local(name: str) -> Tokenizer | None:
    """A model's tokenizer where its vocabulary is packaged or in the cache."""
    config = PRESETS[name]
    if config.vocab_size in VOCABULARIES:
        return packaged(VOCABULARIES[config.vocab_size], config.max_length)
    for which in RELEASES[name]:
        folder = cache_folder() / name / which / "model"
        if folder.is_dir() and find_vocabulary(folder):
            return open_folder(folder, config.max_length)
    return None
