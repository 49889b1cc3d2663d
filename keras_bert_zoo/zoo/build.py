"""The doors: a model by its name, with the weights of a release or a folder."""

import inspect
import logging
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from keras_bert_zoo import checkpoints
from keras_bert_zoo.config import BertConfig
from keras_bert_zoo.errors import ZooError, find
from keras_bert_zoo.models import BertEncoder
from keras_bert_zoo.tasks import TASKS, States, Task, precision
from keras_bert_zoo.text import find_vocabulary
from keras_bert_zoo.text import open_folder as open_tokenizer
from keras_bert_zoo.zoo.download import fetch_release
from keras_bert_zoo.zoo.presets import PRESETS, canonical
from keras_bert_zoo.zoo.releases import release
from keras_bert_zoo.zoo.tokenizers import local

FIELDS = {field.name for field in fields(BertConfig)}
SHAPE = ("vocab_size", "num_layers", "num_blocks", "hidden_size", "embedding_size", "num_heads", "intermediate_size")
FREE = ("dropout", "attention_dropout", "activation", "causal")  # what may change under trained weights
log = logging.getLogger("keras_bert_zoo")


def build(
    name: str | BertConfig | None = None,
    task: str | None = None,
    weights: str | Path | checkpoints.Checkpoint | None = None,
    ignore: str | tuple[str, ...] = (),
    dtype: str | None = None,
    block: Any = None,
    **options: Any,
) -> Task:
    """Build a model of the zoo.

    build("bert_base")                                                       # the encoder, untrained
    build("bert_base", task="masked_lm", weights="google")                   # a release
    build(task="classification", weights="path/to/folder", num_classes=3)    # the shape is the folder's

    `name` is a model's name or a BertConfig; `task` one of "classification", "masked_lm", "pretraining" or
    None for the bare encoder with its output map; `weights` a release ("pretrained" is the first) or a folder
    of Hugging Face's, Google's or our own kind. `options` are fields of BertConfig, such as dropout=0.0, and
    settings of the task, such as num_classes=3. `ignore` names tensors to leave aside (`*` fits all),
    `dtype` is a Keras policy such as "mixed_bfloat16", `block` makes the blocks in place of layers.EncoderBlock.
    Raises ZooError, before anything is built, for what does not fit; `model.load_report` says what was loaded.
    """
    task_class = find(TASKS, task or "states", "task")
    shape = {key: options.pop(key) for key in list(options) if key in FIELDS}
    checkpoint = open_weights(name, weights, ignore) if weights is not None else None
    config = choose_shape(name, checkpoint, shape)
    if checkpoint:
        options = with_labels(checkpoint, task_class, options)
    with precision(dtype):
        encoder = BertEncoder(config, **({"block": block} if block else {}), name="encoder")
        model = make(task_class, encoder, options)
    model.tokenizer = find_tokenizer(name, checkpoint, config)
    if checkpoint:
        fill(model, checkpoint)
        if "activation" in shape:
            model.load_report.notes.append(f"activation {shape['activation']} was asked for")
    return model


def load(folder: str | Path, ignore: str | tuple[str, ...] = (), **options: Any) -> Task:
    """The model of a folder, with its task, labels and tokenizer, as it was saved.

    Any Hugging Face or Google folder works too; its task is the one its config or its heads name.
    `options` are those of `build`.
    """
    checkpoint = checkpoints.open_folder(folder, ignore)
    task = name_task(checkpoint)
    lacking = [head for head in TASKS[task].heads if head not in checkpoint.heads]
    if task == "states":
        options = {"pooler": not lacking} | options
    elif lacking:
        raise ZooError(
            f"{folder} is said to be a {task} model but has no whole {lacking[0]}: "
            f"build(task={task!r}, weights=folder) gives it a new head."
        )
    return build(task=task, weights=checkpoint, **options)


def name_task(checkpoint: checkpoints.Checkpoint) -> str:
    """The task of a checkpoint: what its config names, else the one whose head is all there and largest."""
    architecture = checkpoint.description.architecture
    if architecture:
        for key, cls in TASKS.items():
            if architecture in cls.architectures.values():
                return key
        raise ZooError(
            f"{checkpoint.folder} is a {architecture}, a task that the zoo does not have: "
            "build(weights=folder, ignore='...') gives its encoder."
        )
    fitting = [key for key, cls in TASKS.items() if set(cls.heads) <= checkpoint.heads]
    return max(fitting, key=lambda key: len(TASKS[key].heads), default="states")


