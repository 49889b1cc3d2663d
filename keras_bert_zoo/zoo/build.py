"""The doors: a model by its name, with the weights of a release or a folder."""

from pathlib import Path
from typing import Any

from keras_bert_zoo import checkpoints
from keras_bert_zoo.config import BertConfig
from keras_bert_zoo.errors import ZooError, find
from keras_bert_zoo.models import BertEncoder
from keras_bert_zoo.tasks import TASKS, Task, named_by, precision
from keras_bert_zoo.zoo.parts import (
    FIELDS,
    check_block,
    check_options,
    check_problem,
    choose_shape,
    fill,
    find_tokenizer,
    open_weights,
    with_labels,
)


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

    `name` is a model's name or a BertConfig; `task` one of "classification", "multi_label", "masked_lm", "pretraining"
    or None for the bare encoder with its output map; `weights` a release ("pretrained" is the first) or a folder of
    Hugging Face's, Google's or our own kind. `options` are fields of BertConfig, such as dropout=0.0, and
    settings of the task, such as num_classes=3. `ignore` names tensors to leave aside (`*` fits all),
    `dtype` is a Keras policy such as "mixed_bfloat16", `block` makes the blocks in place of layers.EncoderBlock.
    Raises ZooError for what does not fit; `model.load_report` says what was loaded.
    """
    task_class = find(TASKS, task or "states", "task")
    shape = {key: options.pop(key) for key in list(options) if key in FIELDS}
    checkpoint = open_weights(name, weights, ignore) if weights is not None else None
    config = choose_shape(name, checkpoint, shape)
    if checkpoint:
        check_problem(checkpoint, task_class)
        options = with_labels(checkpoint, task_class, options)
        check_block(checkpoint, block)
    check_options(task_class, options)
    with precision(dtype):
        encoder = BertEncoder(config, **({"block": block} if block else {}), name="encoder")
        model = task_class(encoder, **{"name": task_class.key} | options)
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
    options = dict(checkpoint.description.options) | options
    lacking = [head for head in TASKS[task].heads if head not in checkpoint.heads]
    if task == "states":
        options = {"pooler": not lacking} | options
    elif lacking:
        raise ZooError(
            f"{folder} is said to be a {task} model but has no whole {lacking[0]}: "
            f"build(task={task!r}, weights=folder) gives it a new head."
        )
    model = build(task=task, weights=checkpoint, **options)
    if model.load_report.new:
        raise ZooError(
            f"{folder} has nothing for {', '.join(model.load_report.new)} of the task {task}, under these names: "
            f"build(task={task!r}, weights=folder) leaves them untrained."
        )
    return model


def encoder_only(checkpoint: checkpoints.Checkpoint) -> str:
    """The options of `build` that take a checkpoint's encoder and leave its strange head aside."""
    known = {name.theirs for _, name in checkpoint.rows.values()}
    strange = [there for name, there in checkpoint.tensors.items() if name not in known]
    without = "" if "pooler" in checkpoint.heads else ", pooler=False"
    return without + (f", ignore={checkpoints.pattern(strange)!r}" if strange else "")


def name_task(checkpoint: checkpoints.Checkpoint) -> str:
    """The task of a checkpoint: what its config names, else the one whose head is all there and largest."""
    said = checkpoint.description
    if said.task:
        find(TASKS, said.task, "task", see=f"import the module that defines it before loading {checkpoint.folder}.")
        return said.task
    architecture = said.architecture
    if architecture:
        if key := named_by(architecture, said.problem):
            return key
        raise ZooError(
            f"{checkpoint.folder} is a {architecture}, a task that the zoo does not have: "
            f"build(weights=folder{encoder_only(checkpoint)}) gives its encoder."
        )
    fitting = [key for key, cls in TASKS.items() if set(cls.heads) <= checkpoint.heads]
    return max(fitting, key=lambda key: len(TASKS[key].heads), default="states")
