"""What XLA says of a program that it has compiled for a device, or has refused to."""

import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from keras_bert_zoo.training.tpu.topologies import Chip

SIZES = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
WIDTHS = {"f32": 4, "s32": 4, "u32": 4, "bf16": 2, "f16": 2, "pred": 1, "s8": 1, "u8": 1}  # bytes
SIZE = re.compile(r"([\d.]+)([KMGT])i?\b")
ROOM = re.compile(r"(?:available HBM \(| of )([\d.]+)([KMGT])")
COLLECTIVE = re.compile(
    r"= (.*?) (all-reduce|all-gather|reduce-scatter|collective-permute|all-to-all)(?:-start)?\((.*)"
)
ARRAY = re.compile(r"\b(\w+)\[([\d,]*)\]")
LEAVING = re.compile(
    r" (infeed|outfeed|send|recv)(?:-done)?\("  # to and from the host
    r'|custom_call_target="([^"]*(?:host|callback|python)[^"]*)"'
    r"|:[^{}]*S\((5)\)"  # the space that is the host's memory
)
LOOP = "while/body"  # part after part: in the name of what stands inside


def bytes_of(size: str, unit: str) -> int:
    return round(float(size) * SIZES[unit])


def refused(message: str) -> dict[str, int] | None:
    """The bytes a chip that a program needs and those that there are; None where it failed for something else."""
    room, sizes = ROOM.search(message), SIZE.findall(message)
    if "RESOURCE_EXHAUSTED" not in message or not room:
        return None
    return {"bytes": max(bytes_of(*size) for size in sizes), "memory": bytes_of(*room.groups())}


def collectives(program: str) -> dict[str, dict[str, int]]:
    """How many there are of each kind, how many of them in a loop, and the bytes of their results, once around."""
    found: dict[str, Counter] = {}
    for shapes, kind, rest in COLLECTIVE.findall(program):
        size = sum(
            WIDTHS.get(dtype, 4) * math.prod(map(int, filter(None, sides.split(","))))
            for dtype, sides in ARRAY.findall(shapes)
        )
        looped = LOOP in rest
        found.setdefault(kind, Counter(count=0, in_loop=0, bytes=0, bytes_in_loop=0)).update(
            count=1, in_loop=looped, bytes=size, bytes_in_loop=size * looped
        )
    return {kind: dict(counts) for kind, counts in found.items()}


def leaving(program: str) -> list[str]:
    """Whatever goes from the device to its host or comes from there."""
    return sorted({next(filter(None, names)) for names in LEAVING.findall(program)})


def figures_of(compiled: Any, parts: int) -> dict[str, Any]:
    """Bytes, operations and messages of one device's program, which does its work in so many parts.

    XLA counts a loop's inside once: operations are taken as often as there are parts, and so are the bytes that are
    moved, but for what goes in and out of the program.
    """
    memory, cost, program = compiled.memory_analysis(), compiled.cost_analysis(), compiled.as_text()
    ends = memory.argument_size_in_bytes + memory.output_size_in_bytes
    moved = cost["bytes accessed"]
    return {
        "bytes": memory.peak_memory_in_bytes,
        "flops": cost["flops"] * parts,
        "bytes_moved": moved + (parts - 1) * max(moved - ends, 0),
        "collectives": collectives(program),
        "leaves_the_device": leaving(program),
    }


def estimate(found: Mapping[str, Any], chip: Chip, chips: int, parts: int) -> dict[str, float]:
    """Seconds that a step takes at least at the published rates: work or memory, whichever is longer, then messages.

    A sum over n chips in a ring passes 2 (n - 1) / n of its bytes through each, half of the network's rate each way.
    """
    reduced = sum(one["bytes"] + (parts - 1) * one["bytes_in_loop"] for one in found["collectives"].values())
    seconds = {
        "compute": found["flops"] / chip.flops,
        "memory": found["bytes_moved"] / chip.memory_rate,
        "network": 2 * (chips - 1) / chips * reduced / (chip.network_rate / 2),
    }
    return seconds | {"step": max(seconds["compute"], seconds["memory"]) + seconds["network"]}
