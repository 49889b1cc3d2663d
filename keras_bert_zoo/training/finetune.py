"""The door to fine-tuning: labelled texts and weights in, a model and its report out."""

import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import keras

from keras_bert_zoo.checkpoints import HEADS_ALONE, Checkpoint, writable
from keras_bert_zoo.data import Examples, Labels, Splits, read, without_repeats
from keras_bert_zoo.distribution import Runtime, make_runtime
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.tasks import TASKS, Task
from keras_bert_zoo.training.tuning.fitting import Fitting
from keras_bert_zoo.training.tuning.questions import QUESTIONS
from keras_bert_zoo.training.tuning.run import Run
from keras_bert_zoo.training.tuning.settings import Settings
from keras_bert_zoo.training.versions import versions
from keras_bert_zoo.training.workers import all_or_none, check_same, voice
from keras_bert_zoo.zoo.build import build
from keras_bert_zoo.zoo.parts import check_problem, open_weights
from keras_bert_zoo.zoo.presets import is_name


def finetune(
    weights: str | Path | None = None,
    task: str = "classification",
    train: Any = None,
    validation: Any = None,
    test: Any = None,
    out: str | Path | None = None,
    epochs: int = 3,
    batch_size: int = 32,
    learning_rate: float = 5e-5,
    seed: int = 0,
    length: int | None = None,
    tell: Callable[[str], Any] = print,
    distribution: str = "auto",
    **settings: Any,
) -> Run:
    """Teach a pretrained model to tell classes of texts apart, or with task="multi_label" which labels a text has.

    run = finetune("minilm_l6", train="reviews.csv", out="runs/reviews")

    `weights` is a folder or the name of a model that has a release; data is a path (CSV, TSV, JSON lines), (texts,
    labels), (texts, pairs, labels), a DataFrame, a tf.data.Dataset, or "sms_spam", which comes with the package. With
    task="multi_label" a text has a list of labels, a cell in which `separator` parts them, or for label=[...] a column
    of 0 and 1 each. `validation` and `test` are drawn from `train` class by class where they are not given; test=False
    goes without. `out` becomes a model folder with the report in it. `settings` are the other fields of
    training.tuning.settings.Settings. With the same settings, data, machine and versions the weights are the same to
    the bit. `distribution` is one of `distribution.KINDS`; of several machines each has data and weights, and the first
    one writes and tells. Ctrl-C stops, and keeps the best so far. Raises ZooError, before any training, for what does
    not fit.
    """
    chosen = Settings.of(
        task=task,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
        length=length,
        **settings,
    )
    runtime = make_runtime(distribution)
    tell = voice(tell, runtime)
    if not runtime.is_chief:
        out = None
    with all_or_none(runtime):
        check_dtype(chosen, runtime)
        check_out(out, chosen.overwrite)
        splits, labels = make_splits(train, validation, test, chosen)
        start = find_start(weights, labels, chosen)
    if runtime.hosts > 1:
        parts = splits._asdict().items()
        sums = {f"texts of {name}": part.sha256() if part is not None else None for name, part in parts}
        check_same(asdict(chosen) | sums | versions(), runtime)
    with runtime.scope():
        model = make_model(start, chosen)
    with all_or_none(runtime):
        check_vocabulary(model, start)
        QUESTIONS[chosen.task].check(chosen.best, chosen.threshold, model.labels)
        check_room(out, model)
        fitting = Fitting(model, splits, chosen, weights, out, tell, runtime)
    if runtime.hosts > 1:
        check_same(fitting.made(), runtime)
    return fitting.run()


def check_dtype(chosen: Settings, runtime: Runtime) -> None:
    """Several replicas have no scaled loss."""
    if runtime.replicas > 1 and chosen.dtype and "float16" in chosen.dtype and "bfloat16" not in chosen.dtype:
        raise ZooError(f"dtype={chosen.dtype!r} is for one device: take mixed_bfloat16 on {runtime.replicas}.")


def make_splits(train: Any, validation: Any, test: Any, chosen: Settings) -> tuple[Splits, Labels]:
    """Train, validation and test as given, or drawn from train; and the labels that occur in train."""
    if train is None:
        raise ZooError('Give train=: a file such as "train.csv", (texts, labels), a DataFrame, or "sms_spam".')
    given = [
        None if part is None or part is False else read(part, chosen.where(), chosen.empty)
        for part in (validation, test)
    ]
    examples = read(train, chosen.where(), chosen.empty)
    if chosen.drop_duplicates:
        examples = without_repeats(examples, [part for part in given if part is not None])
    labels = QUESTIONS[chosen.task].labels(examples)
    check_several(examples, labels, chosen)
    shares = [0 if part is not None else share for part, share in zip(given, chosen.split, strict=True)]
    if test is False:
        shares[1] = 0
    drawn = Splits.draw(examples, shares, chosen.seed) if any(shares) else Splits(examples, None, None)
    return Splits(drawn.train, given[0] or drawn.validation, given[1] or drawn.test), labels


