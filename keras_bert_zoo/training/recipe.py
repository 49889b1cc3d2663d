"""A recipe: everything a pretraining run is told, from a TOML file, checked before anything is read or built."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from keras_bert_zoo.config import BertConfig, check_value
from keras_bert_zoo.corpus.batches import Objective
from keras_bert_zoo.corpus.masking import Masking
from keras_bert_zoo.errors import ZooError, find
from keras_bert_zoo.training.optimizers import OPTIMIZERS
from keras_bert_zoo.training.schedules import SHAPES


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """How weights change (google-research/bert optimization.py gives the numbers)."""

    name: str = "adamw"
    rate: float = 1e-4  # the learning rate at its peak
    decay: float = 0.01
    clip: float = 1.0  # of the gradient's global norm; 0 leaves it
    beta_2: float = 0.999
    warmup: float = 0.01  # share of the run in which the rate rises
    shape: str = "linear"  # how it falls: "linear", "cosine" or "constant"

    def __post_init__(self):
        find(OPTIMIZERS, self.name, "optimizer")
        find(SHAPES, self.shape, "shape of the learning rate")
        for name in ("rate", "decay", "beta_2", "warmup"):
            check_value(name, float, getattr(self, name))
        if not is_number(self.clip) or not 0 <= self.clip < math.inf:
            raise ZooError(f"clip={self.clip!r} must be a number of at least 0.")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A part of a run with rows of one length."""

    length: int = 128  # tokens of a row
    rows: int = 64  # of a step
    micro: int = 0  # rows that go through a device at once; 0: all of a step
    share: float = 1.0  # of the run's steps

    def __post_init__(self):
        for name in ("length", "rows"):
            check_value(name, int, getattr(self, name))
        whole = isinstance(self.micro, int) and is_number(self.micro) and self.micro >= 0
        if not whole or (self.micro and self.rows % self.micro):
            raise ZooError(f"micro={self.micro!r} must divide the {self.rows} rows of a step, or be 0 for all of them.")
        if not is_number(self.share) or not 0 < self.share <= 1:
            raise ZooError(f"share={self.share!r} of a stage must be above 0, and at most 1.")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What is pretrained, on what, and how. Raises ZooError for a field that there is none of, or that cannot be."""

    model: str | None = None  # a model's name; None takes the shape of `weights`
    weights: str | None = None  # a folder to go on from
    shape: Mapping[str, Any] = field(default_factory=dict)  # fields of BertConfig, such as dropout = 0.0
    data: str | None = None  # the folder that `prepare` made
    steps: int = 10_000
    hours: float | None = None  # of training, in place of steps: the learning rate follows the clock
    seed: int = 0
    dtype: str | None = None  # a Keras policy such as "mixed_bfloat16"
    jit_compile: bool | None = None  # by XLA; None: all on an accelerator and on JAX, the loss alone elsewhere
    objective: Objective = field(default_factory=Objective)
    optimizer: Optimizer = field(default_factory=Optimizer)
    stages: tuple[Stage, ...] = (Stage(),)
    texts: int = 8  # of a row at most
    log_every: int = 10  # steps
    commit_every: int = 500
    evaluate_every: int = 500  # on the part that `prepare` held out
    evaluate_rows: int = 256
    keep: int = 2  # commits
    steps_per_call: int = 1  # of the devices, between two looks of the host

    def __post_init__(self):
        for name in WHOLE:
            check_value(name, int, getattr(self, name))
        for name, kinds in KINDS.items():
            if not isinstance(getattr(self, name), kinds):
                raise ZooError(f"{name}={getattr(self, name)!r:.40} must be of type {kinds[0].__name__}.")
        check_precision(self.dtype)
        if self.model is None and self.weights is None:
            raise ZooError('A recipe needs a model, such as model = "bert_tiny", or the weights to go on from.')
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed < 2**32:
            raise ZooError(f"seed={self.seed!r} must be a whole number from 0 to below 2**32.")
        if self.hours is not None and not (is_number(self.hours) and 0 < self.hours < math.inf):
            raise ZooError(f"hours={self.hours!r} must be a number above 0.")
        for name in self.shape:
            find({field.name: None for field in fields(BertConfig)}, name, "size of a model")
        if not self.stages:
            raise ZooError("stages is empty: give [[stages]] at least once.")
        shares = sum(stage.share for stage in self.stages)
        if not abs(shares - 1) <= 1e-6:
            raise ZooError(f"The shares of the stages must add up to 1, and make {shares:.6g}.")

    @classmethod
    def of(cls, given: Mapping[str, Any], source: str = "The recipe") -> "Recipe":
        """A recipe from the tables of a file, [objective], [masking], [optimizer], [shape] and [[stages]]."""
        given = dict(given)
        masking = make(Masking, given.pop("masking", {}), f"{source}, [masking]")
        objective = make(Objective, given.pop("objective", {}), f"{source}, [objective]", masking=masking)
        optimizer = make(Optimizer, given.pop("optimizer", {}), f"{source}, [optimizer]")
        stages = given.pop("stages", [{}])
        if not isinstance(stages, list):
            raise ZooError(f"{source}: stages are a list, [[stages]] for each.")
        made = tuple(make(Stage, stage, f"{source}, [[stages]]") for stage in stages)
        return make(cls, given, source, objective=objective, optimizer=optimizer, stages=made)

    def to_dict(self) -> dict[str, Any]:
        """The tables that `of` takes."""
        tables = asdict(self)
        tables["masking"] = tables["objective"].pop("masking")
        tables["stages"] = list(tables["stages"])
        return tables

    def borders(self) -> list[int]:
        """The step at which each stage ends."""
        shares = [sum(stage.share for stage in self.stages[: i + 1]) for i in range(len(self.stages))]
        return [round(share * self.steps) for share in shares[:-1]] + [self.steps]


WHOLE = (
    "steps",
    "texts",
    "log_every",
    "commit_every",
    "evaluate_every",
    "evaluate_rows",
    "keep",
    "steps_per_call",
)
KINDS = {
    "model": (str, type(None)),
    "weights": (str, type(None)),
    "data": (str, type(None)),
    "dtype": (str, type(None)),
    "jit_compile": (bool, type(None)),
    "shape": (Mapping,),
}


def check_precision(dtype: str | None) -> None:
    if dtype and "float16" in dtype and "bfloat16" not in dtype:
        raise ZooError(f"dtype={dtype!r} needs a scaled loss, which the step has not: take mixed_bfloat16.")


def make(kind: type, given: Any, source: str, **made: Any) -> Any:
    """An object of a kind from a table, whose unknown fields are named."""
    if not isinstance(given, Mapping):
        raise ZooError(f"{source} is {given!r:.40}: it must be a table of fields.")
    known = {field.name: None for field in fields(kind) if field.name not in made}
    for name in given:
        find(known, name, f"field of {source}")
    try:
        return kind(**given, **made)
    except ZooError as error:
        raise ZooError(f"{source}: {error}") from error


def read_recipe(recipe: Any, **overrides: Any) -> Recipe:
    """A recipe from a file, a mapping or another one, with some fields changed.

    Fields of tables are given with their table, optimizer={"rate": 1e-3}, and change only what they name.
    """
    if isinstance(recipe, Recipe):
        given, source = recipe.to_dict(), "The recipe"
    elif isinstance(recipe, Mapping):
        given, source = dict(recipe), "The recipe"
    else:
        given, source = read_toml(Path(recipe).expanduser()), str(recipe)
    if overrides.get("steps") is not None and overrides.get("hours") is None:
        given.pop("hours", None)
    for name, value in overrides.items():
        both = isinstance(value, Mapping) and isinstance(given.get(name), Mapping)
        given[name] = {**given[name], **value} if both else value
    return Recipe.of({name: value for name, value in given.items() if value is not None}, source)


def read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError as error:
        raise ZooError(f"There is no recipe {str(path)!r}: examples/recipes has some.") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ZooError(f"{path} is no recipe in TOML ({error}): examples/recipes has some.") from error
