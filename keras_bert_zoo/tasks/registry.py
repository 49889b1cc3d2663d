"""The tasks by name, one's own beside ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import keras

if TYPE_CHECKING:
    from keras_bert_zoo.tasks.task import Task

TASKS: dict[str, type[Task]] = {}


def task(name: str) -> Callable[[type[Task]], type[Task]]:
    """Puts a class into TASKS and lets Keras find it in `.keras` files."""

    def add(cls: type[Task]) -> type[Task]:
        TASKS[name] = cls
        cls.key = name
        return keras.saving.register_keras_serializable("keras_bert_zoo")(cls)

    return add


def named_by(architecture: str | None, problem: str | None = None) -> str | None:
    """The key of the task that Hugging Face's class stands for: that for this problem, else the first that has it."""
    found = {key: cls for key, cls in TASKS.items() if architecture in cls.architectures.values()}
    return next((key for key, cls in found.items() if cls.problem == problem), next(iter(found), None))
