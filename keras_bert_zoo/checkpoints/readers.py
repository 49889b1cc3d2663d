"""Files of tensors: their names and shapes at once, their values one at a time."""

import json
from pathlib import Path
from typing import Protocol

import numpy as np

from keras_bert_zoo.errors import ZooError


class Reader(Protocol):
    """Shapes by name, and one array by name."""

    shapes: dict[str, tuple[int, ...]]

    def array(self, name: str) -> np.ndarray: ...


class SafetensorsReader:
    """One file, or the several that an index names."""

    def __init__(self, files: list[Path]):
        from safetensors import SafetensorError, safe_open

        self.where, self.shapes = {}, {}
        for path in files:
            try:
                file = safe_open(path, framework="np")
            except SafetensorError as error:
                raise ZooError(f"{path} is damaged or cut short ({error}): get it again.") from error
            for name in file.keys():  # noqa: SIM118 (not a dict)
                self.where[name] = file
                self.shapes[name] = tuple(file.get_slice(name).get_shape())

    def array(self, name: str) -> np.ndarray:
        return self.where[name].get_tensor(name)


class TensorFlowReader:
    """A TF 1 checkpoint, by its prefix (the files' common beginning)."""

    def __init__(self, prefix: Path):
        try:
            import tensorflow as tf
        except ImportError as error:
            raise ZooError(
                f"{prefix} is a TensorFlow checkpoint, and TensorFlow is not installed: install it, or convert the "
                "folder where it is with `keras-bert-zoo convert`."
            ) from error
        self.prefix, self.failures = prefix, (tf.errors.OpError, ValueError, RuntimeError)
        try:
            self.reader = tf.train.load_checkpoint(str(prefix))
            self.shapes = {n: tuple(s) for n, s in self.reader.get_variable_to_shape_map().items()}
        except self.failures as error:
            raise ZooError(f"{prefix} is no readable TF 1 checkpoint ({first_line(error)}): get it again.") from error

    def array(self, name: str) -> np.ndarray:
        try:
            return self.reader.get_tensor(name)
        except self.failures as error:
            raise ZooError(f"{self.prefix} is damaged at {name} ({first_line(error)}): get it again.") from error


def first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def safetensors_files(folder: Path) -> list[Path]:
    """The safetensors files of a folder, through the index where there are several."""
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        single = folder / "model.safetensors"
        return [single] if single.is_file() else []
    try:
        names = sorted(set(json.loads(index.read_bytes())["weight_map"].values()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ZooError(f"{index} is no index of safetensors files ({error!r}): get it again.") from error
    for name in names:
        inside(folder, name, index)
    return [folder / name for name in names]


def inside(folder: Path, name: object, source: Path) -> Path:
    """The path of a file that `source` names, which must lie in the folder itself."""
    if not isinstance(name, str) or name in ("", ".", "..") or "/" in name or "\\" in name:
        raise ZooError(f"{source} names {name!r}, outside its folder: that is not a model folder to trust.")
    if not (folder / name).is_file():
        raise ZooError(f"{source} names {name!r}, but the folder has no such file: get the folder again.")
    return folder / name


def checkpoint_prefix(folder: Path) -> Path | None:
    """The prefix of the one TF checkpoint in a folder; several are an error that names them."""
    found = sorted(path.with_suffix("") for path in folder.glob("*.index"))
    if len(found) > 1:
        raise ZooError(
            f"{folder} has {len(found)} checkpoints ({', '.join(p.name for p in found)}): leave one of them there."
        )
    return found[0] if found else None
