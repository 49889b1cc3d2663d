"""A small BERT that learns a larger one's states: what stands at the end of the larger at every token of plain text.

python examples/distil.py runs/shards minilm_l6 bert_tiny --rows 30000 --epochs 5 --out runs/distilled

The larger model is read once; its states are kept as their first principal components, as many as the small one is
wide, and a dense layer, which is thrown away in the end, makes them of the small one's (Jiao et al. 2020, section 3.2,
equation 8, the last block alone). Both need the corpus's vocabulary. The folder is an encoder without a head, as
all-MiniLM-L6-v2 is: `finetune` takes it, best with pooling="mean".
"""

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from keras_bert_zoo import Corpus, build
from keras_bert_zoo.corpus.batches import Batches, Objective
from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.tasks import Task
from keras_bert_zoo.training.optimizers import AdamW
from keras_bert_zoo.training.schedules import WarmupLinear

ROWS = 32  # of a step
FIRST = 16  # batches that decide about the components
TOLD = 100  # batches between lines


def unmasked(batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays of a batch of pretraining with its text as it was."""
    ids = batch["token_ids"].copy()
    row, place = np.nonzero(batch["mask_weights"])
    ids[row, batch["mask_positions"][row, place]] = batch["mask_ids"][row, place]
    return {"token_ids": ids, "segment_ids": batch["segment_ids"], "padding_mask": batch["padding_mask"]}


class Components:
    """The first principal components of states, in numbers whose largest spread is 1."""

    def __init__(self, states: np.ndarray, width: int):
        self.mean = states.mean(0)
        sizes, directions = np.linalg.eigh(np.cov(states.T.astype("float64")))
        self.kept = sizes[::-1][:width].sum() / sizes.sum()
        self.directions = (directions[:, ::-1][:, :width] / np.sqrt(sizes[-1])).astype("float32")

    def __call__(self, states: np.ndarray) -> np.ndarray:
        return (states - self.mean) @ self.directions


class Lesson(keras.utils.PyDataset):
    """Rows of text, the states to have there, and weights: 0 where there is no token."""

    def __init__(self, inputs: dict[str, np.ndarray], states: np.ndarray):
        super().__init__()
        self.inputs, self.states, self.epoch = inputs, states, -1
        self.on_epoch_end()

    def on_epoch_end(self) -> None:
        self.epoch += 1
        self.order = np.random.default_rng((0, self.epoch)).permutation(len(self.states))

    def __len__(self) -> int:
        return len(self.states) // ROWS

    def __getitem__(self, index: int) -> tuple:
        rows = np.sort(self.order[index * ROWS : (index + 1) * ROWS])
        inputs = {key: array[rows] for key, array in self.inputs.items()}
        return inputs, self.states[rows].astype("float32"), (inputs["padding_mask"] > 0).astype("float32")


class Learner(keras.Model):
    """The small model, and the layer that makes the larger one's states of its own."""

    def __init__(self, encoder: keras.layers.Layer, width: int):
        super().__init__()
        self.encoder, self.dense = encoder, keras.layers.Dense(width)

    def call(self, inputs, training=None):
        return self.dense(self.encoder(inputs, training=training)["sequence_output"])


def lesson(teacher: Task, batches: Batches, rows: int, width: int) -> tuple[Lesson, float]:
    """What the teacher says of so many rows, and the share of its states' variance that is kept."""
    steps, inputs, states, found = rows // ROWS, [], [], None
    for step in range(steps):
        inputs.append(unmasked(batches[step]))
        states.append(teacher.predict_on_batch(inputs[-1])["sequence_output"])
        if found is None and step + 1 in (FIRST, steps):
            real = [state[given["padding_mask"] > 0] for state, given in zip(states, inputs, strict=True)]
            found = Components(np.concatenate(real), width)
            states = [found(state).astype("float16") for state in states]
        elif found:
            states[-1] = found(states[-1]).astype("float16")
        if step % TOLD == 0:
            print(f"the larger model has read {(step + 1) * ROWS:,} of {steps * ROWS:,} rows", flush=True)
    whole = {key: np.concatenate([batch[key] for batch in inputs]) for key in inputs[0]}
    return Lesson(whole, np.concatenate(states)), found.kept


def distil(teacher: Task, student: Task, corpus: Corpus, rows: int, epochs: int, rate: float, length: int) -> dict:
    """Teach the student; what was seen and came of it."""
    for model in (teacher, student):
        if corpus.tokenizer().vocabulary.ids != model.tokenizer.vocabulary.ids:
            raise ZooError(f"{corpus.folder} has another vocabulary than {model.name}: prepare it with that model's.")
    width = student.encoder.config.hidden_size
    given, kept = lesson(teacher, Batches(corpus, Objective(short=0.5), length, ROWS), rows, width)
    learner, steps = Learner(student.encoder, width), epochs * len(given)
    loss = keras.losses.MeanSquaredError(reduction="mean_with_sample_weight")
    learner.compile(AdamW(WarmupLinear(rate, steps, steps // 20), 0.01, global_clipnorm=1.0), loss)
    losses = learner.fit(given, epochs=epochs, shuffle=False, verbose=2).history["loss"]
    tokens = int((given.inputs["padding_mask"] > 0).sum())
    return {"tokens": tokens, "epochs": epochs, "variance_kept": float(kept), "losses": losses}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("teacher", help="a model's name or a folder")
    parser.add_argument("student")
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--length", type=int, default=128, help="tokens of a row")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    keras.utils.set_random_seed(0)
    teacher, student = (encoder(name, dropout=0.0, attention_dropout=0.0) for name in (given.teacher, given.student))
    said = distil(teacher, student, Corpus(given.corpus), given.rows, given.epochs, given.rate, given.length)
    student.save_folder(given.out, overwrite=True, files={"distilled.json": json.dumps(said, indent=2).encode()})
    print(f"{given.out}: {said}")


def encoder(name: str, **options: float) -> Task:
    """The bare encoder of a folder, or of a model's first release."""
    where = {"weights": name} if Path(name).is_dir() else {"name": name, "weights": "pretrained"}
    return build(**where, pooler=False, **options)


if __name__ == "__main__":
    main()
