"""A checkpoint on disk under our names: what it holds, and how variables are filled from it."""

import fnmatch
import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from keras_bert_zoo.checkpoints.albert import ALBERT
from keras_bert_zoo.checkpoints.albert import COPIES as ALBERT_COPIES
from keras_bert_zoo.checkpoints.bert import BERT
from keras_bert_zoo.checkpoints.bert import COPIES as BERT_COPIES
from keras_bert_zoo.checkpoints.configs import Description
from keras_bert_zoo.checkpoints.mapping import Name, names
from keras_bert_zoo.checkpoints.readers import Reader
from keras_bert_zoo.checkpoints.report import LoadReport
from keras_bert_zoo.errors import ZooError

TABLES = {"bert": BERT, "albert": ALBERT}
COPIES = BERT_COPIES | ALBERT_COPIES
LEFT_OUT = re.compile(  # counters, optimizer slots, and a buffer that old Hugging Face files keep
    r"global_step$|_power$|/adam_[mv]$|/lamb_[mv]$|/Adam(_1)?$|(Adam|LAMB)\w*Optimizer|embeddings\.position_ids$"
)
WIDEN = "encoder/embeddings/widen/"


@dataclass
class Checkpoint:
    """An open model folder: its shape, its tensors by the names of the tables, its tokenizer's folder."""

    folder: Path
    form: str  # "huggingface" or "google"
    description: Description
    reader: Reader
    ignore: tuple[str, ...] = ()  # patterns of tensors to leave aside

    @property
    def family(self) -> str:
        return self.description.family

    @cached_property
    def rows(self) -> dict[str, tuple[str, Name]]:
        """Every variable that the tables of this family know: its table and its row."""
        listed = names(TABLES[self.family], self.description.config.num_blocks, self.form)
        return {name.ours: (table, name) for table, name in listed}

    @cached_property
    def tensors(self) -> dict[str, str]:
        """The tensors that count: their full name in the tables, and their name in the file."""
        found = {}
        for there in sorted(set(self.reader.shapes) - self.left_out):
            name = self.full_name(there)
            if name in found:
                raise ZooError(
                    f"{self.folder} holds {found[name]} and {there}, two tensors of one meaning: "
                    f'leave one out with ignore="{there}".'
                )
            found[name] = there
        copies = {name for name in found if self.is_copy(name, found)}
        return {name: there for name, there in found.items() if name not in copies}

    @cached_property
    def left_out(self) -> set[str]:
        """The file's counters and optimizer slots, and what `ignore` names."""
        return {
            there
            for there in self.reader.shapes
            if LEFT_OUT.search(there) or any(fnmatch.fnmatchcase(there, pattern) for pattern in self.ignore)
        }

    def full_name(self, name: str) -> str:
        """A tensor's name with today's words and with the prefix that bare encoders and hub modules vary."""
        if self.form == "google":
            return name.removeprefix("module/")
        name = re.sub(r"LayerNorm\.(gamma|beta)$", lambda m: f"LayerNorm.{NORM_WORDS[m[1]]}", name)
        return f"{self.family}.{name}" if name.startswith(("embeddings.", "encoder.", "pooler.")) else name

    def is_copy(self, name: str, found: Mapping[str, str]) -> bool:
        """Whether a tensor repeats another, as the output layer tied to the token table does."""
        original = found.get(COPIES.get(name, ""))
        if original is None:
            return False
        return np.array_equal(self.reader.array(found[name]), self.reader.array(original))

    @cached_property
    def heads(self) -> set[str]:
        """The tables of which the file has every tensor."""
        needed: dict[str, list[str]] = {}
        for table, name in self.rows.values():
            needed.setdefault(table, []).append(name.theirs)
        return {table for table, theirs in needed.items() if all(name in self.tensors for name in theirs)}

    @property
    def num_classes(self) -> int:
        """Classes of the file's classifier."""
        return self.reader.shapes[self.tensors[self.name("classifier/dense/bias").theirs]][0]

    def array(self, name: Name) -> np.ndarray:
        """One tensor in our layout, float32 where it is a float."""
        array = self.reader.array(self.tensors[name.theirs])
        array = array if array.dtype == np.float32 else array.astype("float32")
        return name.to_ours(array, self.description.config.num_heads)

    def name(self, ours: str) -> Name:
        """The row of one of our variables; one that no table has keeps its own name in the file."""
        return self.rows[ours][1] if ours in self.rows else Name(ours, ours, "plain", False)

    def fill(self, variables: Mapping[str, Any], may_be_new: Iterable[str] = ()) -> LoadReport:
        """Assign every variable its tensor, or none of them.

        `may_be_new` are the tables that the file need not have. Raises ZooError with the first of what is
        missing, unexpected or of another shape.
        """
        report = LoadReport(str(self.folder), notes=list(self.description.notes))
        fresh = set(may_be_new) - self.heads
        wanted = {ours: self.name(ours) for ours in variables}
        for ours, name in wanted.items():
            there = self.tensors.get(name.theirs)
            if there is None:
                (report.new if self.may_be_new(ours, fresh) else report.missing).append(ours)
            elif self.reader.shapes[there] != name.shape_there(variables[ours].shape):
                expected = name.shape_there(variables[ours].shape)
                report.wrong_shape.append(f"{there} is {self.reader.shapes[there]}, the model needs {expected}")
            else:
                report.matched.append(ours)
        self.sort_leftovers({name.theirs for name in wanted.values()}, report)
        refuse(report)
        for ours in report.matched:
            variables[ours].assign(self.array(wanted[ours]))
        return report

    def may_be_new(self, ours: str, fresh: set[str]) -> bool:
        """Whether a variable that the file lacks belongs to a head of which the file has nothing at all."""
        if ours in self.rows:
            return self.rows[ours][0] in fresh and not self.any_of(self.rows[ours][0])
        head = ours.partition("/")[0]
        return head != "encoder" and not any(name.startswith(f"{head}/") for name in self.tensors)

    def any_of(self, table: str) -> bool:
        """Whether the file has any tensor of a table."""
        return bool(self.of(table))

    def of(self, table: str) -> tuple[str, ...]:
        """The file's tensors of a table, by the file's names."""
        named = (name.theirs for where, name in self.rows.values() if where == table)
        return tuple(self.tensors[name] for name in named if name in self.tensors)

    def sort_leftovers(self, used: set[str], report: LoadReport) -> None:
        """Tensors the model has no variable for: those of other heads, those of nothing we know."""
        known = {name.theirs for _, name in self.rows.values()}
        for name, there in self.tensors.items():
            if name not in used and not self.is_identity(name):
                heads = name in known and not self.in_encoder(name)
                own = self.description.task is not None and "/" in name and not name.startswith("encoder/")
                (report.unused if heads or own else report.unexpected).append(there)
        report.skipped = sorted(set(self.reader.shapes) - set(self.tensors.values()))

    def in_encoder(self, theirs: str) -> bool:
        return any(table == "encoder" and name.theirs == theirs for table, name in self.rows.values())

    def is_identity(self, theirs: str) -> bool:
        """Hugging Face's ALBERT widens even where E = H; a widening that changes nothing needs no variable."""
        config = self.description.config
        if config.embedding_size != config.hidden_size or "embedding_hidden_mapping_in" not in theirs:
            return False
        array = self.reader.array(self.tensors[theirs])
        same = np.eye(len(array)) if array.ndim == 2 else np.zeros(len(array))
        return array.shape == same.shape and bool((array == same).all())


