"""The picture of an inspection: how long the texts are, and how frequent the labels."""

from collections.abc import Mapping
from typing import Any

from keras_bert_zoo.data.notes import shown
from keras_bert_zoo.data.tables import MOST
from keras_bert_zoo.showing import as_png, plain

QUANTILES = {"50": ":", "90": "-.", "95": "--", "99": "-"}  # in percent, and how their lines are drawn


def draw(figures: Mapping[str, Any]) -> bytes:
    """A PNG of the figures of `inspect`."""
    from matplotlib.figure import Figure

    labelled = figures["labels"] or {}
    counts = labelled.get("counts")
    figure = Figure(figsize=(11 if counts else 7, 4), layout="constrained")
    lengths, *labels = figure.subplots(1, 2 if counts else 1, squeeze=False)[0]
    draw_lengths(lengths, figures)
    if counts:
        draw_labels(labels[0], counts, labelled["shares"])
    return as_png(figure)


def draw_lengths(axes: Any, figures: Mapping[str, Any]) -> None:
    """Texts by tokens, with lines where so many percent of them end and at the suggested length."""
    if not figures["texts"]:
        axes.set_axis_off()
        axes.set(title="no row has a text")
        return
    found, tokens = figures["histogram"], figures["tokens"]
    edges, longer = found["edges"], found["longer"]
    axes.stairs(found["counts"], edges, fill=True, color="tab:blue", alpha=0.6)
    for percent, style in QUANTILES.items():
        how = {"color": "black", "linestyle": style, "label": f"{percent} %: {tokens[percent]:,}"}
        if tokens[percent] <= edges[-1]:
            axes.axvline(tokens[percent], **how)
        else:
            axes.plot([], [], **how)  # the legend alone
    suggested = figures["suggested_length"]
    axes.axvline(suggested, color="tab:red", label=f"suggested length: {suggested}")
    more = f"; {longer:,} are longer than {edges[-1]}" if longer else ""
    axes.set(xlabel="tokens", ylabel="texts", title=f"{figures['texts']:,} texts{more}", xlim=(0, None))
    axes.legend()


def draw_labels(axes: Any, counts: Mapping[str, int], shares: Mapping[str, float]) -> None:
    """The most frequent labels as bars, the first on top."""
    names = [plain(shown(name)) for name in list(counts)[:MOST]]
    values = list(counts.values())[:MOST]
    bars = axes.barh(range(len(names)), values, color="tab:green", alpha=0.6)
    axes.bar_label(bars, [f"{value:,} ({shares[name]:.1%})" for name, value in list(counts.items())[:MOST]], padding=3)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.margins(x=0.35)
    title = "rows by label" if len(counts) <= MOST else f"the {MOST} most frequent of {len(counts):,} labels"
    axes.set(xlabel="rows", title=title)
