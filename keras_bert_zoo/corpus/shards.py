"""A prepared corpus: a folder of shards, of which any document can be read by its number."""

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from keras_bert_zoo.corpus.records import HEAD, INDEX, Record, decode, masked_crc, scan
from keras_bert_zoo.disk import sha256
from keras_bert_zoo.errors import ZooError, find
from keras_bert_zoo.text import Tokenizer, open_folder

FORMAT = "keras_bert_zoo corpus 1"
MANIFEST, TOKENIZER = "manifest.json", "tokenizer"
WIDEST = 1 << 16  # pieces of a vocabulary whose ids fit into two bytes


class Corpus:
    """The documents of one part of a prepared folder, "train" or "heldout".

    `tokens` are the pieces of each document (documents,), `sentence_ends(shard)` where sentences end. Documents are
    numbered through all shards. Raises ZooError where a file is missing, cut, changed, or of another corpus; the sums
    of records are looked at whenever one is read.
    """

    def __init__(self, folder: str | Path, part: str = "train"):
        self.folder = Path(folder).expanduser()
        self.manifest = read_manifest(self.folder)
        self.part = part
        self.shards = find(self.manifest["parts"], part, "part of the corpus")
        self.wide = self.manifest["vocab_size"] > WIDEST
        self.index = [self.read_index(shard) for shard in self.shards]
        self.tokens = np.concatenate([np.zeros(0), *(index["tokens"] for index in self.index)]).astype("int64")
        self.first = np.cumsum([0, *(len(index) for index in self.index)])  # documents before each shard
        if not len(self.tokens):
            raise ZooError(f"{self.folder} has no document in {part!r}: prepare more text, or another heldout share.")

    def __len__(self) -> int:
        return len(self.tokens)

    def read_index(self, shard: Mapping[str, Any]) -> np.ndarray:
        """The index of a shard, after a look at its own sum and at the shard's size."""
        path = self.folder / shard["file"]
        content = read_whole(index_path(path), shard["index_sha256"])
        if not path.is_file() or path.stat().st_size != shard["bytes"]:
            found = f"has {path.stat().st_size:,} bytes" if path.is_file() else "is missing"
            raise ZooError(f"{path} {found}, and should have {shard['bytes']:,} bytes: get it again, or prepare anew.")
        return np.frombuffer(content, INDEX)

    @cached_property
    def files(self) -> list[np.ndarray]:
        """The bytes of every shard, on the disk until they are looked at."""
        return [
            np.memmap(self.folder / shard["file"], np.uint8, "r") if shard["bytes"] else np.zeros(0, np.uint8)
            for shard in self.shards
        ]

    def read(self, document: int) -> Record:
        """A document by its number; raises ZooError where its bytes are not those that were written."""
        shard = int(np.searchsorted(self.first, document, "right")) - 1
        row = self.index[shard][document - self.first[shard]]
        start = int(row["offset"]) + HEAD
        content = self.files[shard][start : start + int(row["length"])].tobytes()
        if masked_crc(content) != row["crc"]:
            raise ZooError(
                f"{self.folder / self.shards[shard]['file']} is damaged at byte {start:,}: get it again, or prepare "
                "anew."
            )
        return decode(content, self.wide)

    def sentence_ends(self, shard: int) -> np.ndarray:
        """Where the sentences of a shard end, counted in pieces from its beginning (sentences,)."""
        path = self.folder / self.shards[shard]["file"]
        content = read_whole(sentences_path(path), self.shards[shard]["sentences_sha256"])
        return np.cumsum(np.frombuffer(content, "<u4"), dtype="int64")

    def tokenizer(self) -> Tokenizer:
        """The tokenizer that made the ids."""
        tokenizer = open_folder(self.folder / TOKENIZER)
        check_tokenizer(tokenizer, self)
        return tokenizer

    def verify(self) -> None:
        """Compare every file of the part with its SHA-256, which reads all of it."""
        self.tokenizer()
        for number, shard in enumerate(self.shards):
            self.read_index(shard)
            self.sentence_ends(number)
            if sha256(self.folder / shard["file"]) != shard["sha256"]:
                raise ZooError(f"{self.folder / shard['file']} has changed since it was prepared: get it again.")


def check_tokenizer(tokenizer: Tokenizer, corpus: Corpus) -> None:
    """The ids of a corpus mean something in one vocabulary only."""
    if fingerprint(tokenizer) != corpus.manifest["tokenizer_sha256"]:
        there, here = corpus.manifest["vocab_size"], len(tokenizer.vocabulary)
        sizes = f"{there:,} pieces, here are {here:,}" if there != here else f"{here:,} pieces as here, but others"
        raise ZooError(
            f"{corpus.folder} was prepared with another vocabulary ({sizes}): prepare the text with the model's own, "
            "or take the corpus's."
        )


def fingerprint(tokenizer: Tokenizer) -> str:
    """SHA-256 of what decides about ids: the vocabulary, and its settings without the length of a row."""
    files = dict(tokenizer.files())
    settings = json.loads(files.pop("tokenizer_config.json"))
    settings.pop("model_max_length", None)
    whole = json.dumps(settings, sort_keys=True).encode() + b"".join(files[name] for name in sorted(files))
    return hashlib.sha256(whole).hexdigest()


def read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        raise ZooError(f"{folder} is no prepared corpus (it has no {MANIFEST}): make one with keras-bert-zoo prepare.")
    try:
        manifest = json.loads(path.read_bytes())
    except ValueError as error:
        raise ZooError(f"{path} is no JSON ({error}): get it again, or prepare anew.") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ZooError(f"{path} describes no {FORMAT!r}: prepare anew with this version.")
    if manifest.get("sha256") != own_sum(manifest):
        raise ZooError(f"{path} has changed since it was written: get it again, or prepare anew.")
    return manifest


def own_sum(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of everything else in a manifest."""
    rest = {key: value for key, value in manifest.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def read_whole(path: Path, expected: str) -> bytes:
    """A small file that must be what it was."""
    if not path.is_file():
        raise ZooError(f"{path} is missing: get it again, or prepare anew.")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != expected:
        raise ZooError(f"{path} has changed since it was written: get it again, or prepare anew.")
    return content


def index_path(shard: Path) -> Path:
    return shard.with_suffix(".index")


def sentences_path(shard: Path) -> Path:
    return shard.with_suffix(".sentences")


def describe_shard(path: Path, wide: bool) -> dict[str, Any]:
    """Write the index of a finished shard beside it; its line in the manifest."""
    rows, sentences = [], []
    for offset, content in scan(path):
        record = decode(content, wide)
        rows.append((offset, len(content), masked_crc(content), len(record.token_ids), len(record.sentences)))
        sentences.append(record.sentences.tobytes())  # not a view, which would keep the record
    index = np.array(rows, INDEX)
    index_path(path).write_bytes(index.tobytes())
    sentences_path(path).write_bytes(b"".join(sentences))
    return {
        "file": path.name,
        "records": len(index),
        "tokens": int(index["tokens"].sum()),
        "sentences": int(index["sentences"].sum()),
        "bytes": path.stat().st_size,
        "sha256": sha256(path),
        "index_sha256": sha256(index_path(path)),
        "sentences_sha256": sha256(sentences_path(path)),
    }