NORM_WORDS = {"gamma": "weight", "beta": "bias"}


def refuse(report: LoadReport) -> None:
    """One sentence about the first thing that keeps a load from being whole."""
    if report.wrong_shape:
        raise ZooError(
            f"{report.source}: {report.wrong_shape[0]}{more(report.wrong_shape)}; "
            "give the sizes of the file, or leave its tensor out with ignore=."
        )
    if report.missing:
        raise ZooError(
            f"{report.source} has no tensor for {report.missing[0]}{more(report.missing)}; "
            "the file is not whole, or holds another kind of model."
        )
    if report.unexpected:
        raise ZooError(
            f"{report.source} has the tensor {report.unexpected[0]}{more(report.unexpected)}, which nothing here "
            f'takes; if the model can do without, leave it out with ignore="{pattern(report.unexpected)}".'
        )


def pattern(names: list[str]) -> str:
    """What leaves all of these tensors out: the beginning that they share, or the first where they share none."""
    words = [name.split(".") for name in names]
    shared = list(itertools.takewhile(lambda same: len(set(same)) == 1, zip(*words, strict=False)))
    return names[0] if len(names) == 1 or not shared else ".".join(same[0] for same in shared) + "*"


def more(found: list[str]) -> str:
    return f" and {len(found) - 1} more" if len(found) > 1 else ""
