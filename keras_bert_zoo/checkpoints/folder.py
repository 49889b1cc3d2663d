"""Model folders: opened after a look at everything that can be wrong, written whole or not at all."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace as replace_field
from pathlib import Path

from keras_bert_zoo.checkpoints.checkpoint import Checkpoint
from keras_bert_zoo.checkpoints.configs import read_config
from keras_bert_zoo.checkpoints.readers import (
    Reader,
    SafetensorsReader,
    TensorFlowReader,
    checkpoint_prefix,
    inside,
    safetensors_files,
)
from keras_bert_zoo.disk import sha256, whole
from keras_bert_zoo.errors import ZooError

MANIFEST = "manifest.json"
CARD = "README.md"  # people may edit it: no sum
SMALL = 10_000_000  # parameters that a lying config may cost
GOOGLE_CONFIGS = ("bert_config.json", "albert_config.json")
OVERWRITABLE = (MANIFEST, "config.json", *GOOGLE_CONFIGS)


def open_folder(folder: str | Path, ignore: str | tuple[str, ...] = ()) -> Checkpoint:
    """The checkpoint in a folder: Hugging Face's, Google's TF 1, or one that `save_folder` wrote.

    `ignore` are patterns (`*` stands for anything) of tensors to leave aside. Raises ZooError for a folder
    that is none of these, is damaged, or says one thing in its config and another in its tensors.
    """
    if not isinstance(folder, (str, Path)):
        raise ZooError(f"{folder!r} is no folder: give its path.")
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        what = f"{str(folder)!r} is a file" if folder.exists() else f"There is no folder {str(folder)!r}"
        raise ZooError(f"{what}: give the folder that holds config.json and the weights.")
    verify(folder)
    form, path, reader = find_files(folder)
    description = read_config(read_json(path), form, str(path))
    held = sum(size(shape) for shape in reader.shapes.values())
    needed = description.config.count_params()
    if needed > 2 * held + SMALL:  # before memory is taken; what differs by less is named tensor by tensor
        raise ZooError(
            f"{path} describes an encoder of {needed:,} parameters, but the weights beside it hold {held:,}: "
            "they do not belong together."
        )
    checkpoint = Checkpoint(folder, form, description, reader, (ignore,) if isinstance(ignore, str) else tuple(ignore))
    other = {"bert": "albert", "albert": "bert"}[checkpoint.family]
    if not checkpoint.any_of("encoder") and replaced(checkpoint, other).any_of("encoder"):
        raise ZooError(f"{path} says {checkpoint.family}, but the tensors beside it have the names of {other}.")
    return checkpoint


def replaced(checkpoint: Checkpoint, family: str) -> Checkpoint:
    """The same files, read with another family's names."""
    return replace_field(checkpoint, description=replace_field(checkpoint.description, family=family))


def find_files(folder: Path) -> tuple[str, Path, Reader]:
    """The format of a folder, its config file and its tensors."""
    config = folder / "config.json"
    files = safetensors_files(folder)
    if files and config.is_file():
        return "huggingface", config, SafetensorsReader(files)
    prefix = checkpoint_prefix(folder)
    if prefix:
        for name in GOOGLE_CONFIGS:
            if (folder / name).is_file():
                return "google", folder / name, TensorFlowReader(prefix)
        raise ZooError(f"{folder} has the checkpoint {prefix.name} but no {' or '.join(GOOGLE_CONFIGS)}: add it.")
    if files:
        raise ZooError(f"{folder} has {files[0].name} but no config.json, which says the model's sizes: add it.")
    if (folder / "pytorch_model.bin").is_file():
        raise ZooError(
            f"{folder} has only pytorch_model.bin, a pickle, which can run any code when it is read: get the "
            "folder's model.safetensors, or make one with transformers' save_pretrained."
        )
    raise ZooError(
        f"{folder} is no model folder: it needs config.json with model.safetensors, or bert_config.json or "
        "albert_config.json with a TF 1 checkpoint."
    )


def size(shape: tuple[int, ...]) -> int:
    """Elements of an array of this shape."""
    count = 1
    for length in shape:
        count *= length
    return count


def read_json(path: Path) -> dict:
    """A JSON file that holds a dictionary."""
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ZooError(f"{path} is no JSON ({error}): get it again.") from error
    if not isinstance(content, dict):
        raise ZooError(f"{path} holds a {type(content).__name__}, not settings by name: get it again.")
    return content


def verify(folder: Path) -> None:
    """Compare every file that the folder's manifest lists with its SHA-256 sum."""
    manifest = folder / MANIFEST
    if not manifest.is_file():
        return
    sums = read_json(manifest).get("sha256")
    if not isinstance(sums, dict):
        raise ZooError(f"{manifest} lists no sha256 sums: get the folder again, or remove the file to go without.")
    for name, expected in sums.items():
        if sha256(inside(folder, name, manifest)) != expected:
            raise ZooError(
                f"{folder / name} has changed since it was written (its SHA-256 is not the one in {MANIFEST}): "
                f"get it again, or remove {MANIFEST} if the change was yours."
            )


def writable(folder: str | Path, overwrite: bool = False) -> Path:
    """The folder's whole path, if it may be written: not one that exists, nor what is no model's."""
    if not isinstance(folder, (str, Path)) or not str(folder):
        raise ZooError(f"{folder!r} is no folder to write to: give its path.")
    folder = Path(folder).expanduser().resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        if not overwrite:
            raise ZooError(f"{folder} exists already: choose another folder, or replace it with overwrite=True.")
        if not any((folder / name).is_file() for name in OVERWRITABLE):
            raise ZooError(f"{folder} is no model folder, so it is not overwritten: choose another folder.")
    return folder


@contextmanager
def committed(folder: str | Path, overwrite: bool = False) -> Iterator[Path]:
    """A folder to write into that appears under its name, with a manifest of its files, only when all went well."""
    with whole(writable(folder, overwrite)) as partial:
        yield partial
        sums = {path.name: sha256(path) for path in sorted(partial.iterdir()) if path.name != CARD}
        (partial / MANIFEST).write_text(json.dumps({"sha256": sums}, indent=2) + "\n")
