"""What systems are measured by in `time_to_quality.py` and `recipe_trials.py`: held-out pieces, a clock of CPU time,
lines of JSON, a picture."""

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from keras_bert_zoo.corpus.masking import Masker, Masking
from keras_bert_zoo.corpus.shards import Corpus
from keras_bert_zoo.training.schedules import falling

LENGTH, ROWS = 128, 32  # tokens, rows of a step
DECAY, BETA_2, CLIP, EPSILON = 0.01, 0.98, 1.0, 1e-6
POINTS = 20
SETTINGS = ("minutes", "rate", "warmup")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "2"}
System = Callable[[Path, "Heldout", Callable[..., "Clock"]], None]


def windows(corpus: Corpus, start: int, end: int) -> np.ndarray:
    """Every full window of the documents, between its special pieces (N, T)."""
    room, rows = LENGTH - 2, []
    for document in range(len(corpus)):
        ids = corpus.read(document).token_ids
        whole = len(ids) // room * room
        rows.append(ids[:whole].reshape(-1, room))
    inner = np.concatenate(rows).astype("int32")
    edge = np.ones((len(inner), 1), "int32")
    return np.concatenate([start * edge, inner, end * edge], axis=1)


class Heldout:
    """Rows of held-out documents: shown ids (N, T), hidden places (N, M), and what stood there (N, M)."""

    def __init__(self, folder: Path, rows: int = 512):
        corpus = Corpus(folder, "heldout")
        tokenizer = corpus.tokenizer()
        _, start, end = tokenizer.frame()
        masker, random = Masker(Masking(), tokenizer), np.random.default_rng(0)
        all_rows = windows(corpus, start, end)
        self.ids = all_rows[random.permutation(len(all_rows))[:rows]]
        count = int(0.15 * (LENGTH - 2))
        self.places, self.truth = (np.zeros((len(self.ids), count), "int32") for _ in range(2))
        for row, ids in enumerate(self.ids):
            places, shown = masker(ids[1:-1], count, random)
            self.truth[row], self.places[row] = ids[1:-1][places], places + 1
            ids[1 + places] = shown

    def loss(self, scores: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> float:
        """The mean loss; `scores` gives (B, M, V) for ids and places."""
        total = 0.0
        for at in range(0, len(self.ids), ROWS):
            found = scores(self.ids[at : at + ROWS], self.places[at : at + ROWS]).astype("float64")
            own = np.take_along_axis(found, self.truth[at : at + ROWS, :, None], -1)[..., 0]
            most = found.max(-1)
            total += (np.log(np.exp(found - most[..., None]).sum(-1)) + most - own).sum()
        return total / self.truth.size


class Clock:
    """CPU time of this process since the first step, and `spent` before it, without what is spent in measuring."""

    def __init__(
        self,
        minutes: float,
        peak: float,
        warmup: float,
        say: Callable[[dict], None],
        measure: Callable[[], float],
        spent: float = 0.0,
        shape: str = "linear",
    ):
        self.budget, self.peak, self.warmup, self.shape = 60 * minutes, peak, warmup, shape
        self.measure, self.say = measure, say
        self.began, self.points, self.tokens, self.steps = time.process_time() - spent, 0, 0, 0

    @property
    def done(self) -> float:
        """The share of the time that is over."""
        return min((time.process_time() - self.began) / self.budget, 1.0)

    @property
    def rate(self) -> float:
        return self.peak * max(falling(self.shape, self.done, self.warmup), 1e-3)

    def after_step(self, tokens: int) -> bool:
        """Whether to go on."""
        self.tokens, self.steps, done = self.tokens + tokens, self.steps + 1, self.done
        if done * POINTS >= self.points + 1:
            self.points, started = math.floor(done * POINTS), time.process_time()
            line = {"cpu_s": done * self.budget, "loss": self.measure(), "steps": self.steps, "tokens": self.tokens}
            self.say(line)
            self.began += time.process_time() - started
        return done < 1


def one(given: argparse.Namespace, name: str, system: System) -> None:
    """One system, here, in one thread."""
    if name != "transformers":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    given.out.mkdir(parents=True, exist_ok=True)
    told = {"system": name} | {key: getattr(given, key) for key in SETTINGS}
    path = given.out / f"{name}.jsonl"
    part = path.with_suffix(".part")
    with part.open("w") as file:

        def say(line: dict) -> None:
            file.write(json.dumps(told | line) + "\n")
            file.flush()
            minutes, tokens = line["cpu_s"] / 60, line["tokens"]
            print(f"{name} {minutes:.1f} min  loss {line['loss']:.4f}  {tokens:,} tokens", flush=True)

        system(given.corpus, Heldout(given.corpus), partial(Clock, given.minutes, given.rate, given.warmup, say))
    part.replace(path)


def draw(out: Path) -> None:
    """The curves of all that was run, and when each other system's last loss was reached by ours."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    curves = {path.stem: [json.loads(line) for line in path.open()] for path in sorted(out.glob("*.jsonl"))}
    figure, axes = plt.subplots(figsize=(8, 4.5), constrained_layout=True)
    for name, points in curves.items():
        axes.plot([p["cpu_s"] / 60 for p in points], [p["loss"] for p in points], marker=".", label=name)
    axes.set(xlabel="minutes of CPU time", ylabel="held-out masked-LM loss")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(out / "curves.png", dpi=120)
    for name, points in curves.items():
        last, tokens = points[-1], points[-1]["tokens"] / points[-1]["cpu_s"]
        print(f"{name}: {last['loss']:.4f} after {last['cpu_s'] / 60:.1f} min, {tokens:,.0f} tokens a CPU second")
        at = next((p["cpu_s"] for p in curves.get("ours", []) if p["loss"] <= last["loss"]), None)
        if at and name != "ours":
            print(f"  ours was there after {at / 60:.1f} min, {at / last['cpu_s']:.2f} of the time")


def main(systems: Mapping[str, System], doc: str | None) -> None:
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="a folder of `keras-bert-zoo prepare`, BERT's uncased vocabulary")
    parser.add_argument("--with", dest="systems", nargs="*", choices=systems, default=list(systems))
    parser.add_argument("--minutes", type=float, default=20, help="of CPU time, each")
    parser.add_argument("--rate", type=float, default=2e-3, help="the learning rate at its peak")
    parser.add_argument("--warmup", type=float, default=0.05, help="the share of the time in which the rate rises")
    parser.add_argument("--out", type=Path, required=True, help="the folder of the curves")
    parser.add_argument("--here", choices=systems, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.here:
        one(given, given.here, systems[given.here])
        return
    if given.minutes <= 0 or not given.corpus.is_dir():
        parser.error("minutes must be above 0, and the corpus a folder of `keras-bert-zoo prepare`")
    for path in sorted(given.out.glob("*.jsonl")):
        line = json.loads(path.read_text().partition("\n")[0])
        if any(line.get(key, getattr(given, key)) != getattr(given, key) for key in SETTINGS):
            parser.error(f"{path} was measured with other settings: choose another folder with --out")
    for name in given.systems:
        settings = [f"--{key}={getattr(given, key)}" for key in (*SETTINGS, "out")]
        command = [sys.executable, sys.argv[0], str(given.corpus), "--here", name, *settings]
        if subprocess.run(command, env=os.environ | ONE_THREAD).returncode:
            print(f"{name} ended too early; its last lines say why", flush=True)
    draw(given.out)
