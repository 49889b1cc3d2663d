"""What tests share: tiny shapes with odd sizes, a tiny vocabulary, and the goldens."""

import gc
import io
import json
import os
from pathlib import Path
from types import SimpleNamespace

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from keras_bert_zoo import BertConfig
from keras_bert_zoo.text import WordPiece

GOLDENS = Path(__file__).parent / "goldens"
BERT = BertConfig(
    vocab_size=41,
    num_layers=3,
    num_blocks=3,
    hidden_size=12,
    embedding_size=12,
    num_heads=3,
    intermediate_size=29,
    max_length=23,
)
ALBERT = BertConfig(
    vocab_size=41,
    num_layers=5,
    num_blocks=2,
    hidden_size=12,
    embedding_size=7,
    num_heads=3,
    intermediate_size=29,
    max_length=23,
    activation="gelu_tanh",
)
SHAPES = {"bert": BERT, "albert": ALBERT}
PIECES = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    *"abcdefghijklmnopqr",
    *(f"##{c}" for c in "abcdefghijklmnopqr"),
]


def pytest_collection_modifyitems(items):
    """The longest file first, so that no process ends minutes after the other."""
    items.sort(key=lambda item: "without_tensorflow" not in item.nodeid)


@pytest.fixture(autouse=True)
def fresh():
    """Every test with the same random numbers and no names left over."""
    keras.utils.clear_session()  # frees memory too
    gc.freeze()  # else every search for garbage goes through all of TensorFlow, a second and more each time
    keras.utils.set_random_seed(0)


@pytest.fixture
def eager():
    """Steps without a graph, which takes longer to trace than they take: for the course of a run, not its numbers."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def here(monkeypatch, capsys):
    """`keras-bert-zoo` in this process, which has TensorFlow already: its status, and what it wrote."""
    from keras_bert_zoo.cli import main

    def run(*arguments, folder=".", stdin=b""):
        monkeypatch.chdir(folder)
        monkeypatch.setattr("sys.argv", ["keras-bert-zoo", *map(str, arguments)])
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as done:
            main()
        said = capsys.readouterr()
        return SimpleNamespace(returncode=done.value.code or 0, stdout=said.out, stderr=said.err)

    return run


def on_jax(**more):
    """The environment of a process on JAX; XLA is in a hurry there: what it compiles runs a few times."""
    haste = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
    return os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "XLA_FLAGS": haste} | more


@pytest.fixture
def tokenizer():
    """A WordPiece of the letters a to r: 41 pieces."""
    return WordPiece("\n".join(PIECES).encode() + b"\n", max_length=23)


@pytest.fixture(params=["bert", "albert"])
def family(request):
    return request.param


@pytest.fixture
def golden(family):
    """The folder of a tiny model of transformers, and what it computes."""
    with np.load(GOLDENS / family / "expected.npz") as file:
        return GOLDENS / family, dict(file)


def disturb(model, by=0.1):
    """Add noise to every weight: norms that are 1 and biases that are 0 hide mistakes."""
    random = np.random.default_rng(0)
    for weight in model.weights:
        value = keras.ops.convert_to_numpy(weight)
        weight.assign(value + random.normal(0, by, value.shape).astype("float32"))
    return model


def rows(lengths, width, vocab=41):
    """Random texts of these lengths, one a row."""
    random = np.random.default_rng(1)
    mask = (np.arange(width) < np.array(lengths)[:, None]).astype("int32")
    ids = random.integers(5, vocab, mask.shape).astype("int32") * mask
    segments = ((np.arange(width) >= np.array(lengths)[:, None] // 2) * mask).astype("int32")
    return {"token_ids": ids, "segment_ids": segments, "padding_mask": mask}


def packed(inputs):
    """The texts of several rows one after another in a single row, with padding behind."""
    lengths = inputs["padding_mask"].sum(1)
    width = lengths.sum() + 2
    row = {key: np.zeros((1, width), "int32") for key in inputs}
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    for text, (start, length) in enumerate(zip(starts, lengths, strict=True)):
        for key in ("token_ids", "segment_ids"):
            row[key][0, start : start + length] = inputs[key][text, :length]
        row["padding_mask"][0, start : start + length] = text + 1
    return row | {"text_positions": starts[None].astype("int32")}


def copy_folder(folder, target, change_tensors=None, change_config=None):
    """A folder like another, with its tensors and config changed."""
    target.mkdir(exist_ok=True)
    tensors = load_file(folder / "model.safetensors")
    config = json.loads((folder / "config.json").read_text())
    tensors = (change_tensors or (lambda t: t))(tensors)
    save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})
    (target / "config.json").write_text(json.dumps((change_config or (lambda c: c))(config)))
    return target
