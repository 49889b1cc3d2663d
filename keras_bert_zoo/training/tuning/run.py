"""What a run leaves behind: the model, its report, and a folder with all of it."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.tasks import Task
from keras_bert_zoo.training.tuning.report import Report, draw_curves, draw_scores


@dataclass
class Run:
    """A fine-tuned model, what is known of it, and its folder where it has one."""

    model: Task
    report: Report
    log: Sequence[dict[str, Any]] = ()
    folder: Path | None = None

    def save(self, folder: str | Path, overwrite: bool = False) -> Path:
        """A model folder with report.json, report.txt, log.jsonl and two pictures in it."""
        self.folder = self.model.save_folder(folder, overwrite=overwrite, files=self.files())
        return self.folder

    def save_somewhere(self, folder: str | Path) -> Path:
        """Save to `folder`, which may be replaced; where that fails, to a temporary one, and say so."""
        try:
            return self.save(folder, overwrite=True)
        except (OSError, ZooError) as error:
            rescue = Path(tempfile.mkdtemp(prefix="keras_bert_zoo-")) / "model"
            try:
                self.save(rescue)
            except (OSError, ZooError) as second:
                failed = ZooError(
                    f"{folder} could not be written ({error}), nor {rescue} ({second}): make room; from Python the "
                    "trained model is the error's `run`, and run.save(folder) writes it."
                )
                failed.run = self
                raise failed from second
            raise ZooError(f"{folder} could not be written ({error}): the trained model is in {rescue}.") from error

    def files(self) -> dict[str, bytes]:
        part = "test" if self.report["test"] else "validation"
        return {
            "report.json": (json.dumps(self.report, indent=2) + "\n").encode(),
            "report.txt": f"{self.report}\n".encode(),
            "log.jsonl": "".join(json.dumps(row) + "\n" for row in self.log).encode(),
            **draw_scores(self.report[part], part),
            "curves.png": draw_curves(self.log, self.report["history"], self.report["settings"]["best"]),
        }
