"""The tables of an inspection: plain text of few columns, with bars, that a log can keep."""

from collections.abc import Mapping
from typing import Any

from rich.cells import cell_len, set_cell_size

from keras_bert_zoo.data.notes import shown

BAR = "█"
WIDEST = 24  # characters of a bar
MOST = 20  # labels that are shown


def label_table(parts: Mapping[str, Mapping[str, Any]]) -> str:
    """How many rows of every part have each label, with bars for the first part."""
    found = {name: part["labels"] for name, part in parts.items() if part["labels"]}
    names = list(dict.fromkeys(name for labels in found.values() for name in labels["counts"]))
    if not names:
        return ""
    width = max(5, *(cell_len(shown(name)) for name in names[:MOST]))
    shares = next(iter(found.values()))["shares"]
    heads = found if len(found) > 1 else ["rows"]
    lines = [f"{'label':<{width}}" + "".join(f"{head:>21}" for head in heads)]
    for name in names[:MOST]:
        counts = (f"{each['counts'].get(name, 0):>12,}{each['shares'].get(name, 0):>9.2%}" for each in found.values())
        drawn = bar(shares.get(name, 0), max(shares.values(), default=0))
        lines.append(f"{set_cell_size(shown(name), width)}{''.join(counts)}  {drawn}")
    if len(names) > MOST:
        lines.append(f"and {len(names) - MOST:,} more")
    return joined(lines)


def quantile_table(figures: Mapping[str, Any]) -> str:
    """Characters and tokens of a text: least, so many percent of the texts have no more, mean."""
    columns = list(figures["tokens"])
    lines = [" " * 10 + "".join(f"{f'{name} %' if name.isdigit() else name:>12}" for name in columns)]
    for kind in ("characters", "tokens"):
        row = (f"{figures[kind][name]:>12,.{1 if name == 'mean' else 0}f}" for name in columns)
        lines.append(f"{kind:<10}{''.join(row)}")
    return joined(lines)


def length_table(figures: Mapping[str, Any]) -> str:
    """The texts by the static length they need, and what each length would mean for all of them."""
    rows, shape = figures["lengths"], figures["shape"]
    longer = figures["texts"] - sum(row["texts"] for row in rows)
    largest = max(longer, *(row["texts"] for row in rows))
    lines = [f"{'tokens':>7}{'texts':>10}  {'':<{WIDEST}}{'cut':>9}{'tokens lost':>13}{'padding':>9}{'speed':>8}"]
    lines += [
        f"{row['length']:>7}{row['texts']:>10,}  {bar(row['texts'], largest):<{WIDEST}}{row['truncated']:>9.2%}"
        f"{row['lost']:>13.2%}{row['padding']:>9.1%}{row['speed']:>7.1f}x"
        for row in rows
    ]
    if longer:
        lines.append(f"{'longer':>7}{longer:>10,}  {bar(longer, largest)}")
    return joined(
        [
            *lines,
            f"suggested length: {figures['suggested_length']}",
            f"cut: share of the texts; speed: by the multiply-adds of {shape['num_layers']} x {shape['hidden_size']}, "
            f"beside {rows[-1]['length']} tokens",
        ]
    )


def bar(value: float, largest: float) -> str:
    """A bar as long as the value's share of the largest; what is not nothing is seen."""
    return BAR * max(round(WIDEST * value / largest), 1) if value else ""


def joined(lines: list[str]) -> str:
    return "\n".join(line.rstrip() for line in lines)
