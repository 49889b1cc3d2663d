"""What people see while a corpus is prepared: a bar on a terminal, a line now and then in a log."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from keras_bert_zoo.corpus.documents import Documents
from keras_bert_zoo.showing import EVERY_S, MB, make_bar


class Watch:
    """Shows how much of the files has been read, and what has come out."""

    def __init__(self, documents: Documents, figures: Mapping[str, int], tell: Callable[[str], Any]):
        self.documents, self.figures, self.tell = documents, figures, tell
        self.bar = make_bar()
        self.began = self.told = time.monotonic()
        self.before = figures["bytes"]

    def __enter__(self) -> "Watch":
        if self.bar:
            self.bar.start()
            self.task = self.bar.add_task("preparing", total=self.documents.size or None)
        return self

    def __exit__(self, *error) -> None:
        if self.bar:
            self.bar.stop()

    def update(self) -> None:
        now = time.monotonic()
        if not self.bar and now - self.told < EVERY_S:
            return
        self.told = now
        rate = (self.figures["bytes"] - self.before) / MB / max(now - self.began, 1e-9)
        said = f"{self.figures['documents']:,} documents, {self.figures['tokens']:,} tokens, {rate:.1f} MB of text/s"
        if self.bar:
            self.bar.update(self.task, completed=self.documents.done, description=said)
        else:
            self.tell(f"{self.documents.done / MB:,.1f} of {self.documents.size / MB:,.1f} MB of files: {said}")
