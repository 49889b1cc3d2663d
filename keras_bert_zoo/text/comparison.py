"""How figures of vocabularies are shown: as a table, as a picture, and as files."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_bert_zoo.showing import as_png, plain, save

COLUMNS = {  # figure: its head, its form
    "size": ("size", "{:,}"),
    "fertility": ("pieces a word", "{:.3f}"),
    "single": ("one piece", "{:.2%}"),
    "continued": ("continued", "{:.2%}"),
    "unknown": ("unknown", "{:.3%}"),
    "pieces": ("pieces", "{:,}"),
    "characters_per_piece": ("characters a piece", "{:.2f}"),
}
PANELS = {"fertility": "pieces a word", "continued": "words of several pieces, %", "unknown": "words unknown, %"}
WIDEST = 32  # cells of a name or word


class Comparison(dict):
    """Figures of vocabularies on one text, fit for JSON; `print` shows them as tables, `picture` draws them."""

    def __str__(self) -> str:
        rows = self["vocabularies"]
        said = f"{self['words']:,} words and {self['marks']:,} marks of punctuation"
        worst = [f"{name} breaks\n{broken(row)}" for name, row in rows.items() if row["broken"]]
        lost = [f"{name} does not know {lost_words(row)}" for name, row in rows.items() if row["lost"]]
        return "\n\n".join(filter(None, [said, table(rows), *worst, "\n".join(lost)]))

    def picture(self) -> bytes:
        """Pieces a word, and the shares of words that are continued and unknown, as a PNG of bars."""
        from matplotlib.figure import Figure

        rows = self["vocabularies"]
        names = [plain(name) for name in rows]
        figure = Figure(figsize=(11, 1.5 + 0.4 * len(rows)), layout="constrained")
        for axes, (key, title) in zip(figure.subplots(1, len(PANELS), sharey=True), PANELS.items(), strict=True):
            values = [row[key] * (1 if key == "fertility" else 100) for row in rows.values()]
            axes.bar_label(axes.barh(range(len(names)), values, color="tab:blue"), fmt="%.2f", padding=3)
            axes.set(title=title)
            axes.margins(x=0.2)
            axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        return as_png(figure)

    def save(self, folder: str | Path) -> Path:
        """Write vocabulary.json, vocabulary.txt and vocabulary.png into a folder, which may exist, and return it."""
        figures = json.dumps(self, indent=2, ensure_ascii=False) + "\n"
        files = {"vocabulary.json": figures, "vocabulary.txt": f"{self}\n", "vocabulary.png": self.picture()}
        return save(folder, files)


def table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """A row a vocabulary, a column a figure."""
    heads = [head for head, _ in COLUMNS.values()]
    cells = {name: [form.format(row[key]) for key, (_, form) in COLUMNS.items()] for name, row in rows.items()}
    widths = [max(map(len, column)) for column in zip(heads, *cells.values(), strict=True)]
    names = aligned(["", *rows])
    return "\n".join(
        f"{name}  " + "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
        for name, row in zip(names, [heads, *cells.values()], strict=True)
    )


def broken(row: Mapping[str, Any]) -> str:
    """The worst broken words: how often they occur, and their pieces."""
    words = aligned([found["word"] for found in row["broken"]])
    counts = [f"{found['count']:>10,} x" for found in row["broken"]]
    pieces = [" ".join(found["pieces"]) for found in row["broken"]]
    return "\n".join(f"{count} {word}  {part}" for count, word, part in zip(counts, words, pieces, strict=True))


def lost_words(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{shorter(found['word'])} ({found['count']:,} x)" for found in row["lost"])


def aligned(words: list[str]) -> list[str]:
    """Words with spaces behind, so that all are as wide on a terminal."""
    from rich.cells import cell_len, set_cell_size

    shown = [shorter(word) for word in words]
    return [set_cell_size(word, max(map(cell_len, shown))) for word in shown]


def shorter(word: str) -> str:
    """A word that fits into a table and does nothing to a terminal."""
    word = word if word.isprintable() else word.encode("unicode_escape").decode()
    return word if len(word) <= WIDEST else word[: WIDEST - 3] + "..."
