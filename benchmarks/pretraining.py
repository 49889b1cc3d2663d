"""Pretraining's parts on real text, each measured alone.

python benchmarks/pretraining.py prepare --data $KBZ_DATA     # MB/s, memory, shares of real tokens, rates of masks
python benchmarks/pretraining.py pipeline --data $KBZ_DATA    # batches against what bert_tiny takes
python benchmarks/pretraining.py step --out runs/shards       # CPU time of a step of it, with and without XLA

The corpus is made once, in --out, from all English text in the data.
"""

import argparse
import json
import os
import resource
import statistics
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

from keras_bert_zoo.corpus.batches import Batches, Objective
from keras_bert_zoo.corpus.masking import Masking
from keras_bert_zoo.corpus.prepare import prepare
from keras_bert_zoo.corpus.shards import Corpus
from keras_bert_zoo.text import packaged

ENGLISH = ("imdb/aclImdb_unsup.tar.xz", "corpora/eltec_eng.tar.xz", "corpora/ibm_wikipedia_articles.tar.xz")
MB = 1e6


def make(data: Path, out: Path, workers: int = 2) -> Corpus:
    files = [data / name for name in ENGLISH]
    return prepare(files, out, packaged("bert_uncased_vocab.txt"), workers=workers, only="*[!dv]")


def corpus_of(given: argparse.Namespace) -> Corpus:
    return Corpus(given.out) if given.out.exists() else make(given.data, given.out)


def measure_prepare(given: argparse.Namespace) -> None:
    """Speed with one and two processes, the memory of all of them, and what rows and masks come out."""
    for workers in (1, 2):
        out = given.out.with_name(f"{given.out.name}-{workers}")
        started = time.monotonic()
        corpus = make(given.data, out, workers)
        seconds = time.monotonic() - started
        kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        ours, theirs = (resource.getrusage(kind).ru_maxrss / 1e3 for kind in kinds)
        mb, most = corpus.manifest["bytes"] / MB, ours + workers * theirs
        print(f"{workers} workers: {mb:.0f} MB of text in {seconds:.0f} s, {mb / seconds:.2f} MB/s", flush=True)
        print(f"peak memory: {ours:.0f} MB here, {theirs:.0f} MB in the largest worker, so {most:.0f} MB at most")
    for length in (128, 512):
        for pairs in ("none", "nsp", "sop"):
            batches = Batches(corpus, Objective(pairs=pairs), length, 64)
            started = time.monotonic()
            epoch = batches.epoch(0)
            planned = time.monotonic() - started
            real = (epoch.pairs.length + batches.around).sum() / (len(epoch.rows) * length)
            print(f"{length} {pairs}: {len(epoch.pairs.length):,} texts, {real:.4f} real, planned in {planned:.2f} s")
    for unit in ("piece", "word", "ngram"):
        print(unit, json.dumps(rates(corpus, unit)))


def rates(corpus: Corpus, unit: str, texts: int = 10_000) -> dict[str, float]:
    """Shares of hidden pieces, of what stands there, and of pairs that do not follow, over so many texts."""
    batches = Batches(corpus, Objective(pairs="nsp", masking=Masking(unit=unit)), 128, 64)
    mask, sums = batches.masker.mask_id, dict.fromkeys(("texts", "pieces", "hidden", "mask", "same", "mixed"), 0.0)
    for batch in batches:
        chosen = batch["mask_weights"] > 0
        shown = np.take_along_axis(batch["token_ids"], batch["mask_positions"], 1)[chosen]
        sums["texts"] += batch["text_weights"].sum()
        sums["pieces"] += (batch["padding_mask"] > 0).sum() - 3 * batch["text_weights"].sum()
        sums["hidden"] += chosen.sum()
        sums["mask"] += (shown == mask).sum()
        sums["same"] += (shown == batch["mask_ids"][chosen]).sum()
        sums["mixed"] += (batch["answers"] * batch["text_weights"]).sum()
        if sums["texts"] >= texts:
            break
    sums = {key: float(value) for key, value in sums.items()}
    return {
        "texts": sums["texts"],
        "hidden": sums["hidden"] / sums["pieces"],
        "mask": sums["mask"] / sums["hidden"],
        "same": sums["same"] / sums["hidden"],
        "mixed pairs": sums["mixed"] / sums["texts"],
    }


def measure_pipeline(given: argparse.Namespace) -> None:
    """Real tokens a second of the pipeline alone, and of training bert_tiny from batches in memory."""
    step, batches = tiny(corpus_of(given), 128, 64, "nsp")
    made = [batches[i] for i in range(8)]
    step(made[0], 1e-4)
    for _ in range(3):
        started, tokens = time.monotonic(), 0
        for number in range(8, 8 + 60):
            tokens += (batches[number]["padding_mask"] > 0).sum()
        alone = tokens / (time.monotonic() - started)
        started, tokens = time.monotonic(), 0
        for batch in made:
            step(batch, 1e-4)
            tokens += (batch["padding_mask"] > 0).sum()
        training = tokens / (time.monotonic() - started)
        print(
            f"pipeline {alone:,.0f} tokens/s, training {training:,.0f}: {alone / training:.1f} times as fast",
            flush=True,
        )


def measure_step(given: argparse.Namespace) -> None:
    """CPU time of a step on one thread, with and without the loss compiled by XLA, in turns."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    ways = {"nothing compiled": False, "the loss compiled": None}
    still = {"dropout": 0.0, "attention_dropout": 0.0}
    made = {way: tiny(corpus_of(given), 128, 32, "none", jit, **still) for way, jit in ways.items()}
    batches = [next(iter(made.values()))[1][i] for i in range(4)]
    spent = {way: [] for way in ways}
    for turn in range(6):
        for way, (step, _) in made.items():
            started = time.process_time()
            for batch in batches:
                step(batch, 1e-4)
            spent[way] += [(time.process_time() - started) / len(batches)] * (turn > 0)
    for way, times in spent.items():
        print(f"{way}: {1000 * statistics.median(times):.0f} ms of CPU time a step")


def tiny(corpus: Corpus, length: int, rows: int, pairs: str, jit: bool | None = None, **options: float):
    """A step of bert_tiny, and its batches."""
    import keras

    from keras_bert_zoo import build
    from keras_bert_zoo.training.optimizers import AdamW
    from keras_bert_zoo.training.step import make_step

    keras.utils.set_random_seed(0)
    model = build("bert_tiny", task="masked_lm" if pairs == "none" else "pretraining", **options)
    step = make_step(model, AdamW(0.0, global_clipnorm=None), rows, 1.0, jit)
    return step, Batches(corpus, Objective(pairs=pairs), length, rows)


MEASURES = {
    "prepare": measure_prepare,
    "pipeline": measure_pipeline,
    "step": measure_step,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=MEASURES)
    parser.add_argument("--data", type=Path, default=os.environ.get("KBZ_DATA"))
    parser.add_argument("--out", type=Path, default=Path("runs/english"))
    given = parser.parse_args()
    if given.data is None and not given.out.exists():
        parser.error("give --data, or set KBZ_DATA, or --out with a corpus")
    given.data = given.data and Path(given.data)
    MEASURES[given.what](given)


if __name__ == "__main__":
    main()
