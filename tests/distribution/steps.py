"""Some steps of pretraining on the devices of this process; run as a program, because a process has one set of them.

python steps.py OUT CASES: a JSON list of what differs from PLAIN; writes losses, norms and weights of each case.
TF_CONFIG, or on JAX KERAS_DISTRIBUTION_JOB_ADDRESSES and its like, make it one of several workers.
"""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

PLAIN = {
    "kind": "one",
    "family": "bert",
    "pairs": "sop",
    "clip": 0.05,
    "parts": 1,
    "call": 1,  # steps
    "dropout": 0.0,
    "jit": False,
    "optimizer": "adamw",
    "devices": 1,
    "shared": False,  # one stream of random numbers for all replicas
    "even": False,  # sizes that two devices can share
    "model": 1,  # devices that share one
    "broken": None,  # the step that has a weight without a number
    "steps": 8,
}
ROWS, LENGTH = 8, 48
EVEN = {"bert": {"num_heads": 4, "intermediate_size": 28}}
EVEN["albert"] = EVEN["bert"] | {"embedding_size": 8}


def prepare_devices(count):
    if os.environ.get("KERAS_BACKEND") == "jax":
        return  # XLA_FLAGS says
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * count)


def make_step(case, runtime):
    import keras
    import numpy as np
    from conftest import SHAPES

    from keras_bert_zoo import build
    from keras_bert_zoo.training.optimizers import OPTIMIZERS
    from keras_bert_zoo.training.step import make_step

    keras.utils.set_random_seed(3)
    task = {"none": "masked_lm"}.get(case["pairs"], "pretraining")
    off = {"dropout": case["dropout"], "attention_dropout": case["dropout"]}
    off |= EVEN[case["family"]] if case["even"] else {}
    with runtime.scope():
        model = build(SHAPES[case["family"]], task=task, max_length=LENGTH, **off)
        optimizer = OPTIMIZERS[case["optimizer"]](0.0, 0.01, global_clipnorm=None)
    random = np.random.default_rng(5)
    for variable in model.trainable_variables:
        variable.assign(random.normal(0, 0.1, variable.shape).astype("float32") + ("gamma" in variable.path))
    if case["shared"]:
        model.encoder.seeds.__class__ = keras.random.SeedGenerator
    micro = ROWS // runtime.replicas // case["parts"]
    return make_step(model, optimizer, micro, case["clip"], case["jit"], runtime)


def run(case, batches, runtime):
    import numpy as np
    from keras import ops

    from keras_bert_zoo.distribution.values import whole

    step, found = make_step(case, runtime), []
    for first in range(0, case["steps"], case["call"]):
        several = [batches[i] for i in range(first, first + case["call"])]
        bias = step.model.masked_lm.bias
        if case["broken"] == first:
            before = ops.convert_to_numpy(bias).copy()
            bias.assign(np.full(before.shape, np.nan, "float32"))
        found += step.take(several, [1e-3] * case["call"])
        if case["broken"] == first:
            bias.assign(before)
    measured = step.measure(batches[0])
    arrays = [whole(variable).ravel() for variable in step.model.trainable_variables]
    slots = [whole(variable).ravel().astype("float64") for variable in step.optimizer.variables]
    return {
        "losses": [[one["masked_lm"], one["pairs"]] for one in found],
        "norms": [one["norm"] for one in found],
        "counts": [[one["masked"], one["answers"], one["real"]] for one in found],
        "measured": [measured["masked_lm"], measured["masked"]],
        "weights": np.concatenate(arrays),
        "slots": np.concatenate(slots),
        "compiled": times_compiled(step),
    }


def times_compiled(step):
    """The functions that were made out of the step, and those that XLA compiled inside of it."""
    if os.environ.get("KERAS_BACKEND") == "jax":
        return [step.learning._cache_size()]
    return [made.experimental_get_tracing_count() for made in (step.learn, step.backward, step.judge)]


def main(out, cases):
    cases = [PLAIN | case for case in json.loads(cases)]
    prepare_devices(cases[0]["devices"])
    from keras_bert_zoo.distribution import make_runtime

    runtimes = {pair: make_runtime(*pair) for pair in dict.fromkeys((case["kind"], case["model"]) for case in cases)}
    import tempfile

    import numpy as np
    from conftest import PIECES
    from corpora import make_corpus

    from keras_bert_zoo.corpus.batches import Batches, Objective
    from keras_bert_zoo.text import WordPiece

    tokenizer = WordPiece("\n".join(PIECES).encode() + b"\n", max_length=LENGTH)
    arrays = {}
    with tempfile.TemporaryDirectory() as folder:
        corpus = make_corpus(Path(folder) / "x", tokenizer)
        for number, case in enumerate(cases):
            runtime = runtimes[case["kind"], case["model"]]
            batches = Batches(corpus, Objective(pairs=case["pairs"]), LENGTH, ROWS, 1, share=runtime.share)
            found = run(case, batches, runtime)
            arrays |= {f"{number}/{name}": np.array(value) for name, value in found.items()}
    np.savez(out, **arrays)


if __name__ == "__main__":
    main(*sys.argv[1:])
