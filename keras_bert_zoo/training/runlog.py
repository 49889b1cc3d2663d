"""What a run has measured: JSON lines, and the same for TensorBoard."""

import json
import logging
import os
import struct
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_bert_zoo.corpus.records import field, framed, varint

LOG, EVENTS = "log.jsonl", "events.out.tfevents.pretrain"
log = logging.getLogger("keras_bert_zoo")
DOUBLE, FLOAT = struct.Struct("<d"), struct.Struct("<f")


class RunLog:
    """Appends lines of figures to a run's log; what a killed run wrote after its last commit goes first.

    The lines are log.jsonl; the numbers in them are also an event file that TensorBoard reads.
    """

    def __init__(self, folder: Path, size: int):
        self.folder, self.events = folder, None
        self.file = (folder / LOG).open("ab")
        self.cut(size)

    def cut(self, size: int) -> None:
        """Only the first `size` bytes of the log count."""
        there = (self.folder / LOG).stat().st_size
        if there < size:
            log.warning("%s is shorter than it was: some lines are lost.", self.folder / LOG)
        self.file.truncate(min(size, there))
        self.file.seek(0, os.SEEK_END)
        if self.events:
            self.events.close()
        self.events = (self.folder / EVENTS).open("wb")
        self.events.write(framed(fixed(1, DOUBLE.pack(time.time())) + field(3, b"brain.Event:2")))
        for line in (self.folder / LOG).read_bytes().splitlines():
            self.show(json.loads(line))

    def write(self, line: Mapping[str, Any]) -> None:
        self.file.write(json.dumps(line).encode() + b"\n")
        self.file.flush()
        self.show(line)

    def show(self, line: Mapping[str, Any]) -> None:
        """The line's numbers as an Event (tensorflow/core/util/event.proto)."""
        if "step" not in line:
            return
        values = b"".join(
            field(1, field(1, name.encode()) + fixed(2, FLOAT.pack(value)))
            for name, value in line.items()
            if isinstance(value, (int, float)) and name not in ("step", "time")
        )
        clock, step = fixed(1, DOUBLE.pack(line.get("time", 0))), varint(2 << 3) + varint(line["step"])
        self.events.write(framed(clock + step + field(5, values)))
        self.events.flush()

    def settle(self) -> int:
        """Everything so far onto the disk; how many bytes that is."""
        self.file.flush()
        os.fsync(self.file.fileno())
        return self.file.tell()

    def close(self) -> None:
        self.file.close()
        self.events.close()


class NoLog:
    """The log of a process that writes none."""

    def cut(self, size: int) -> None: ...

    def write(self, line: Mapping[str, Any]) -> None: ...

    def settle(self) -> int:
        return 0

    def close(self) -> None: ...


def fixed(number: int, content: bytes) -> bytes:
    """A field of 4 or 8 bytes (wire types 5 and 1)."""
    return varint(number << 3 | (1 if len(content) == 8 else 5)) + content
