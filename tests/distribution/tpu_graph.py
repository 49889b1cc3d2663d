"""The step of TensorFlow under a TPUStrategy of devices that are not here, as a graph that never runs; a program,
because a process has one strategy.

python tests/distribution/tpu_graph.py OUT
"""

import json
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import tensorflow as tf
from conftest import SHAPES
from tensorflow.python.tpu.tpu_system_metadata import TPUSystemMetadata

from keras_bert_zoo import build
from keras_bert_zoo.corpus.batches import Objective, empty_batch
from keras_bert_zoo.distribution import Runtime
from keras_bert_zoo.training.optimizers import OPTIMIZERS
from keras_bert_zoo.training.step import make_step

REPLICAS, LENGTH = 8, 16
PLACE = "/job:localhost/replica:0/task:0/device:"


class Named(tf.distribute.cluster_resolver.ClusterResolver):
    """Says that there is a host with eight cores of a TPU."""

    def __init__(self):
        self.task_type, self.task_id = "localhost", 0

    def get_tpu_system_metadata(self):
        names = [f"{PLACE}TPU:{i}" for i in range(REPLICAS)] + [f"{PLACE}CPU:0"]
        devices = [tf.config.LogicalDevice(name, name.split(":")[-2]) for name in names]
        return TPUSystemMetadata(REPLICAS, 1, REPLICAS, None, devices)

    def get_job_name(self):
        return "localhost"

    def cluster_spec(self):
        return tf.train.ClusterSpec({})

    def master(self, *_, **__):
        return ""

    def num_accelerators(self, *_, **__):
        return {"TPU": REPLICAS}


def traced(strategy, parts, calls, optimizer="adamw"):
    """What is in the graph of `calls` steps of a BERT, each in so many parts."""
    runtime = Runtime(REPLICAS, strategy=strategy)
    with strategy.scope():
        model = build(SHAPES["bert"], task="pretraining", max_length=LENGTH)
        made = OPTIMIZERS[optimizer](0.0, 0.01, global_clipnorm=None)
    step = make_step(model, made, 1, 1.0, False, runtime)
    batch = empty_batch(Objective(pairs="nsp"), LENGTH, parts, 2)
    batch["stop"] = batch["mask_weights"][:, :1]
    arrays = {key: tf.zeros((calls, parts, 1, *value.shape[1:]), value.dtype) for key, value in batch.items()}
    graph = step.learn.get_concrete_function(arrays, tf.zeros(calls)).graph.as_graph_def()
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    kinds = Counter(node.op for node in nodes)
    return {
        "variables": type(model.trainable_variables[0].value).__name__,
        "weights": len(model.trainable_variables),
        "sums": kinds["CrossReplicaSum"],
        "outside": sum("_xla_outside_compilation" in node.attr for node in nodes),
        "strings": sum(kind.type == tf.string.as_datatype_enum for node in nodes for kind in node.attr.values()),
        "replicated": kinds["TPUReplicateMetadata"],
    }


if __name__ == "__main__":
    strategy = tf.distribute.TPUStrategy(Named())
    cases = {"plain": (1, 1), "parts": (2, 1), "calls": (1, 2), "lamb": (1, 1, "lamb")}
    found = {name: traced(strategy, *case) for name, case in cases.items()}
    found["replicas"] = strategy.num_replicas_in_sync
    Path(sys.argv[1]).write_text(json.dumps(found))
