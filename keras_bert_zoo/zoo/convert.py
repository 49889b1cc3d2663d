"""One format to another, with a number that says how well it went."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_bert_zoo import checkpoints
from keras_bert_zoo.checkpoints import Checkpoint, Description
from keras_bert_zoo.errors import ZooError, find
from keras_bert_zoo.tasks import TASKS, Task, card
from keras_bert_zoo.text import find_vocabulary
from keras_bert_zoo.text import open_folder as open_tokenizer
from keras_bert_zoo.zoo.build import load, name_task

FORMS = {"huggingface": "a Hugging Face folder", "google": "a Google TF 1 folder", "keras": "one .keras file"}


class Conversion(NamedTuple):
    """The report of the source's load, and the largest difference of any output after the way there and back."""

    report: checkpoints.LoadReport
    parity: float


def convert(
    source: str | Path, target: str | Path, form: str, overwrite: bool = False, dtype: str = "float32"
) -> Conversion:
    """Write the model in the folder `source` as `form`: "huggingface", "google" (TF 1) or "keras" (a .keras file).

    Every head goes along; `dtype="float16"` makes a Hugging Face folder of half the bytes. The target is read again,
    and both models run on the same ids.
    """
    find(FORMS, form, "format")
    if form == "keras" and dtype != "float32":
        raise ZooError(f"A .keras file has float32 only: leave dtype={dtype!r} out, or convert to huggingface.")
    model = load(source)
    if form == "keras":
        save_keras(model, Path(target), overwrite)
        import keras

        copy = keras.saving.load_model(target)
    else:
        checkpoint = checkpoints.open_folder(source)
        write_all(checkpoint, Path(target), form, overwrite, dtype)
        copy = load(target)
    return Conversion(model.load_report, difference(model, copy))


def write_all(checkpoint: Checkpoint, target: Path, form: str, overwrite: bool, dtype: str) -> None:
    """Every tensor that the tables know, with the heads that no single task has together."""
    arrays = {
        ours: checkpoint.array(name) for ours, (_, name) in checkpoint.rows.items() if name.theirs in checkpoint.tensors
    }
    known = {checkpoint.name(ours).theirs for ours in arrays}
    arrays |= {ours: checkpoint.array(checkpoint.name(ours)) for ours in checkpoint.tensors if ours not in known}
    description = with_architecture(checkpoint)
    has_text = find_vocabulary(checkpoint.folder)
    tokenizer = open_tokenizer(checkpoint.folder, description.config.max_length).files() if has_text else {}
    with checkpoints.committed(target, overwrite) as partial:
        checkpoints.write(partial, form, description, arrays, tokenizer, dtype)
        (partial / "README.md").write_text(card(name_task(checkpoint), description, arrays))


def with_architecture(checkpoint: Checkpoint) -> Description:
    """The description, with Hugging Face's class for what a Google folder holds."""
    description = checkpoint.description
    if description.task:  # one that Hugging Face has no class for
        return description
    architecture = description.architecture or TASKS[name_task(checkpoint)].architectures[checkpoint.family]
    return replace(description, architecture=architecture)


def save_keras(model: Task, target: Path, overwrite: bool) -> None:
    """A .keras file that appears when it is whole."""
    if target.suffix != ".keras":
        raise ZooError(f"{target} must end in .keras, for a Keras file.")
    if target.exists() and not overwrite:
        raise ZooError(f"{target} exists already: choose another name, or replace it with overwrite=True.")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.stem}.partial.keras")
    try:
        model.save(partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def difference(one: Task, other: Task) -> float:
    """The largest difference of any output of two models, on ids that reach over the whole vocabulary."""
    config = one.encoder.config
    length = min(64, config.max_length)
    ids = np.linspace(0, config.vocab_size - 1, 4 * length).astype("int32").reshape(4, length)
    mask = (np.arange(length) < np.array([[length], [length // 2], [length // 3 + 1], [1]])).astype("int32")
    inputs = {"token_ids": ids, "segment_ids": np.zeros_like(ids), "padding_mask": mask}
    return max(
        float(np.max(np.abs(a - b)))
        for a, b in zip(flat(one.encoder(inputs), one(inputs)), flat(other.encoder(inputs), other(inputs)), strict=True)
    )


def flat(*outputs: object) -> list[np.ndarray]:
    import keras

    return [keras.ops.convert_to_numpy(leaf) for leaf in keras.tree.flatten(outputs)]
