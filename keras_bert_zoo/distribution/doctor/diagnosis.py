"""How a diagnosis is shown: what there is at a glance, then what is wrong."""

from collections.abc import Iterator, Mapping
from textwrap import fill
from typing import Any

GB = 1e9
WIDTH = 16  # of the names of the rows
COLUMNS = 120
TIED = "\xa0"  # a space at which no line is broken
BROKEN = {"subsequent_indent": " " * WIDTH, "break_long_words": False, "break_on_hyphens": False}


class Diagnosis(dict):
    """What there is and the "faults" in it, fit for JSON; `print` shows it at a glance."""

    def __str__(self) -> str:
        rows = [fill(line, COLUMNS, initial_indent=f"{name:<{WIDTH}}", **BROKEN) for name, line in self.rows()]
        return "\n".join([*rows, "", *self.to_mend()]).replace(TIED, " ")

    def rows(self) -> Iterator[tuple[str, str]]:
        """The name and the content of every line."""
        yield "keras_bert_zoo", f"{self['keras_bert_zoo']}, Python {self['python']}, {self['system']}"
        yield "machine", f"{self['processors']} CPU cores{memory(self['memory_bytes'])}"
        yield "accelerators", "; ".join(accelerators(self)) or "none"
        yield "packages", ", ".join(f"{name}{TIED}{version}" for name, version in self["versions"].items())
        yield "backend", f"{self['backend']}, by {self['backend_by']}"
        for name, look in self["backends"].items():
            yield f"  {name}", shown(look)
        if self["distribution"]:
            yield "distribution", f'"auto" takes "{self["distribution"]}": {self["why"]}'
            yield "dtype", f"{self['dtype']} suits these devices"
        for name, value in self["environment"].items():
            yield "environment", f"{name}={value}"

    def to_mend(self) -> Iterator[str]:
        """Every fault with its line."""
        count = len(self["faults"])
        yield f"{count} thing{'s' if count > 1 else ''} to mend:" if count else "All of this goes together."
        for fault in self["faults"]:
            yield f"- {fault['wrong']}"
            yield f"    {fault['mend']}"


def accelerators(found: Mapping[str, Any]) -> Iterator[str]:
    chips = found["tpu_chips"]
    if chips:
        yield f"{len(chips)} TPU chip{'s' if len(chips) > 1 else ''} ({chips[0]})"
    for gpu in found["gpus"]:
        yield f"{gpu['name']}{memory(gpu['memory_bytes'])}, driver {gpu['driver']}"


def shown(look: Mapping[str, Any] | None) -> str:
    """What became of a look at a backend."""
    if look is None:
        return "not installed"
    if "error" in look:
        return f"does not come up: {look['error']}"
    return ", ".join(
        device["name"] + (f" ({device['model']}{memory(device['memory_bytes'])})" if device["model"] else "")
        for device in look["devices"]
    )


def memory(size: int | None) -> str:
    return f", {size / GB:,.1f} GB" if size else ""
