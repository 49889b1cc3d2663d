"""What came out of a run: a dictionary that prints well, and pictures."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_bert_zoo.showing import as_png, plain


class Scores(dict):
    """Figures of one part, which print as its tables."""

    def __str__(self) -> str:
        return show_scores(self["source"], self)


class Report(dict):
    """Figures of a run by name; `print` shows them as tables."""

    def __str__(self) -> str:
        parts = [self.lead(), *(show_scores(part, self[part]) for part in ("validation", "test") if self.get(part))]
        if self.get("baseline"):
            parts.append(self.compare())
        return "\n\n".join(parts)

    def lead(self) -> str:
        sizes = ", ".join(f"{count:,} {part}" for part, count in self["sizes"].items())
        lines = [
            f"{self['examples_seen']:,} texts in {self['steps']:,} steps, {self['real_tokens']:,} tokens, "
            f"{self['train_seconds']:.0f} s ({self['examples_seen'] / max(self['train_seconds'], 1e-9):.0f} texts/s)",
            f"data: {sizes}; cut to {self['settings']['length']} tokens: {self['cut']:.1%} of the training texts",
        ]
        twice = {where: count for where, count in self["duplicates"].items() if count}
        if twice:
            lines.append("texts that stand twice: " + ", ".join(f"{count:,} {where}" for where, count in twice.items()))
        if self.get("class_weight"):
            weights = ", ".join(f"{label} {weight:.3g}" for label, weight in self["class_weight"].items())
            lines.append(f"class weights: {weights}")
        if self.get("threshold") is not None:
            least = self["threshold"]
            each = zip(self["labels"], least, strict=True) if np.ndim(least) else [(self["labels"][1], least)]
            lines.append("threshold: " + ", ".join(f"{label} from {least:.3f} on" for label, least in each))
        if self.get("interrupted"):
            lines.append("stopped by hand before its end")
        lines.append(f"kept: epoch {self['best_epoch']} of {self['settings']['epochs']}, by {self['settings']['best']}")
        return "\n".join(lines)

    def compare(self) -> str:
        part = "test" if self.get("test") else "validation"
        rows = {"this model": self[part], "words alone (TF-IDF, logistic regression)": self["baseline"]}
        width = max(map(len, rows))
        return "\n".join(
            f"{name:<{width}}  accuracy {row['accuracy']:.4f}  macro F1 {row['macro_f1']:.4f}"
            for name, row in rows.items()
        )


def show_scores(title: str, figures: dict[str, Any]) -> str:
    """The per-class table of one part, with the confusion matrix where a text has one class."""
    return (show_classes if "confusion" in figures else show_labels)(title, figures)


def show_labels(title: str, figures: dict[str, Any]) -> str:
    """Every label by itself: `answers` is how many texts were given it."""
    width = max(8, *(len(label) for label in figures["per_class"]))
    lines = [
        f"{title}: every label right {figures['accuracy']:.4f}, macro F1 {figures['macro_f1']:.4f}, micro F1 "
        f"{figures['micro_f1']:.4f}, loss {figures['loss']:.4f}",
        f"{'':<{width}}  precision  recall      f1  texts  answers",
    ]
    lines += [
        f"{label:<{width}}     {row['precision']:.4f}  {row['recall']:.4f}  {row['f1']:.4f} {row['support']:>6} "
        f"{row['answers']:>8}"
        for label, row in figures["per_class"].items()
    ]
    if not any(row["answers"] for row in figures["per_class"].values()):
        lines.append('no text was given a label: threshold="validation" chooses from which probability on it is')
    return "\n".join(lines)


def show_classes(title: str, figures: dict[str, Any]) -> str:
    """The per-class table beside the confusion matrix."""
    labels = list(figures["per_class"])
    width = max(8, *(len(label) for label in labels))
    lines = [
        f"{title}: accuracy {figures['accuracy']:.4f}, macro F1 {figures['macro_f1']:.4f}, loss {figures['loss']:.4f}",
        f"{'':<{width}}  precision  recall      f1  texts   answered as",
        f"{'':<{width}}                                {'  '.join(f'{label:>{column(label)}}' for label in labels)}",
    ]
    for label, counts in zip(labels, figures["confusion"], strict=True):
        row = figures["per_class"][label]
        answered = "  ".join(f"{n:>{column(name)}}" for n, name in zip(counts, labels, strict=True))
        lines.append(
            f"{label:<{width}}     {row['precision']:.4f}  {row['recall']:.4f}  {row['f1']:.4f} {row['support']:>6}"
            f"   {answered}"
        )
    return "\n".join(line.rstrip() for line in lines)


def column(label: str) -> int:
    return max(6, len(label))


def draw_scores(figures: dict[str, Any], title: str) -> dict[str, bytes]:
    """A PNG of the figures of one part, by the name of its file."""
    if "confusion" in figures:
        return {"confusion.png": draw_confusion(figures, title)}
    return {"labels.png": draw_labels(figures, title)}


def draw_labels(figures: dict[str, Any], title: str) -> bytes:
    """Precision, recall and F1 of every label as a PNG."""
    from matplotlib.figure import Figure

    rows = figures["per_class"]
    figure = Figure(figsize=(7, min(max(3.0, 0.5 * len(rows) + 1.5), 20.0)), layout="constrained")
    axes, places = figure.subplots(), range(len(rows))
    axes.barh(places, [row["f1"] for row in rows.values()], color="tab:blue", alpha=0.5, label="F1")
    for kind, sign in (("precision", ">"), ("recall", "<")):
        axes.plot([row[kind] for row in rows.values()], places, sign, color="black", label=kind)
    axes.set_yticks(places, [f"{plain(label)} ({row['support']:,})" for label, row in rows.items()])
    axes.invert_yaxis()
    axes.set(xlim=(0, 1), title=f"{title}: micro F1 {figures['micro_f1']:.3f}")
    axes.legend(loc="lower right")
    return as_png(figure)


def draw_confusion(figures: dict[str, Any], title: str) -> bytes:
    """The confusion matrix as a PNG: each row's shares as colours, counts as numbers."""
    from matplotlib.figure import Figure

    counts = np.array(figures["confusion"])
    labels = [plain(label) for label in figures["per_class"]]
    side = min(max(4.0, 0.6 * len(labels) + 2), 20.0)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(counts / np.maximum(counts.sum(1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    axes.set(xlabel="answer", ylabel="truth", title=title)
    if len(labels) <= 30:
        for (row, place), count in np.ndenumerate(counts):
            share = count / max(counts[row].sum(), 1)
            axes.text(place, row, f"{count:,}", ha="center", va="center", color="white" if share > 0.5 else "black")
    return as_png(figure)


def draw_curves(log: Sequence[dict[str, Any]], history: Sequence[dict[str, Any]], metric: str) -> bytes:
    """The training loss by step, and what validation said after each epoch, as a PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    loss, chosen = figure.subplots(1, 2)
    loss.plot([row["step"] for row in log], [row["loss"] for row in log], label="training (mean of the epoch so far)")
    loss.plot([row["step"] for row in history], [row["loss"] for row in history], "o-", label="validation")
    loss.set(xlabel="step", ylabel="loss (nats)", ylim=(0, None))
    loss.legend()
    chosen.plot([row["epoch"] for row in history], [row["accuracy"] for row in history], "o-", label="accuracy")
    chosen.plot([row["epoch"] for row in history], [row["macro_f1"] for row in history], "s-", label="macro F1")
    chosen.set(xlabel="epoch", title=f"validation; kept by {metric}", xticks=[row["epoch"] for row in history])
    chosen.legend()
    return as_png(figure)
