"""What the zoo knows of a model, without building it."""

from dataclasses import asdict
from typing import Any

from keras_bert_zoo.zoo.presets import ALIASES, PRESETS, canonical
from keras_bert_zoo.zoo.releases import RELEASES


class Facts(dict):
    """Facts by name, which print as a small table."""

    def __str__(self) -> str:
        return "\n".join(f"{key:<22}{show(value)}" for key, value in self.items())


def show(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{key}: {show(inner)}" for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return f"{value:,}" if type(value) is int else str(value)


def describe(name: str) -> Facts:
    """Sizes, parameter counts, releases and other names of a model, as a dictionary that prints as a table."""
    name = canonical(name)
    config = PRESETS[name]
    return Facts(
        name=name,
        **asdict(config),
        parameters=config.count_params(("pooler",)),
        without_pooler=config.count_params(),
        pretraining=config.count_params(("pooler", "masked_lm", "next_sentence")),
        heads=config.head_params,
        releases={
            which: "in this package" if release.kind == "packaged" else release.where
            for which, release in RELEASES[name].items()
        },
        aliases=sorted(alias for alias, target in ALIASES.items() if target == name),
    )
