"""A step on several replicas: ours, and Keras's `fit` under the same tf.distribute strategy.

python benchmarks/replicas.py runs/shards --devices 2 --rows 32

Both learn masked words with bert_tiny, dropout on, from the same batches in memory under MirroredStrategy over CPU
devices, in turns in one process; `fit` has Keras's AdamW with the same clip, and XLA off, as Keras has it there.
Prints real tokens a second of each turn, and how many times as many ours takes.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf

LENGTH, RATE = 128, 1e-3


def make_devices(count: int) -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * count)


def our_turn(runtime, batches: list[dict], jit: bool | None) -> Callable[[], None]:
    from keras_bert_zoo import build
    from keras_bert_zoo.training.optimizers import AdamW
    from keras_bert_zoo.training.step import make_step

    with runtime.scope():
        model, optimizer = build("bert_tiny", task="masked_lm"), AdamW(0.0, global_clipnorm=None)
    step = make_step(model, optimizer, len(batches[0]["token_ids"]), 1.0, jit, runtime)

    def turn() -> None:
        for batch in batches:
            step(batch, RATE)

    return turn


def turn_of_fit(runtime, batches: list[dict]) -> Callable[[], None]:
    import keras

    from keras_bert_zoo import build
    from keras_bert_zoo.training.goals import PRETRAINING

    inputs, targets, weights = (
        {key: np.concatenate([batch[key] for batch in batches]) for key in PRETRAINING.inputs if key in batches[0]},
        np.concatenate([batch["mask_ids"] for batch in batches]),
        np.concatenate([batch["mask_weights"] for batch in batches]),
    )
    with runtime.scope():
        model = build("bert_tiny", task="masked_lm")
        model.compile(keras.optimizers.AdamW(RATE, weight_decay=0.01, global_clipnorm=1.0))
    rows = len(batches[0]["token_ids"])
    data = tf.data.Dataset.from_tensor_slices((inputs, targets, weights)).batch(rows).cache().prefetch(2)
    return lambda: model.fit(data, epochs=1, shuffle=False, verbose=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--devices", type=int, default=2)
    parser.add_argument("--rows", type=int, default=32, help="of a step, over all devices")
    parser.add_argument("--steps", type=int, default=20, help="of a turn")
    parser.add_argument("--turns", type=int, default=5)
    given = parser.parse_args()
    make_devices(given.devices)
    from keras_bert_zoo.corpus.batches import Batches, Objective
    from keras_bert_zoo.corpus.shards import Corpus
    from keras_bert_zoo.distribution import make_runtime

    runtime = make_runtime("mirrored")
    source = Batches(Corpus(given.corpus), Objective(), LENGTH, given.rows)
    batches = [source[number] for number in range(given.steps)]
    tokens = sum((batch["padding_mask"] > 0).sum() for batch in batches)
    turns = {
        "ours": our_turn(runtime, batches, jit=None),
        "ours, XLA inside": our_turn(runtime, batches, jit=True),
        "fit": turn_of_fit(runtime, batches),
    }
    speeds: dict[str, list[float]] = {name: [] for name in turns}
    for number in range(given.turns + 1):
        for name, turn in turns.items():
            started = time.monotonic()
            turn()
            if number:  # the first traces
                speeds[name].append(tokens / (time.monotonic() - started))
                print(f"{name}: {speeds[name][-1]:,.0f} tokens/s", flush=True)
    for name in turns:
        ratios = [a / b for a, b in zip(speeds[name], speeds["fit"], strict=True)]
        print(f"{name}: {statistics.median(ratios):.2f} times fit (of {len(ratios)} turns)")


if __name__ == "__main__":
    main()
