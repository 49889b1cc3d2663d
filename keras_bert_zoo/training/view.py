"""What people see while a model is pretrained: a picture on a terminal, a line now and then in a log."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from keras_bert_zoo.showing import EVERY_S

BARS = " ▁▂▃▄▅▆▇█"
POINTS = 40  # of the curve of the loss


class View:
    """Shows the lines of a run's log as they are written."""

    def __init__(self, tell: Callable[[str], Any]):
        from rich.console import Console
        from rich.live import Live

        console = Console(stderr=True)
        self.live = Live(console=console, refresh_per_second=4) if console.is_terminal else None
        self.tell, self.told, self.began = tell, 0.0, None
        self.losses: deque[float] = deque(maxlen=POINTS)
        self.measured = ""

    def __enter__(self) -> "View":
        if self.live:
            self.live.start()
        return self

    def __exit__(self, *error) -> None:
        if self.live:
            self.live.stop()

    def line(self, line: Mapping[str, Any], progress: float) -> None:
        now = time.monotonic()
        self.began = self.began or (now, progress)
        if "loss" not in line:  # every step since the last line was skipped
            self.tell(f"step {line['step']:,}  {figures(line)}")
            return
        self.losses.append(line["loss"])
        if self.live:
            self.live.update(self.picture(line, progress, now))
        elif now - self.told > EVERY_S or progress >= 1:
            self.told = now
            self.tell(f"step {line['step']:,} ({progress:.1%})  {figures(line)}")

    def heldout(self, line: Mapping[str, Any]) -> None:
        said = figures({key.removeprefix("heldout_"): value for key, value in line.items()})
        self.measured = f"held out, rows of {line['length']}: {said}"
        if not self.live:
            self.tell(f"step {line['step']:,}  {self.measured}")

    def picture(self, line: Mapping[str, Any], progress: float, now: float) -> Any:
        """A bar, the curve of the loss, and the figures."""
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        table.add_row(f"step {line['step']:,}", ProgressBar(1.0, progress, width=POINTS), self.remaining(progress, now))
        table.add_row("loss", Text(curve(self.losses), style="cyan"), f"{line['loss']:.4f}")
        return Group(table, Text(figures(line)), Text(self.measured))

    def remaining(self, progress: float, now: float) -> str:
        then, before = self.began
        if progress <= before:
            return ""
        seconds = int((now - then) * (1 - progress) / (progress - before))
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d} to go"


def figures(line: Mapping[str, Any]) -> str:
    """The figures that a line has, in words."""
    kinds = {
        "loss": "loss {:.4f}",
        "masked_accuracy": "{:.1%} of the hidden pieces",
        "pairs_accuracy": "{:.1%} of the pairs",
        "rate": "rate {:.2e}",
        "tokens_per_s": "{:,.0f} tokens/s",
        "gflops_per_s": "{:,.0f} GFLOP/s",
    }
    said = [form.format(line[name]) for name, form in kinds.items() if name in line]
    return "  ".join(said) + (f"  {line['skipped']} steps skipped" if line.get("skipped") else "")


def curve(values: deque[float]) -> str:
    """A curve a character high."""
    low, high = min(values), max(values)
    return "".join(BARS[1 + round((value - low) / ((high - low) or 1) * (len(BARS) - 2))] for value in values)
