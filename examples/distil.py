"""A small classifier that learns the answers of a larger one, to texts with labels and to many more without.

python benchmarks/finetune.py sst2 --data DIR --pooling mean --epochs 3 --average 0.999 --rate 5e-5 --out runs/teacher
python examples/distil.py runs/teacher/0 bert_tiny --texts DIR/sst2/glue/train.tsv --text sentence \\
    --more runs/texts/reviews.jsonl --sentences 100000 --out runs/distilled
keras-bert-zoo evaluate runs/distilled --data DIR/sst2/glue/dev.tsv --text sentence

The larger model reads every text once. The small one, pretrained, learns to give every class the probability that the
larger one gives it (Turc et al. 2019, "Well-Read Students Learn Better"), both softened by a temperature (Hinton et al.
2015, section 2). Labels are not looked at.
"""

import argparse
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from keras_bert_zoo import build, load
from keras_bert_zoo.checkpoints import writable
from keras_bert_zoo.config import check_value
from keras_bert_zoo.corpus.sentences import split_sentences
from keras_bert_zoo.data import Columns, PackedBatches, read
from keras_bert_zoo.errors import ZooError, in_a_sentence
from keras_bert_zoo.tasks import TASKS, Task
from keras_bert_zoo.training.optimizers import AdamW
from keras_bert_zoo.training.schedules import WarmupLinear
from keras_bert_zoo.zoo.presets import is_name

WORDS = 3, 40  # of a sentence that is taken out of a document
CHUNK = 8192  # texts between lines


def sentences(path: Path) -> Iterator[str]:
    """Those of the documents of a file with a JSON object a line, without the short and the long."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                text = str(json.loads(line)["text"])
            except (ValueError, KeyError, TypeError) as error:
                raise ZooError(f'{path}, line {number} is not like {{"text": "..."}}: mend it.') from error
            for sentence in split_sentences(text):
                if WORDS[0] <= len(sentence.split()) <= WORDS[1]:
                    yield sentence


def some(texts: Iterator[str], count: int, seed: int) -> list[str]:
    """So many of them, each at most once, drawn with the seed."""
    different = list(dict.fromkeys(texts))
    return [different[i] for i in np.random.default_rng(seed).permutation(len(different))[:count]]


def soften(likely: np.ndarray, temperature: float) -> np.ndarray:
    """The probabilities (N, C) of logits that are divided by the temperature."""
    raised = np.maximum(likely, 1e-12) ** (1 / temperature)
    return raised / raised.sum(1, keepdims=True)


def answers(teacher: Task, texts: list[str]) -> np.ndarray:
    """The probability that it gives to every class (N, C)."""
    found = []
    for start in range(0, len(texts), CHUNK):
        found += teacher.answer(texts[start : start + CHUNK])
        print(f"the larger model has read {len(found):,} of {len(texts):,} texts", flush=True)
    return np.array([[answer["scores"][label] for label in teacher.labels] for answer in found])


class Softened(keras.losses.Loss):
    """The cross-entropy with what is likely in place of what is true, of logits at a temperature.

    Times the square of the temperature, so that a gradient does not grow smaller with it.
    """

    def __init__(self, temperature: float):
        super().__init__(reduction="mean_with_sample_weight")
        self.temperature = temperature

    def call(self, y_true, y_pred):
        surprise = keras.losses.categorical_crossentropy(y_true, y_pred / self.temperature, from_logits=True)
        return surprise * self.temperature**2


def distil(student: Task, texts: list[str], likely: np.ndarray, given: argparse.Namespace) -> list[float]:
    """Teach the student these answers; the loss of every epoch."""
    inputs = student.tokenizer(texts, length=given.length)
    softened = soften(likely, given.temperature).astype("float32")
    longest = student.encoder.config.max_length
    batches = PackedBatches(inputs, softened, np.ones(len(texts)), given.batch, given.seed, longest)
    steps = given.epochs * len(batches)
    optimizer = AdamW(WarmupLinear(given.rate, steps, steps // 10), 0.01, global_clipnorm=1.0)
    student.compile(optimizer, Softened(given.temperature))
    losses = student.fit(batches, epochs=given.epochs, shuffle=False, verbose=2).history["loss"]
    student.tokenizer.max_length = given.length  # answers see of a text what training saw
    return losses


def start(name: str, teacher: Task) -> Task:
    """The encoder of a folder or of a model's release, with a new head for the larger one's classes."""
    where = {"name": name, "weights": "pretrained"} if is_name(name) else {"weights": name}
    taught = build(**where, pooler=False)
    student = TASKS["classification"](taught.encoder, labels=teacher.labels, pooling="mean")
    student.tokenizer = taught.tokenizer
    return student


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("teacher", help="the folder of a fine-tuned classifier")
    parser.add_argument("student", help="a model's name or a folder")
    parser.add_argument("--texts", type=Path, nargs="+", required=True, help="files of the task: CSV, TSV or JSONL")
    parser.add_argument("--text", default="text", help="their column")
    parser.add_argument("--label", default="label", help="the column of labels, which are not looked at")
    parser.add_argument("--more", type=Path, help="a JSONL file of documents, of which sentences are drawn")
    parser.add_argument("--sentences", type=int, default=100_000, help="how many")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch", type=int, default=64, help="texts a step")
    parser.add_argument("--rate", type=float, default=5e-4, help="the learning rate at its peak")
    parser.add_argument("--temperature", type=float, default=2.0, help="that logits are divided by")
    parser.add_argument("--length", type=int, default=64, help="tokens that a text is cut to")
    parser.add_argument("--seed", type=int, default=0, help="of the sentences, the order and the new head")
    parser.add_argument("--out", type=Path, required=True, help="a new folder for the small model")
    given = parser.parse_args()
    with in_a_sentence():
        run(given)


def run(given: argparse.Namespace) -> None:
    for name in ("sentences", "epochs", "batch", "length"):
        check_value(name, int, getattr(given, name))
    for name in ("rate", "temperature"):
        if not 0 < getattr(given, name) < math.inf:
            raise ZooError(f"{name}={getattr(given, name)} must be above 0.")
    writable(given.out)
    more = some(sentences(given.more), given.sentences, given.seed) if given.more else []
    keras.utils.set_random_seed(given.seed)
    teacher = load(given.teacher)
    if getattr(teacher, "key", None) != "classification":
        raise ZooError(
            f"{given.teacher} does not tell classes apart: fine-tune a model with task=classification first."
        )
    student = start(given.student, teacher)
    columns = Columns(given.text, given.label)
    texts = list(dict.fromkeys(text for path in given.texts for text in read(path, columns).texts))
    texts += more
    student.tokenizer([], length=given.length)  # whether it has room for that, before the larger model reads
    losses = distil(student, texts, answers(teacher, texts), given)
    said = {key: str(value) if isinstance(value, Path) else value for key, value in vars(given).items()}
    said |= {"texts": [str(path) for path in given.texts], "count": len(texts), "losses": losses}
    student.save_folder(given.out, files={"distilled.json": json.dumps(said, indent=2).encode()})
    print(f"{given.out}: {len(texts):,} texts, loss {losses[0]:.3f} to {losses[-1]:.3f}")


if __name__ == "__main__":
    main()