def check_several(examples: Examples, labels: Labels, chosen: Settings) -> None:
    """Columns and separators that come to nothing are a mistake."""
    never = [name for name in chosen.where().flags() if name not in labels.names]
    if never:
        raise ZooError(f"{examples.source} has no 1 in the column {never[0]!r}: leave it out, or add texts with it.")
    if chosen.separator and not any(len(names) > 1 for names in examples.labels):
        raise ZooError(
            f"separator={chosen.separator!r} parts no cell of {examples.source}, whose labels are such as "
            f"{labels.names[0]!r:.60}: give the sign that does."
        )


class Start(NamedTuple):
    """What a model is made from: its name, its weights, and the labels that it tells apart."""

    name: str | None
    checkpoint: Checkpoint | None
    labels: tuple[str, ...]


def find_start(weights: str | Path | None, labels: Labels, chosen: Settings) -> Start:
    """The classifier that the weights have if it tells these labels apart, or their encoder for a new one."""
    if weights is None and chosen.name is None:
        raise ZooError('Give weights=: a folder, or the name of a model such as "minilm_l6" (`keras-bert-zoo list`).')
    name = chosen.name
    if name is None and is_name(weights):
        name, weights = weights, "pretrained"
    checkpoint = open_weights(name, weights, ()) if weights is not None else None
    names = labels.names
    if checkpoint and checkpoint.any_of("classifier"):
        if chosen.head == "new":
            checkpoint = replace(checkpoint, ignore=checkpoint.of("classifier"))
        else:
            check_problem(checkpoint, TASKS[chosen.task])
            check_activation(checkpoint, chosen)
            names = checkpoint.description.labels or tuple(f"LABEL_{i}" for i in range(checkpoint.num_classes))
            check_labels(labels, names, weights)
    return Start(name, checkpoint, names)


def make_model(start: Start, chosen: Settings) -> Task:
    """The model to teach. On several workers of TensorFlow each waits here for the others' variables."""
    keras.utils.set_random_seed(chosen.seed)
    options = {"labels": start.labels, "head_dropout": chosen.head_dropout, "dtype": chosen.dtype}
    options |= {key: getattr(chosen, key) for key in HEADS_ALONE if getattr(chosen, key) is not None}
    if chosen.dropout is not None:
        options |= {"dropout": chosen.dropout, "attention_dropout": chosen.dropout}
    return build(start.name, task=chosen.task, weights=start.checkpoint, **options)


def check_vocabulary(model: Task, start: Start) -> None:
    """Texts must become ids."""
    if model.tokenizer is None:
        source = start.checkpoint.folder if start.checkpoint else start.name
        raise ZooError(f"{source} comes without a vocabulary: put its vocab.txt or spiece.model into the folder.")


def check_labels(labels: Labels, known: tuple[str, ...], weights: Any) -> None:
    """The data must not have labels that the head does not know."""
    strange = [name for name in labels.names if name not in known]
    if strange:
        raise ZooError(
            f"The data has the label {strange[0]!r}, but the classifier in {weights} tells apart "
            f"{', '.join(known[:20])}: "
            'mend the labels, or start with a new classifier, head="new".'
        )


def check_activation(checkpoint: Checkpoint, chosen: Settings) -> None:
    """The classifier of the weights has as many numbers as it has."""
    made = checkpoint.description.options.get("head_activation", HEADS_ALONE["head_activation"])
    if chosen.head_activation not in (None, made):
        raise ZooError(
            f"head_activation={chosen.head_activation!r}, but the classifier in {checkpoint.folder} was made for "
            f'{made}: leave it out, or start with a new classifier, head="new".'
        )


def check_out(out: str | Path | None, overwrite: bool) -> None:
    """What would keep the run from being saved, before the work is done."""
    if out is None:
        return
    folder = writable(out, overwrite)
    parent = nearest(folder)
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise ZooError(
            f"{folder} cannot be written, because {parent} is no folder that may be written to: choose another."
        )


def check_room(out: str | Path | None, model: Task) -> None:
    """Room for the model twice: the new one stands beside the old one while it is written."""
    if out is None:
        return
    needed = 8 * model.count_params()
    free = shutil.disk_usage(nearest(Path(out).expanduser())).free
    if free < needed:
        raise ZooError(
            f"{out} needs {needed / 1e6:,.0f} MB, but its disk has {free / 1e6:,.0f} MB free: make room first."
        )


def nearest(folder: Path) -> Path:
    """The folder above that exists."""
    return next(path for path in (folder.absolute().parent, *folder.absolute().parent.parents) if path.exists())
