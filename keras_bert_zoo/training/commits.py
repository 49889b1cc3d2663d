"""A run's state on the disk, in one atomic commit: weights, optimizer, random streams, the place in the data.

A commit is a folder made under a hidden name, flushed, summed (manifest.json, written last) and renamed.
"""

import json
import logging
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from keras_bert_zoo import checkpoints
from keras_bert_zoo.distribution.values import whole
from keras_bert_zoo.errors import ZooError

STATE, PLACE = "state.safetensors", "place.json"
log = logging.getLogger("keras_bert_zoo")
Variables = Sequence[tuple[str, Any]]


class Commits:
    """The commits of a run, of which the newest `keep` stay."""

    def __init__(self, folder: Path, keep: int):
        self.folder, self.keep = folder, keep

    def steps(self) -> list[Path]:
        """The commits there are, the newest first."""
        return sorted(self.folder.glob("step-*"), reverse=True)

    def write(self, variables: Variables, place: dict[str, Any]) -> Path:
        """Commit the values of variables, and where the run is; `place["step"]` names it."""
        folder = self.folder / f"step-{place['step']:010d}"
        if folder.exists():  # of a run that was stopped here and has changed nothing since
            return folder
        arrays = {name: np.array(whole(variable), order="C") for name, variable in variables}
        try:
            with checkpoints.committed(folder) as partial:
                save_file(arrays, partial / STATE)
                (partial / PLACE).write_text(json.dumps(place))
        except (OSError, SafetensorError) as error:
            raise ZooError(
                f"Step {place['step']} could not be committed in {self.folder} ({error}): see that there is room, and "
                "start again to go on from the commit before."
            ) from error
        for old in self.steps()[self.keep :]:
            shutil.rmtree(old, ignore_errors=True)
        return folder

    def read(self, variables: Variables) -> dict[str, Any] | None:
        """Give variables the values of the newest commit that is whole, and say where that was; None if there is none.

        What is not whole gets another name. Raises ZooError where nothing is, and for another model or optimizer.
        """
        found = self.steps()
        for folder in found:
            try:
                if not (folder / checkpoints.MANIFEST).is_file():
                    raise ZooError(f"it has no {checkpoints.MANIFEST}")
                checkpoints.verify(folder)
                arrays, place = load_file(folder / STATE), json.loads((folder / PLACE).read_bytes())
            except (ZooError, FileNotFoundError, ValueError, SafetensorError) as error:
                aside = folder.with_name(f"broken-{folder.name}-{time.time_ns()}")
                with suppress(FileNotFoundError):  # another worker was faster
                    folder.rename(aside)
                log.warning("%s is not whole and left aside as %s: %s", folder, aside.name, error)
                continue
            fill(variables, arrays, folder)
            return place
        if found:
            raise ZooError(
                f"{self.folder} has {len(found)} commits and none is whole: choose another out=, or get them again."
            )
        return None

    def clean(self) -> None:
        """Remove what a kill has left half made."""
        for path in self.folder.glob(".step-*"):
            shutil.rmtree(path, ignore_errors=True)


def fill(variables: Variables, arrays: dict[str, np.ndarray], folder: Path) -> None:
    ours = {name: tuple(variable.shape) for name, variable in variables}
    theirs = {name: array.shape for name, array in arrays.items()}
    if ours != theirs:
        name = next(name for name in [*ours, *theirs] if ours.get(name) != theirs.get(name))
        raise ZooError(
            f"{folder} is of another run: {name} is {theirs.get(name, 'not there')}, here "
            f"{ours.get(name, 'not there')}: choose another out=, or the recipe it began with."
        )
    for name, variable in variables:
        variable.assign(arrays[name])
