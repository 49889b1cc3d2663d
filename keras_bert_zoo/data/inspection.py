"""How an inspection is shown: as text, as a picture, and as files."""

import json
from pathlib import Path
from typing import Any

from keras_bert_zoo.data.notes import number, printable
from keras_bert_zoo.data.tables import label_table, length_table, quantile_table
from keras_bert_zoo.showing import save

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
        figures = json.dumps(self, indent=2) + "\n"
        return save(folder, {"inspect.json": figures, "inspect.txt": f"{self}\n", "inspect.png": self.picture()})
