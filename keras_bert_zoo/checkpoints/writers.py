"""Arrays under our names to the files of a published format."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from keras_bert_zoo.checkpoints.checkpoint import TABLES, WIDEN
from keras_bert_zoo.checkpoints.configs import Description, write_config
from keras_bert_zoo.checkpoints.mapping import names
from keras_bert_zoo.errors import ZooError, find

Arrays = Mapping[str, np.ndarray]
DTYPES = ("float32", "float16")
PREFIXES = {"bert": "bert.", "albert": "albert."}


def write(
    folder: Path,
    form: str,
    description: Description,
    arrays: Arrays,
    tokenizer: Mapping[str, bytes],
    dtype: str = "float32",
) -> None:
    """Config, weights and vocabulary into a folder: `form` is a key of WRITERS, `dtype` one of DTYPES."""
    find(WRITERS, form, "format")(folder, description, in_dtype(arrays, dtype, form))
    for name, content in tokenizer.items():
        google_albert = form == "google" and name == "spiece.model"
        (folder / ("30k-clean.model" if google_albert else name)).write_bytes(content)


def in_dtype(arrays: Arrays, dtype: str, form: str) -> dict[str, np.ndarray]:
    """The arrays in a dtype. Raises ZooError for one that it cannot hold, and for half precision in Google's format."""
    find(dict.fromkeys(DTYPES), dtype, "dtype")
    if dtype == "float16" and form == "google":
        raise ZooError("Google's format has float32 only: leave dtype out, or save as huggingface.")
    for name, array in arrays.items():
        if dtype == "float16" and np.abs(array).max(initial=0) > np.finfo(dtype).max:
            raise ZooError(
                f"{name} has values above {np.finfo(dtype).max:,.0f}, more than float16 holds: take float32."
            )
    return {name: array.astype(dtype, copy=False) for name, array in arrays.items()}


def write_huggingface(folder: Path, description: Description, arrays: Arrays) -> None:
    """config.json and model.safetensors. A bare model (BertModel, AlbertModel) has no prefix, as there."""
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    config = description.config
    bare = (description.architecture or "").endswith("Model")
    arrays = dict(arrays)
    if (
        description.family == "albert" and WIDEN + "kernel" not in arrays
    ):  # transformers has this layer even where E = H
        dtype = next(iter(arrays.values())).dtype
        arrays[WIDEN + "kernel"] = np.eye(config.hidden_size, dtype=dtype)
        arrays[WIDEN + "bias"] = np.zeros(config.hidden_size, dtype)
    tensors = rename(arrays, description.family, config.num_blocks, "huggingface")
    if bare:
        tensors = {name.removeprefix(PREFIXES[description.family]): array for name, array in tensors.items()}
    said = write_config(description, "huggingface")
    if any(array.dtype == np.float16 for array in tensors.values()):
        said["dtype"] = "float32"  # transformers would compute in the files' own
    (folder / "config.json").write_text(json.dumps(said, indent=2) + "\n")
    try:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    except SafetensorError as error:  # a full disk, in a class of its own
        raise OSError(f"model.safetensors could not be written: {error}") from error


def write_google(folder: Path, description: Description, arrays: Arrays) -> None:
    """bert_config.json and bert_model.ckpt, or albert_config.json and model.ckpt-best, as Google names them."""
    try:
        import tensorflow as tf
    except ImportError as error:
        raise ZooError("A TF 1 checkpoint is written by TensorFlow, which is not installed: install it.") from error
    config_name, weights_name = GOOGLE_FILES[description.family]
    tensors = rename(arrays, description.family, description.config.num_blocks, "google")
    (folder / config_name).write_text(json.dumps(write_config(description, "google"), indent=2) + "\n")
    tf.raw_ops.SaveV2(
        prefix=str(folder / weights_name),
        tensor_names=list(tensors),
        shape_and_slices=[""] * len(tensors),
        tensors=[tf.constant(array) for array in tensors.values()],
    )


GOOGLE_FILES = {
    "bert": ("bert_config.json", "bert_model.ckpt"),
    "albert": ("albert_config.json", "model.ckpt-best"),
}
WRITERS = {"huggingface": write_huggingface, "google": write_google}


def rename(arrays: Arrays, family: str, num_blocks: int, form: str) -> dict[str, np.ndarray]:
    """The arrays under their names in a format; one that no table has keeps its own."""
    rows = {name.ours: name for _, name in names(TABLES[family], num_blocks, form)}
    return {
        rows[ours].theirs if ours in rows else ours: rows[ours].to_theirs(array) if ours in rows else array
        for ours, array in arrays.items()
    }
