"""Every task on JAX, in a process where TensorFlow cannot be imported: build, call, answer, train, save, load.

KERAS_BACKEND=jax python tests/without_tensorflow.py
"""

import sys
import tempfile
from contextlib import suppress
from dataclasses import replace
from importlib.abc import MetaPathFinder
from pathlib import Path


class Refuse(MetaPathFinder):
    """Stands where TensorFlow is not installed."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tensorflow", "tensorflow_text"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Refuse())

import contracts
import keras
from conftest import ALBERT, BERT, PIECES, SHAPES
from corpora import make_corpus
from small_runs import dying

from keras_bert_zoo import ZooError, build, fill_mask, finetune, load, pretrain
from keras_bert_zoo.text import WordPiece

# XLA compiles every depth: enough for two blocks, and for one that comes twice
SHAPES.update(bert=replace(BERT, num_layers=2, num_blocks=2), albert=replace(ALBERT, num_layers=3))
TASKS = {"states": {}, "masked_lm": {}, "pretraining": {}, "classification": {"num_classes": 3}}
TASKS["multi_label"] = {"num_classes": 3}


def main() -> None:
    assert keras.backend.backend() == "jax"
    tokenizer = WordPiece("\n".join(PIECES).encode() + b"\n", max_length=23)
    for family in ("bert", "albert"):
        for task, options in TASKS.items():
            folder = Path(tempfile.mkdtemp())
            contracts.does_not_see_padding(task, family, options)
            contracts.packs(task, family, options)
            contracts.comes_back_from_its_folder(task, family, options, folder, tokenizer)
            contracts.comes_back_from_a_keras_file(task, family, options, folder, tokenizer)
            if task != "states":
                contracts.learns(task, family, options)
            if task == "pretraining":
                contracts.drops_out(task, family, options)
    finetunes(tokenizer)
    pretrains(tokenizer)
    says_what_needs_tensorflow()
    assert not [name for name in sys.modules if name.partition(".")[0] == "tensorflow"]
    print("without TensorFlow: all well")


def pretrains(tokenizer: WordPiece) -> None:
    """An ALBERT in half precision: a run that is stopped and gone on with, and guesses."""
    folder = Path(tempfile.mkdtemp())
    data = make_corpus(folder, tokenizer).folder
    sizes = {"num_layers": 2, "num_heads": 2, "hidden_size": 8, "intermediate_size": 8, "max_length": 32}
    stages = [{"length": 24, "rows": 4, "micro": 2}]
    recipe = {"model": "albert_base", "shape": sizes, "objective": {"pairs": "sop"}, "stages": stages}
    recipe |= {"masking": {"unit": "ngram"}, "optimizer": {"name": "lamb"}, "dtype": "mixed_bfloat16"}
    recipe |= {"steps": 5, "commit_every": 2, "evaluate_rows": 4}
    pretrain(recipe, folder / "whole", data)
    with dying(3), suppress(MemoryError):
        pretrain(recipe, folder / "run", data)
    pretrain(recipe, folder / "run", data)
    states = [(folder / out / "commits" / "step-0000000005" / "state.safetensors") for out in ("whole", "run")]
    assert states[0].read_bytes() == states[1].read_bytes()
    assert fill_mask("a [MASK] b", folder / "run" / "model")


def finetunes(tokenizer: WordPiece) -> None:
    """A run whose folder answers."""
    folder = Path(tempfile.mkdtemp())
    model = build(BERT, num_layers=1, num_blocks=1)
    model.tokenizer = tokenizer
    model.save_folder(folder / "weights")
    texts = [f"{a} {b}" for a in "abcdef" for b in "bcdefg"]
    labels = ["spam" if "a" in text else "ham" for text in texts]
    run = finetune(
        folder / "weights", train=(texts, labels), out=folder / "run", epochs=2, average=0.9, tell=lambda _: None
    )
    assert run.report["versions"]["backend"] == "jax"
    assert load(folder / "run").answer("a")[0]["label"] in ("ham", "spam")


def says_what_needs_tensorflow() -> None:
    """One sentence, each time."""
    folder = Path(tempfile.mkdtemp())
    (folder / "bert_config.json").write_text("{}")
    (folder / "model.ckpt.index").write_text("")
    model = build("bert_tiny")
    for call in (
        lambda: load(folder),
        lambda: model.save_folder(folder / "x", form="google"),
        lambda: model.tokenizer.in_graph(["a"]),
    ):
        try:
            call()
        except ZooError as error:
            assert "TensorFlow" in str(error), error
        else:
            raise AssertionError("worked without TensorFlow?")


if __name__ == "__main__":
    main()
