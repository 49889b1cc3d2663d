"""What every room raises when it was given something wrong, and how it names what was meant."""

import difflib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class ZooError(ValueError):
    """A mistake in what was given: one sentence that names the value and the remedy."""


def find(table: Mapping[str, Any], name: object, kind: str, see: str = "") -> Any:
    """The entry of `table` called `name`; a ZooError that says what was meant where there is none."""
    if isinstance(name, str) and name in table:
        return table[name]
    near = difflib.get_close_matches(str(name).lower(), table, n=3, cutoff=0.6)
    meant = f"did you mean {' or '.join(map(repr, near))}?" if near else see or f"there are {', '.join(sorted(table))}."
    raise ZooError(f"There is no {kind} {name!r}: {meant}")


@contextmanager
def in_a_sentence() -> Iterator[None]:
    """For scripts: a mistake that is found inside ends them with its sentence and status 1, without a traceback."""
    try:
        yield
    except (ZooError, OSError) as error:
        raise SystemExit(f"{Path(sys.argv[0]).name}: {error}") from error
