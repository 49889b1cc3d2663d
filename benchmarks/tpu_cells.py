"""Which batches of which models fit a TPU: compiled at two depths and two batches, and drawn out to the whole model.

python benchmarks/tpu_cells.py compile                                # a night; goes on where it was
python benchmarks/tpu_cells.py compile --models bert_base --topologies v5e:2x4 --lengths 128
python benchmarks/tpu_cells.py whole --most 64                        # full depth, so many rows a chip at most
python benchmarks/tpu_cells.py recipes --out runs/recipes.jsonl       # those that ship, and one batch too many
python benchmarks/tpu_cells.py table

What has been compiled is in tpu_cells.jsonl beside this file. Needs the extra [tpu-check].
"""

import argparse
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from keras_bert_zoo.training.tpu.topologies import chip_of, chips_of, prepare_process

MODELS = ("bert_base", "bert_large", "albert_base", "albert_xxlarge")
TOPOLOGIES = ("v5e:2x4", "v6e:2x4")
LENGTHS = (128, 512)
DEPTHS = (2, 4)
ROWS = {128: (16, 32), 512: (4, 8)}  # a chip
TOO_MANY = 2**17  # rows of a step
GIB = 2**30
RECIPES = Path(__file__).parents[1] / "examples" / "recipes"
HEAD = ("model", "length", "TPU", "rows a chip", "GiB", "TFLOP a chip", "step at best", "MFU at best", "known by")


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def recipe_of(model: str, length: int, depth: int | None) -> dict[str, Any]:
    """BERT's pretraining in half precision, packed rows, dropout as the paper's."""
    shape = {"num_layers": depth} if depth else {}
    pairs = "sop" if model.startswith("albert") else "nsp"
    stages = [{"length": length, "rows": 8}]
    return {"model": model, "dtype": "mixed_bfloat16", "shape": shape, "objective": {"pairs": pairs}, "stages": stages}


def cells(given: argparse.Namespace) -> Iterator[tuple[str, int, str]]:
    return itertools.product(given.models, given.lengths, given.topologies)


def check(out: Path, recipe: Any, rows: int | None, **name: Any) -> None:
    """Compile, and write a line for each stage, unless it is there."""
    if any(all(line.get(key) == value for key, value in name.items()) for line in read(out)):
        return
    import keras

    from keras_bert_zoo.training.tpu.check import check_tpu

    keras.utils.clear_session()
    found = check_tpu(recipe, name["topology"], rows=rows)
    print(json.dumps(name), found, sep="\n", flush=True)
    with out.open("a") as file:
        for stage in found["stages"]:
            file.write(json.dumps({**name, "chips": found["chips"], **stage}) + "\n")


def compile_small(given: argparse.Namespace) -> None:
    for model, length, topology in cells(given):
        for depth, rows in itertools.product(DEPTHS, ROWS[length]):
            name = {"model": model, "topology": topology, "length": length, "depth": depth, "each": rows}
            check(given.out, recipe_of(model, length, depth), rows * chips_of(topology), **name)


def compile_whole(given: argparse.Namespace) -> None:
    """Each cell at its full depth, with as many rows as are thought to fit, or `most`."""
    for model, length, topology in cells(given):
        fit = Fit.of(read(given.out), model, length, topology)
        if fit is None:
            print(f"{model} {length} {topology}: compile it at small depths first")
            continue
        rows = min(fit.most_rows(), given.most)
        name = {"model": model, "topology": topology, "length": length, "depth": depth_of(model), "each": rows}
        check(given.out, recipe_of(model, length, None), rows * chips_of(topology), **name)


def compile_recipes(given: argparse.Namespace) -> None:
    for path, topology in itertools.product(sorted(RECIPES.glob("*.toml")), given.topologies):
        for rows in (None, TOO_MANY):
            check(given.out, path, rows, recipe=path.name, topology=topology, asked=rows)


def depth_of(model: str) -> int:
    from keras_bert_zoo.zoo.presets import PRESETS

    return PRESETS[model].num_layers


