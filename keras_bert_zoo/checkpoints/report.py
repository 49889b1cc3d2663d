"""What became of every tensor of a load."""

from dataclasses import dataclass, field


@dataclass
class LoadReport:
    """Names by what became of them. Variables are named as ours, tensors as in the file."""

    source: str
    matched: list[str] = field(default_factory=list)  # variables that were filled
    new: list[str] = field(default_factory=list)  # variables of a head the file does not have: untrained
    missing: list[str] = field(default_factory=list)  # variables the file should have had
    wrong_shape: list[str] = field(default_factory=list)  # variables, with both shapes
    unexpected: list[str] = field(default_factory=list)  # tensors that no table names
    unused: list[str] = field(default_factory=list)  # tensors of heads that this model does not have
    skipped: list[str] = field(default_factory=list)  # optimizer slots, counters, second copies, what was ignored
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"Loaded from {self.source}: {len(self.matched)} variables matched."]
        for name, what in (
            ("new", "untrained, because the file has no such head"),
            ("missing", "not in the file"),
            ("wrong_shape", "of another shape"),
            ("unexpected", "known to no table"),
            ("unused", "of heads that this model does not have"),
            ("skipped", "optimizer slots, counters, copies"),
        ):
            found = getattr(self, name)
            if found:
                shown = ", ".join(found[:4]) + (", ..." if len(found) > 4 else "")
                lines.append(f"  {name} ({len(found)}, {what}): {shown}")
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])
