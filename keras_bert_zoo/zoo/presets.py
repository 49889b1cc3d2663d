"""The sizes of every published BERT and ALBERT, and the names people know them by."""

import fnmatch
import re
from dataclasses import replace
from pathlib import Path

from keras_bert_zoo.config import BertConfig
from keras_bert_zoo.errors import ZooError, find

UNCASED, CASED, CHINESE, ENGLISH_ALBERT = 30_522, 28_996, 21_128, 30_000  # pieces in Google's vocabularies


def bert(layers: int, hidden: int, vocab: int = UNCASED, heads: int | None = None) -> BertConfig:
    """A BERT of the papers: heads of 64, feed-forward four times as wide (Devlin et al. 2019; Turc et al. 2019)."""
    return BertConfig(
        vocab_size=vocab,
        num_layers=layers,
        num_blocks=layers,
        hidden_size=hidden,
        embedding_size=hidden,
        num_heads=heads or hidden // 64,
        intermediate_size=4 * hidden,
    )


def albert(layers: int, hidden: int, heads: int, dropout: float = 0.0, embedding: int = 128) -> BertConfig:
    """An ALBERT of the released configs: one block, narrow embeddings, tanh GELU (Lan et al. 2020)."""
    return BertConfig(
        vocab_size=ENGLISH_ALBERT,
        num_layers=layers,
        num_blocks=1,
        hidden_size=hidden,
        embedding_size=embedding,
        num_heads=heads,
        intermediate_size=4 * hidden,
        activation="gelu_tanh",
        dropout=dropout,
        attention_dropout=dropout,
    )


def albert_zh(layers: int, hidden: int, heads: int) -> BertConfig:
    """A Chinese ALBERT: ReLU, and the vocabulary of the Chinese BERT (google-research/albert #153, #154)."""
    return replace(albert(layers, hidden, heads), vocab_size=CHINESE, activation="relu")


MINIATURES = {(2, 128): "bert_tiny", (4, 256): "bert_mini", (4, 512): "bert_small", (8, 512): "bert_medium"}

PRESETS = {
    **{name: bert(*shape) for shape, name in MINIATURES.items()},
    "bert_base": bert(12, 768),
    "bert_large": bert(24, 1024),
    "bert_base_cased": bert(12, 768, CASED),
    "bert_large_cased": bert(24, 1024, CASED),
    "bert_large_wwm": bert(24, 1024),
    "bert_large_wwm_cased": bert(24, 1024, CASED),
    "bert_multilingual": bert(12, 768, 119_547),
    "bert_multilingual_uncased": bert(12, 768, 105_879),
    "bert_chinese": bert(12, 768, CHINESE),
    **{
        f"bert_l{layers}_h{hidden}": bert(layers, hidden)
        for layers in (2, 4, 6, 8, 10, 12)
        for hidden in (128, 256, 512, 768)
        if (layers, hidden) not in MINIATURES
    },
    "albert_tiny": albert(3, 192, 3, embedding=64),  # our own shape
    "albert_base": albert(12, 768, 12),
    "albert_large": albert(24, 1024, 16),
    "albert_xlarge": albert(24, 2048, 16),
    "albert_xxlarge": albert(12, 4096, 64),
    "albert_base_v1": albert(12, 768, 12, 0.1),
    "albert_large_v1": albert(24, 1024, 16, 0.1),
    "albert_xlarge_v1": albert(24, 2048, 16, 0.1),
    "albert_xxlarge_v1": albert(12, 4096, 64),
    "albert_zh_base": albert_zh(12, 768, 12),
    "albert_zh_large": albert_zh(24, 1024, 16),
    "albert_zh_xlarge": albert_zh(24, 2048, 16),
    "albert_zh_xxlarge": albert_zh(12, 4096, 16),
    "minilm_l6": bert(6, 384, heads=12),
    "minilm_l12": bert(12, 384, heads=12),
}

