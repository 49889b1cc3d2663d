"""Labelled texts in three parts, and how many tokens they are cut to. GLUE's dev part is the test where its own has no
labels here; another part of the training texts then chooses the epoch."""

from pathlib import Path

import numpy as np

from keras_bert_zoo.data import Columns, Examples, Splits, read, without_repeats


def some(examples: Examples, rows: int | None, seed: int) -> Examples:
    """`rows` of them, drawn with the seed; all of them, in their order, where it is None."""
    return examples if rows is None else examples.take(np.random.default_rng(seed).permutation(len(examples))[:rows])


def sms(data: Path, rows: int | None, seed: int) -> tuple[Splits, int]:
    """The bundled messages without repeats, 70/15/15 by class."""
    drawn = Splits.draw(without_repeats(read("sms_spam")), (0.15, 0.15), seed)
    return drawn._replace(train=some(drawn.train, rows, seed)), 128


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


def table(path: Path, encoding: str = "utf-8") -> list[list[str]]:
    """The cells of a file with tabs, in which a quotation mark is a mark like others."""
    return [line.split("\t") for line in path.read_text(encoding).splitlines()]


def examples(path: Path, rows: list[list[str]], label: int, text: int, pair: int | None = None) -> Examples:
    """Rows as examples, by the places of their cells."""
    pairs = None if pair is None else [row[pair] for row in rows]
    labels = [row[label] for row in rows]
    return Examples([row[text] for row in rows], pairs, labels, str(path), list(range(1, len(rows) + 1)))


def mrpc(data: Path, rows: int | None, seed: int) -> tuple[Splits, int]:
    """Microsoft's paraphrases: GLUE's dev pairs choose the epoch, the labelled test part is the test."""
    train, test = (data / f"mrpc/msr_paraphrase_{part}.txt" for part in ("train", "test"))
    dev = {tuple(pair) for pair in table(data / "mrpc/dev_ids.tsv")}
    cells = table(train, "utf-8-sig")[1:]
    parts = [[row for row in cells if (tuple(row[1:3]) in dev) is kept] for kept in (False, True)]
    learnt, chosen = (examples(train, part, 0, 3, 4) for part in parts)
    return Splits(some(learnt, rows, seed), chosen, examples(test, table(test, "utf-8-sig")[1:], 0, 3, 4)), 128


def rte(data: Path, rows: int | None, seed: int) -> tuple[Splits, int]:
    """Textual entailment: a tenth of the training pairs chooses the epoch, GLUE's dev set is the test."""
    train, dev = (examples(data / f"rte/{p}.tsv", table(data / f"rte/{p}.tsv")[1:], 3, 1, 2) for p in ("train", "dev"))
    drawn = Splits.draw(some(train, rows, seed), (0.1, 0), seed)
    return Splits(drawn.train, drawn.validation, dev), 192


def cola(data: Path, rows: int | None, seed: int) -> tuple[Splits, int]:
    """Acceptable sentences: a tenth of the training ones chooses the epoch, GLUE's dev set (both parts) is the test."""
    train, *dev = (data / "cola" / f"{name}.tsv" for name in ("in_domain_train", "in_domain_dev", "out_of_domain_dev"))
    drawn = Splits.draw(some(examples(train, table(train), 1, 3), rows, seed), (0.1, 0), seed)
    return Splits(drawn.train, drawn.validation, examples(dev[0], [row for p in dev for row in table(p)], 1, 3)), 64


SETS = {"sms": sms, "sst2": sst2, "claims": claims, "mrpc": mrpc, "rte": rte, "cola": cola}
