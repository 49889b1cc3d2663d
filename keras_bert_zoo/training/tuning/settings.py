"""Everything a fine-tuning run can be told, checked before anything is read or built."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from keras_bert_zoo.config import check_value
from keras_bert_zoo.data import Columns
from keras_bert_zoo.errors import ZooError, find
from keras_bert_zoo.layers import POOLINGS
from keras_bert_zoo.tasks import LOGITS
from keras_bert_zoo.training.tuning.questions import QUESTIONS

CHOICES = {
    "task": tuple(QUESTIONS),
    "empty": ("error", "drop"),
    "class_weight": (None, "balanced"),
    "threshold": (None, "validation"),
    "head": ("keep", "new"),
    "baseline": ("tfidf", None),
    "pooling": (None, *POOLINGS),
    "head_activation": (None, *LOGITS),
}
NUMBERS = dict.fromkeys(("epochs", "batch_size", "length", "patience"), int)
NUMBERS |= dict.fromkeys(("learning_rate", "warmup", "weight_decay", "head_dropout", "dropout", "average"), float)
MAY_BE_NONE = ("length", "patience", "dropout", "average")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to fine-tune. Raises ZooError for a value that cannot be."""

    task: str = "classification"
    epochs: int = 3
    batch_size: int = 32  # texts a step
    learning_rate: float = 5e-5  # at its peak
    seed: int = 0
    length: int | None = None  # tokens a text is cut to; None takes it from the data
    warmup: float = 0.1  # share of the steps in which the learning rate rises
    weight_decay: float = 0.01
    clip: float = 1.0  # of the gradient's global norm; 0 leaves it
    head_dropout: float = 0.1
    pooling: str | None = None  # "first" or "mean"; None: as the weights' own classifier, and "first" for a new one
    head_activation: str | None = None  # "softmax", or of two classes "sigmoid"; None: as the weights' own classifier
    dropout: float | None = None  # of the blocks, attention's too; None: as the weights say
    dtype: str | None = None  # a Keras policy such as "mixed_bfloat16"
    jit_compile: bool | None = None  # None: on an accelerator and on JAX, where it pays
    name: str | None = None  # the model, where `weights` is one of its releases
    head: str = "keep"  # "new" leaves the classifier of the weights aside
    average: float | None = None  # such as 0.99: judge and keep a running mean of the weights
    best: str = "macro_f1"  # what chooses the epoch: accuracy, macro_f1, micro_f1 (multi_label), loss, f1:CLASS
    patience: int | None = None  # epochs without a better one before it stops
    class_weight: str | None = None  # "balanced": every class weighs the same
    threshold: str | None = None  # "validation": from which probability it is the second of two classes, or a label
    split: Sequence[float] = (0.15, 0.15)  # shares of validation and test, where they are not given
    drop_duplicates: bool = False
    baseline: str | None = "tfidf"
    text: str = "text"  # columns of a file, a DataFrame or a mapping
    label: str | Sequence[str] = "label"  # of multi_label also a column of 0 and 1 for each label
    separator: str | None = None  # of several labels in a cell
    pair: str | None = None
    columns: Sequence[str] | None = None  # the columns' names, for a file without a header
    encoding: str | None = None
    empty: str = "error"  # "drop" leaves out rows without a text or a label
    overwrite: bool = False

    @classmethod
    def of(cls, **given: Any) -> "Settings":
        """With an unknown name said to be so, and what was meant."""
        known = {field.name: None for field in fields(cls)}
        for key in given:
            find(known, key, "setting")
        return cls(**given)

    def __post_init__(self):
        for name, allowed in CHOICES.items():
            value = getattr(self, name)
            if value not in allowed:
                raise ZooError(f"{name}={value!r}: it must be {' or '.join(map(repr, allowed))}.")
        for name, kind in NUMBERS.items():
            if getattr(self, name) is not None or name not in MAY_BE_NONE:
                check_value(name, kind, getattr(self, name))
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed < 2**32:
            raise ZooError(f"seed={self.seed!r} must be a whole number from 0 to below 2**32.")
        if not isinstance(self.clip, (int, float)) or not 0 <= self.clip < float("inf"):
            raise ZooError(f"clip={self.clip!r} must be a number of at least 0.")
        check_split(self.split)
        if self.head_activation and self.task != "classification":
            raise ZooError(f"head_activation={self.head_activation!r} is for classification: {self.task} has its own.")
        self.check_columns()

    def check_columns(self) -> None:
        """Where the labels are must be said as it is for the task."""
        if self.separator is not None and (not isinstance(self.separator, str) or not self.separator):
            raise ZooError(f'separator={self.separator!r} must be what parts the labels in a cell, such as "|".')
        if self.task != "multi_label" and (self.separator or not isinstance(self.label, str)):
            given = f"separator={self.separator!r}" if self.separator else f"label={self.label!r:.60}"
            raise ZooError(f'{given} is for several labels of a text: task="multi_label".')
        twice = [name for name, count in Counter(self.where().flags()).items() if count > 1]
        if twice:
            raise ZooError(f"label= names the column {twice[0]!r} twice.")

    def where(self) -> Columns:
        """The columns that the data is read from."""
        return Columns(self.text, self.label, self.pair, self.columns, self.encoding, self.separator)


def check_split(shares: Sequence[float]) -> None:
    """Shares of validation and test that leave something to learn from."""
    if (
        not isinstance(shares, (tuple, list))
        or len(shares) != 2
        or not all(isinstance(s, (int, float)) and 0 <= s < 1 for s in shares)
    ):
        raise ZooError(f"split={shares!r} must be the shares of validation and test, such as (0.15, 0.15).")
    if not 0 < shares[0] <= sum(shares) < 1:
        raise ZooError(f"split={shares!r} must leave something for validation and for training.")
