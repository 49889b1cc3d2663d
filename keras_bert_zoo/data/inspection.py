"""How an inspection is shown: as text, as a picture, and as files."""

import json
from pathlib import Path
from typing import Any

from keras_bert_zoo.data.notes import number, printable
from keras_bert_zoo.data.tables import label_table, length_table, quantile_table
from keras_bert_zoo.errors import ZooError

PARTS = ("validation", "test")


class Inspection(dict):
    """Figures of labelled texts by name, fit for JSON; `print` shows them as tables, `picture` draws them."""

    def __str__(self) -> str:
        sizes = [f"{number(part['rows'], 'row')} in {printable(part['source'])}" for part in self.parts().values()]
        lengths = [quantile_table(self), length_table(self)] if self["texts"] else ["no row has a text"]
        said = "\n".join(["To look at:", *(f"- {note}" for note in self["notes"])]) if self["notes"] else ""
        return "\n\n".join(filter(None, ["\n".join(sizes), label_table(self.parts()), *lengths, said]))

    def parts(self) -> dict[str, dict[str, Any]]:
        """The figures of every part that was given."""
        return {"train": self} | {name: self[name] for name in PARTS if name in self}

    def picture(self) -> bytes:
        """Tokens and labels as a PNG."""
        from keras_bert_zoo.data.picture import draw

        return draw(self)

    def save(self, folder: str | Path) -> Path:
        """Write inspect.json, inspect.txt and inspect.png into a folder, which may exist, and return it."""
        folder = Path(folder).expanduser()
        if folder.exists() and not folder.is_dir():
            raise ZooError(f"{folder} is a file: give a folder, in which three files are made.")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "inspect.json").write_text(json.dumps(self, indent=2) + "\n", "utf-8")
        (folder / "inspect.txt").write_text(f"{self}\n", "utf-8")
        (folder / "inspect.png").write_bytes(self.picture())
        return folder