def open_weights(name: Any, weights: Any, ignore: str | tuple[str, ...]) -> checkpoints.Checkpoint:
    """The checkpoint of a folder, or of a release of the named model."""
    if isinstance(weights, checkpoints.Checkpoint):
        return weights
    if isinstance(name, str) and isinstance(weights, str) and "/" not in weights and not Path(weights).exists():
        known = canonical(name)
        weights = fetch_release(known, weights, release(known, weights))
    return checkpoints.open_folder(weights, ignore)


def choose_shape(name: Any, checkpoint: checkpoints.Checkpoint | None, shape: dict[str, Any]) -> BertConfig:
    """The config that name, checkpoint and options agree on."""
    named = name if isinstance(name, BertConfig) else PRESETS[canonical(name)] if name is not None else None
    if checkpoint is None:
        if named is None:
            raise ZooError("Give the name of a model (`keras-bert-zoo list` shows them), or weights=folder.")
        return replace(named, **shape)
    config = checkpoint.description.config
    differing = [field for field in SHAPE if named and getattr(named, field) != getattr(config, field)]
    if differing:
        field = differing[0]
        raise ZooError(
            f"{name} has {field}={getattr(named, field)}, but the weights in {checkpoint.folder} have "
            f"{getattr(config, field)}: leave the name out to take the folder's shape."
        )
    fixed = [field for field in shape if field not in FREE and shape[field] != getattr(config, field)]
    if fixed:
        raise ZooError(
            f"{fixed[0]}={shape[fixed[0]]!r} cannot be chosen with weights, which have {getattr(config, fixed[0])!r}: "
            f"only {', '.join(FREE)} can."
        )
    return replace(config, **shape)


def with_labels(checkpoint: checkpoints.Checkpoint, task_class: type[Task], options: dict[str, Any]) -> dict[str, Any]:
    """The options, with the labels and dropout of the folder's own head where it has that head."""
    if "classifier" not in task_class.heads or "classifier" not in checkpoint.heads:
        return options
    said = checkpoint.description
    if "num_classes" not in options and "labels" not in options:
        options = options | ({"labels": said.labels} if said.labels else {"num_classes": checkpoint.num_classes})
    return ({"head_dropout": said.head_dropout} if said.head_dropout is not None else {}) | options


def make(task_class: type[Task], encoder: BertEncoder, options: dict[str, Any]) -> Task:
    """The task's model; an option that neither config nor task has is named with those there are."""
    known = [p for p in inspect.signature(task_class.__init__).parameters if p not in ("self", "encoder", "kwargs")]
    for key in options:
        find(dict.fromkeys([*known, *sorted(FIELDS), "name"]), key, "option")
    return task_class(encoder, **{"name": task_class.key} | options)


def find_tokenizer(name: Any, checkpoint: checkpoints.Checkpoint | None, config: BertConfig):
    """The tokenizer of the weights' folder or of the model's name, if there is one and it fits."""
    if checkpoint and find_vocabulary(checkpoint.folder):
        found = open_tokenizer(checkpoint.folder, config.max_length)
    else:
        found = local(canonical(name)) if isinstance(name, str) else None
    if found and len(found.vocabulary) > config.vocab_size:
        if checkpoint:
            raise ZooError(
                f"{checkpoint.folder} has a vocabulary of {len(found.vocabulary)} pieces, but weights for "
                f"{config.vocab_size}: they do not belong together."
            )
        return None
    if found:
        found.max_length = config.max_length
    return found


def fill(model: Task, checkpoint: checkpoints.Checkpoint) -> None:
    """Load the weights; heads that the file does not have stay untrained and are said to be so."""
    if isinstance(model, States) and model.has_pooler and "pooler" not in checkpoint.heads:
        raise ZooError(
            f"{checkpoint.folder} has no pooler, so pooled_output would be noise: "
            "build with pooler=False to go without."
        )
    model.load_report = checkpoint.fill(model.variables_by_name(), model.heads)
    if model.load_report.new:
        log.warning("%s: %s untrained, because the weights have none.", model.name, ", ".join(model.load_report.new))