ALBERT_NAMES = ("base", "large", "xlarge", "xxlarge")
ALIASES = {
    # Google's folders
    "uncased_L-12_H-768_A-12": "bert_base",
    "uncased_L-24_H-1024_A-16": "bert_large",
    "cased_L-12_H-768_A-12": "bert_base_cased",
    "cased_L-24_H-1024_A-16": "bert_large_cased",
    "wwm_uncased_L-24_H-1024_A-16": "bert_large_wwm",
    "wwm_cased_L-24_H-1024_A-16": "bert_large_wwm_cased",
    "multi_cased_L-12_H-768_A-12": "bert_multilingual",
    "multilingual_L-12_H-768_A-12": "bert_multilingual_uncased",
    "chinese_L-12_H-768_A-12": "bert_chinese",
    # TF-Hub
    "bert_en_uncased_L-12_H-768_A-12": "bert_base",
    "bert_en_uncased_L-24_H-1024_A-16": "bert_large",
    "bert_en_cased_L-12_H-768_A-12": "bert_base_cased",
    "bert_en_cased_L-24_H-1024_A-16": "bert_large_cased",
    "bert_en_wwm_uncased_L-24_H-1024_A-16": "bert_large_wwm",
    "bert_en_wwm_cased_L-24_H-1024_A-16": "bert_large_wwm_cased",
    "bert_multi_cased_L-12_H-768_A-12": "bert_multilingual",
    "bert_zh_L-12_H-768_A-12": "bert_chinese",
    **{f"albert_en_{size}": f"albert_{size}" for size in ALBERT_NAMES},
    # Hugging Face
    "bert-base-uncased": "bert_base",
    "bert-large-uncased": "bert_large",
    "bert-base-cased": "bert_base_cased",
    "bert-large-cased": "bert_large_cased",
    "bert-large-uncased-whole-word-masking": "bert_large_wwm",
    "bert-large-cased-whole-word-masking": "bert_large_wwm_cased",
    "bert-base-multilingual-cased": "bert_multilingual",
    "bert-base-multilingual-uncased": "bert_multilingual_uncased",
    "bert-base-chinese": "bert_chinese",
    **{f"albert-{size}-v2": f"albert_{size}" for size in ALBERT_NAMES},
    **{f"albert-{size}-v1": f"albert_{size}_v1" for size in ALBERT_NAMES},
    # Google's ALBERT archives
    **{f"albert_{size}_v2": f"albert_{size}" for size in ALBERT_NAMES},
    **{f"albert_{size}_zh": f"albert_zh_{size}" for size in ALBERT_NAMES},
    "all-MiniLM-L6-v2": "minilm_l6",
    "all-MiniLM-L12-v2": "minilm_l12",
}


def miniature_aliases() -> dict[str, str]:
    """What Google, TF-Hub and Hugging Face call the 24 miniatures.

    12/768 was trained twice: Google's and TF-Hub's bare names mean the first, bert_base.
    """
    aliases = {}
    for layers in (2, 4, 6, 8, 10, 12):
        for hidden in (128, 256, 512, 768):
            ours = MINIATURES.get((layers, hidden), f"bert_l{layers}_h{hidden}")
            google = f"uncased_L-{layers}_H-{hidden}_A-{hidden // 64}"
            plain = () if (layers, hidden) == (12, 768) else (google, f"bert_en_{google}", f"bert_l{layers}_h{hidden}")
            for alias in (*plain, f"small_bert/bert_en_{google}", f"google/bert_{google}"):
                aliases[alias] = ours
    return {alias: name for alias, name in aliases.items() if alias != name}


ALIASES |= miniature_aliases()
OWNERS = ("google", "google-bert", "albert", "sentence-transformers", "tensorflow")
HUB_VERSION = re.compile(r"^https://tfhub\.dev/|/\d+$")  # the address and version around a TF-Hub name


def canonical(name: object) -> str:
    """Our name for a model, from ours or any alias, with or without the owner before the slash."""
    if isinstance(name, str):
        bare = HUB_VERSION.sub("", name)
        owner, _, rest = bare.partition("/")
        for known in (bare, rest if owner in OWNERS else bare):
            if known in PRESETS or known in ALIASES:
                return ALIASES.get(known, known)
    find(PRESETS | ALIASES, name, "model", "`keras-bert-zoo list` shows the names.")
    raise AssertionError(name)


def canonical_or_folder(source: str) -> str:
    """Our name of a model; a source that looks like a path is said to be no folder."""
    try:
        return canonical(source)
    except ZooError as error:
        if isinstance(source, str) and ("/" in source or source.startswith((".", "~"))):
            raise ZooError(f"There is no folder {source!r}, and no model of that name.") from error
        raise


def is_name(source: object) -> bool:
    """Whether a model is meant by its name and not by a folder. Raises ZooError for words that are neither, or both."""
    if not isinstance(source, str):
        return False
    if Path(source).expanduser().exists():
        if source in PRESETS or source in ALIASES:
            raise ZooError(
                f"{source!r} is a model of the zoo and a folder here: write './{source}' for the folder, or rename it."
            )
        return False
    canonical_or_folder(source)
    return True


def list_models(pattern: str | None = None) -> list[str]:
    """The names of the zoo's models, all or those that fit a pattern such as "albert*"."""
    return [name for name in PRESETS if fnmatch.fnmatchcase(name, pattern or "*")]
