"""What people see: bars on a terminal, lines in a log, pictures, and the files they go into."""

import io
import warnings
from pathlib import Path
from typing import Any

from keras_bert_zoo.errors import ZooError

EVERY_S = 10  # seconds between lines of a log
MB = 1e6


def make_bar() -> Any:
    """A bar on the terminal of the messages, or None where they go into a log."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True) if console.is_terminal else None


def as_png(figure: Any) -> bytes:
    """A matplotlib figure as a PNG, the same bytes every time."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    written = io.BytesIO()
    with warnings.catch_warnings():  # of letters the font lacks, which are drawn as boxes
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        figure.savefig(written, format="png", dpi=110, metadata={"Software": None})
    return written.getvalue()


def plain(text: str) -> str:
    """A text for the inside of matplotlib's figures, which else reads $ as mathematics."""
    return text.replace("$", r"\$")


def save(folder: str | Path, files: dict[str, str | bytes]) -> Path:
    """Write figures and pictures by file name into a folder, which may exist, and return it."""
    folder = Path(folder).expanduser()
    if folder.exists() and not folder.is_dir():
        raise ZooError(f"{folder} is a file: give a folder, in which {len(files)} files are made.")
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder
