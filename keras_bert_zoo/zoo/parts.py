"""What a model is put together from, and whether it fits: weights, shape, options, tokenizer."""

import inspect
import logging
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from keras_bert_zoo import checkpoints
from keras_bert_zoo.config import BertConfig
from keras_bert_zoo.errors import ZooError, find
from keras_bert_zoo.tasks import TASKS, States, Task, name_block, named_by
from keras_bert_zoo.text import Tokenizer, find_vocabulary
from keras_bert_zoo.text import open_folder as open_tokenizer
from keras_bert_zoo.zoo.fetch import fetch_release
from keras_bert_zoo.zoo.presets import PRESETS, canonical
from keras_bert_zoo.zoo.releases import release
from keras_bert_zoo.zoo.tokenizers import local

FIELDS = {field.name for field in fields(BertConfig)}
SHAPE = ("vocab_size", "num_layers", "num_blocks", "hidden_size", "embedding_size", "num_heads", "intermediate_size")
FREE = ("dropout", "attention_dropout", "activation", "causal")  # what may change under trained weights
log = logging.getLogger("keras_bert_zoo")


def open_weights(name: Any, weights: Any, ignore: str | tuple[str, ...]) -> checkpoints.Checkpoint:
    """The checkpoint of a folder, or of a release of the named model."""
    if isinstance(weights, checkpoints.Checkpoint):
        return weights
    if isinstance(name, str) and isinstance(weights, str) and "/" not in weights and not Path(weights).exists():
        known = canonical(name)
        weights = fetch_release(known, weights, release(known, weights, alias=name != known))
    return checkpoints.open_folder(weights, ignore)


def reshaped(config: BertConfig, shape: dict[str, Any]) -> BertConfig:
    """A config with other sizes; in a BERT embeddings stay as wide as states, and every depth keeps its own block."""
    if config.family == "bert":
        follow = {"embedding_size": "hidden_size", "num_blocks": "num_layers"}
        shape = {field: shape[other] for field, other in follow.items() if other in shape} | shape
    return replace(config, **shape)


def choose_shape(name: Any, checkpoint: checkpoints.Checkpoint | None, shape: dict[str, Any]) -> BertConfig:
    """The config that name, checkpoint and options agree on."""
    named = name if isinstance(name, BertConfig) else PRESETS[canonical(name)] if name is not None else None
    if checkpoint is None:
        if named is None:
            raise ZooError("Give the name of a model (`keras-bert-zoo list` shows them), or weights=folder.")
        return reshaped(named, shape)
    config = checkpoint.description.config
    compared = SHAPE if isinstance(name, str) else [field for field in FIELDS if field not in FREE]
    differing = [field for field in compared if named and getattr(named, field) != getattr(config, field)]
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
    if isinstance(name, BertConfig):
        shape = {field: getattr(name, field) for field in FREE} | shape
    return replace(config, **shape)


def with_labels(checkpoint: checkpoints.Checkpoint, task_class: type[Task], options: dict[str, Any]) -> dict[str, Any]:
    """The options, with the labels and dropout of the folder's own head where it has that head."""
    if "classifier" not in task_class.heads or "classifier" not in checkpoint.heads:
        return options
    said = checkpoint.description
    if "num_classes" not in options and "labels" not in options:
        options = options | ({"labels": said.labels} if said.labels else {"num_classes": checkpoint.num_classes})
    own = {key: said.options.get(key) for key in checkpoints.HEADS_ALONE}
    kept = {"head_dropout": said.head_dropout, "threshold": said.threshold} | own
    return {key: value for key, value in kept.items() if value is not None} | options


def check_problem(checkpoint: checkpoints.Checkpoint, task_class: type[Task]) -> None:
    """A classifier that answers one kind of question is none for another."""
    said, names = checkpoint.description, checkpoint.of("classifier")
    problem = TASKS[said.task].problem if said.task in TASKS else said.problem
    if None in (problem, task_class.problem) or not names:
        return
    if problem != task_class.problem:
        key = said.task or named_by(said.architecture, problem)
        raise ZooError(
            f"The classifier in {checkpoint.folder} is one of the task {key}, not of {task_class.key}: ask for that "
            f'task, or leave the classifier aside: ignore="{checkpoints.pattern(list(names))}", in finetune head="new".'
        )


def check_block(checkpoint: checkpoints.Checkpoint, block: Any) -> None:
    """Weights of blocks of one's own need the same blocks again."""
    made, given = checkpoint.description.block, name_block(block) if block else None
    if made and made != given:
        raise ZooError(f"The blocks in {checkpoint.folder} were made by {made}: pass it as block={made}.")


def check_options(task_class: type[Task], options: dict[str, Any]) -> None:
    """An option that neither config nor task has is named with those there are."""
    known = [p for p in inspect.signature(task_class.__init__).parameters if p not in ("self", "encoder", "kwargs")]
    for key in options:
        find(dict.fromkeys([*known, *sorted(FIELDS), "name"]), key, "option")


def find_tokenizer(name: Any, checkpoint: checkpoints.Checkpoint | None, config: BertConfig) -> Tokenizer | None:
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
    if found and not checkpoint:
        found.max_length = config.max_length
    return found


def check_pooling(model: Task, checkpoint: checkpoints.Checkpoint) -> None:
    """A pooler that learnt from the mean of a text's states is not one of its first token's."""
    pooling, names = checkpoint.description.options.get("pooling", "first"), checkpoint.of("pooler")
    if pooling == "first" or not names or hasattr(model, "pooling"):
        return
    said = f"The pooler in {checkpoint.folder} takes the {pooling} of a text's states"
    if isinstance(model, States) and model.has_pooler:
        raise ZooError(f"{said}, and pooled_output the first token's: build with pooler=False to go without.")
    if not isinstance(model, States) and "pooler" in model.heads:
        without = f"build with ignore={checkpoints.pattern(list(names))!r} for a new one"
        raise ZooError(f"{said}, and that of a {model.key} model the first token's: {without}.")


def fill(model: Task, checkpoint: checkpoints.Checkpoint) -> None:
    """Load the weights; heads that the file does not have stay untrained and are said to be so."""
    check_pooling(model, checkpoint)
    if isinstance(model, States) and model.has_pooler and "pooler" not in checkpoint.heads:
        raise ZooError(
            f"{checkpoint.folder} has no pooler, so pooled_output would be noise: "
            "build with pooler=False to go without."
        )
    model.load_report = checkpoint.fill(model.variables_by_name(), model.heads)
    if model.load_report.new:
        log.warning("%s: %s untrained, because the weights have none.", model.name, ", ".join(model.load_report.new))