class Fit:
    """A cell's figures as functions of depth and rows, which the compiled ones determine: a + b d + c r + e d r."""

    def __init__(self, lines: list[dict[str, Any]]):
        self.lines, self.last = lines, lines[-1]
        points = np.array([terms(line["depth"], line["each"]) for line in lines], float)
        self.of = {name: np.linalg.solve(points, [value(line, name) for line in lines]) for name in NAMES}

    @classmethod
    def of(cls, lines: list[dict[str, Any]], model: str, length: int, topology: str) -> "Fit | None":
        named = {"model": model, "length": length, "topology": topology}
        own = [line for line in lines if all(line.get(key) == said for key, said in named.items())]
        small = [line for line in own if line["depth"] in DEPTHS and line["each"] in ROWS[length] and line["fits"]]
        return cls(small) if len(small) == len(DEPTHS) * len(ROWS[length]) else None

    def __call__(self, name: str, rows: int) -> float:
        return float(self.of[name] @ terms(depth_of(self.last["model"]), rows))

    def most_rows(self) -> int:
        """Rows a chip that just fit at full depth."""
        a, b, c, e = self.of["bytes"]
        depth = depth_of(self.last["model"])
        return max(int((chip_of(self.last["topology"]).memory - a - b * depth) / (c + e * depth)), 0)

    def row(self, rows: int) -> dict[str, Any]:
        seconds = max(self("compute", rows), self("memory", rows)) + self("network", rows)
        found = {name: self(name, rows) for name in ("bytes", "flops", "useful_flops")}
        mfu = found["useful_flops"] / chip_of(self.last["topology"]).flops / seconds
        return {**self.last, **found, "each": rows, "seconds": {"step": seconds}, "useful_mfu": mfu}


NAMES = ("bytes", "flops", "useful_flops", "compute", "memory", "network")


def terms(depth: int, rows: int) -> list[int]:
    return [1, depth, rows, depth * rows]


def value(line: dict[str, Any], name: str) -> float:
    return line["seconds"][name] if name in line["seconds"] else line[name]


def print_table(given: argparse.Namespace) -> None:
    lines = read(given.out)
    print("|", " | ".join(HEAD), "|\n|", "---|" * len(HEAD), sep="")
    for model, length, topology in cells(given):
        fit = Fit.of(lines, model, length, topology)
        if fit is None:
            print(f"| {model} | {length} | {topology} | | | | | | not compiled yet |")
        elif fit.most_rows():
            print_row(fit.row(fit.most_rows()), "estimate")
        for line in lines:
            whole = line.get("model") == model and line["depth"] == depth_of(model)
            if whole and (line["length"], line["topology"]) == (length, topology):
                print_row(line, f"compiled in {line['compile_s']:.0f} s")


def print_row(line: dict[str, Any], known: str) -> None:
    words = [line["model"], line["length"], line["topology"], line["each"], f"{line['bytes'] / GIB:.2f}"]
    if line["fits"]:
        words += [f"{line['flops'] / 1e12:.2f}", f"{1000 * line['seconds']['step']:.0f} ms"]
        words += [f"{line['useful_mfu']:.0%}", known]
    else:
        words += ["", "", "", f"refused: {line['memory'] / GIB:.2f} GiB are there"]
    print("|", " | ".join(map(str, words)), "|")


WHAT = {"compile": compile_small, "whole": compile_whole, "recipes": compile_recipes, "table": print_table}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=WHAT)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--topologies", nargs="+", default=TOPOLOGIES)
    parser.add_argument("--lengths", nargs="+", type=int, choices=LENGTHS, default=LENGTHS)
    parser.add_argument("--most", type=int, default=10**6)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".jsonl"))
    given = parser.parse_args()
    given.out.parent.mkdir(parents=True, exist_ok=True)
    prepare_process()
    WHAT[given.what](given)


if __name__ == "__main__":
    main()
