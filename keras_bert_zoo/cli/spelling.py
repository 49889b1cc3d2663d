"""Settings as a shell spells them: --head new for head="new"."""

import re
import shlex
from collections.abc import Collection, Sequence
from typing import Any

SETTING = re.compile(r"""\b([a-z_]+)=(?:(True)\b|"([^"]*)"|'([^']*)'|([\w.+-]*\w)|(?=[\s:.,;)]|$))""")


def in_shell(sentence: str, options: Collection[str]) -> str:
    """The sentence with every setting that is one of the `options` as an option of the command."""

    def spelt(found: re.Match) -> str:
        name, *values = found.groups()
        if name not in options:
            return found[0]
        value = next((value for value in values if value is not None), "True")
        return f"--{name.replace('_', '-')}" + ("" if value == "True" else f" {shlex.quote(value)}")

    return SETTING.sub(spelt, sentence)


def options_of(command: Any, words: Sequence[str]) -> set[str]:
    """The names of the options of the command (click's) that is called by these words."""
    for word in words:
        command = getattr(command, "commands", {}).get(word, command)
    return {param.name for param in command.params if param.param_type_name == "option"}
