"""A pretraining run as one of the zoo's own models: float16 weights, and a card that says what it cost and can do.

python examples/zoo_release.py runs/bert_tiny --corpus runs/shards --scores runs/scores.jsonl --begun runs/text_start \\
    --start "Words began as ..." --note "It is good at ..." --out keras_bert_zoo/zoo/packaged/bert_tiny

`scores` are the lines that `benchmarks/finetune.py` prints for --weights runs/bert_tiny/model --with ours random words,
and for --weights of the folder that the run began with, which `begun` names. The vocabulary stays out of the folder:
the package has it.
"""

import argparse
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import mean
from textwrap import fill

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from keras_bert_zoo import Corpus, load
from keras_bert_zoo.corpus.batches import Batches, Objective
from keras_bert_zoo.corpus.masking import Masking
from keras_bert_zoo.corpus.shards import check_tokenizer
from keras_bert_zoo.disk import sha256
from keras_bert_zoo.errors import ZooError, find, in_a_sentence
from keras_bert_zoo.showing import as_png
from keras_bert_zoo.tasks import Task
from keras_bert_zoo.training.optimizers import AdamW
from keras_bert_zoo.training.step import make_step

FIGURES = {  # what is told of a set: a figure of benchmarks/finetune.py, its name, and Google's BERT-Tiny by it
    "sst2": ("accuracy", "SST-2, accuracy on dev", "83.2 (test)"),
    "mrpc": ("f1 1", "MRPC, F1 on test", "81.1"),
    "rte": ("accuracy", "RTE, accuracy on dev", "57.2 (test)"),
    "cola": ("matthews", "CoLA, Matthews's correlation on dev", "0.0 (test)"),
    "sms": ("f1 spam", "SMS spam, F1 of spam", ""),
}
THIS = "this model"
COLUMNS = {  # what stands beside it, in words
    THIS: "",
    "before pretraining": "what it began as",
    "random weights": "the same shape from random weights",
    "words": "logistic regression on TF-IDF of the words",
}
CARD = """---
library_name: keras_bert_zoo
license: apache-2.0
language: en
tags: [keras, {family}]
---
# {name}

An English, uncased {upper} of {config.num_layers} depths and {config.hidden_size} hidden numbers, {parameters:,}
parameters, pretrained by keras_bert_zoo itself. It comes with the package (without a pooler):

```python
import keras_bert_zoo

keras_bert_zoo.fill_mask("The movie was one of the [MASK] films of the year.", "{name}")
keras_bert_zoo.finetune(
    "{name}", train="reviews.csv", text="review", label="stars", learning_rate=5e-4, pooling="mean"
)
```

## What it learnt from

{documents:,} documents, {corpus_tokens:,} tokens (others are held out): English novels of 1840 to 1920 (ELTeC),
encyclopaedia articles, and film reviews without labels (IMDB), without those that hold a whole text of a test set
(`examples/pretraining_text.py` names the sets). The articles are those in which IBM marked claims (CE-EMNLP-2015): do
not measure it on these. What such text says of people it may say too.

## How

{start} Masked words at {rate:.0%} ({unit}), rows filled with whole texts, AdamW: {way}. In all {tokens:,} tokens,
{hours:.1f} hours on {place}; `examples/LOG.md` says what else was tried. On all text held out: {heldout}.

![the loss by step](curves.png)

## What it can do

Fine-tuned by `benchmarks/finetune.py` ({settings}); beside it {beside}, and what Google's BERT-Tiny of 2 x 128, which
read 3.3 billion words, has in GLUE (google-research/bert). Means, and how many seeds they are of. {note}

{table}

float16, {size:.1f} MB, SHA-256 of `model.safetensors` `{sum}`.
"""


def lines_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.startswith("{")]


def recipe_of(run: Path) -> dict:
    return json.loads((run / "recipe.json").read_text())


def column(line: dict, names: Mapping[str, str]) -> str:
    """The column of a line of `benchmarks/finetune.py`; `names` are those that weights have there."""
    if line["with"] != "ours":
        return find({"random": "random weights", "words": "words"}, line["with"], "column of a card")
    return find(names, str(line["weights"]), "weights with scores, unless --begun names them")


Found = dict[str, dict[str, dict[int, float]]]


def by_set(scores: Iterable[dict], names: Mapping[str, str]) -> Found:
    """The figures of every set and column, by their seeds."""
    found = defaultdict(lambda: defaultdict(dict))
    for line in scores:
        figure, *_ = find(FIGURES, line["set"], "set of a card")
        seeds = found[line["set"]][column(line, names)]
        if line["seed"] in seeds:
            said = f"{line['set']} has two scores of {column(line, names)} with seed {line['seed']}: leave one out."
            raise ZooError(said)
        seeds[line["seed"]] = 100 * line[figure]
    return found


def score_table(found: Found) -> tuple[str, str]:
    """A row for every set, in Markdown, and what stands beside the model there, in words."""
    columns = [name for name in COLUMNS if any(name in row for row in found.values())]
    rows = [f"| | {' | '.join(columns)} | Google's BERT-Tiny |", "|---" * (len(columns) + 2) + "|"]
    for key in (key for key in FIGURES if key in found):
        _, title, google = FIGURES[key]
        figures = [found[key].get(name, {}).values() for name in columns]
        cells = [f"{mean(values):.1f} ({len(values)})" if values else "" for values in figures]
        rows.append(f"| {title} | {' | '.join(cells)} | {google} |")
    return "\n".join(rows), ", ".join(COLUMNS[name] for name in columns if name != THIS)


def settings(scores: Iterable[dict]) -> str:
    """How the lines were made: each way, and the sets that it was taken for."""
    ways = defaultdict(dict)
    for line in (line for line in scores if "rate" in line):
        pooled = f", the {line['pooling']} of the states" if line.get("pooling") else ""
        some = f", {line['rows']:,} of its training texts" if line.get("rows") else ""
        way = f"rate {line['rate']:g}, {line['epochs']} epochs, {line['batch']} texts a step{pooled}{some}"
        ways[way][FIGURES[line["set"]][1].split(",")[0]] = None
    return "; ".join(f"{', '.join(sets)}: {way}" for way, sets in ways.items())


def hours_of(log: list[dict]) -> float:
    """Of the steps themselves, by the speeds that the log has."""
    spent, before = 0.0, 0
    for line in (line for line in log if "tokens" in line):
        spent += (line["tokens"] - before) / line["tokens_per_s"]
        before = line["tokens"]
    return spent / 3600


def way(recipe: dict, steps: int, file: str) -> str:
    """What a run did, in words."""
    lengths = " and ".join(dict.fromkeys(str(stage["length"]) for stage in recipe["stages"]))
    return f"{steps:,} steps in rows of {lengths} at {recipe['optimizer']['rate']:g} (`examples/recipes/{file}`)"


def wrapped(text: str) -> str:
    """Markdown with its plain paragraphs in lines of 120."""
    plain = [
        part if part[:1] in "|#-`!\n" or "```" in part else fill(part, 120, break_on_hyphens=False)
        for part in text.split("\n\n")
    ]
    return "\n\n".join(plain)


def held_out(model: Task, corpus: Path, recipe: dict, length: int) -> str:
    """The loss and the share that is guessed on all that is held out, in rows of a length."""
    objective = Objective(pairs="none", masking=Masking(**recipe["masking"]))
    batches = Batches(Corpus(corpus, "heldout"), objective, length, 1)
    step = make_step(model, AdamW(0.0), 1, None, None)
    found = [step.measure(batches[row]) for row in range(len(batches.epoch(0).rows))]
    loss, right, masked = (sum(one[key] for one in found) for key in ("masked_lm", "masked_correct", "masked"))
    return f"in rows of {length} **{loss / masked:.3f}** nats a hidden piece, **{right / masked:.1%}** of them guessed"


def draw(log: list[dict]) -> bytes:
    """The loss in training and on held-out text, as a PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.5), layout="constrained")
    axes = figure.subplots()
    learnt = [(line["step"], line["masked_lm"]) for line in log if "masked_lm" in line]
    axes.plot(*zip(*learnt, strict=True), label="training")
    held = [line for line in log if "heldout_masked_lm" in line]
    for length in sorted({line["length"] for line in held}):
        points = [(line["step"], line["heldout_masked_lm"]) for line in held if line["length"] == length]
        axes.plot(*zip(*points, strict=True), "o-", label=f"held out, rows of {length}")
    axes.set(xlabel="step", ylabel="loss (nats a hidden piece)")
    axes.grid(alpha=0.3)
    axes.legend()
    return as_png(figure)


def release(run: Path, file: str, corpus: Path, scores: list[dict], out: Path, begun: str | None, **said: str) -> Path:
    """Write the folder of a finished run; `file` is its recipe, `begun` the weights that it began with."""
    if not scores:
        raise ZooError("There are no scores: a card says what a model can do.")
    names = {said["name"]: THIS, str(run / "model"): THIS} | ({begun: "before pretraining"} if begun else {})
    table, beside = score_table(by_set(scores, names))
    log, recipe = lines_of(run / "log.jsonl"), recipe_of(run)
    shards = json.loads((corpus / "manifest.json").read_text())["parts"]["train"]
    lengths = sorted({stage["length"] for stage in recipe["stages"]})
    model = load(run / "model")
    check_tokenizer(model.tokenizer, Corpus(corpus))
    heldout = "; ".join(held_out(model, corpus, recipe, length) for length in lengths)
    model.tokenizer = None
    model.save_folder(out, overwrite=True, dtype="float16", files={"curves.png": draw(log)})
    weights = out / "model.safetensors"
    text = CARD.format(
        family=model.encoder.config.family,
        upper=model.encoder.config.family.upper(),
        config=model.encoder.config,
        parameters=model.count_params(),
        documents=sum(shard["records"] for shard in shards),
        corpus_tokens=sum(shard["tokens"] for shard in shards),
        rate=recipe["masking"]["rate"],
        unit={"word": "whole words", "piece": "pieces", "ngram": "runs of words"}[recipe["masking"]["unit"]],
        way=way(recipe, log[-1]["step"], file),
        tokens=max(line["tokens"] for line in log if "tokens" in line),
        hours=hours_of(log),
        heldout=heldout,
        table=table,
        beside=beside,
        settings=settings(scores),
        size=weights.stat().st_size / 1e6,
        sum=sha256(weights),
        **said,
    )
    (out / "README.md").write_text(wrapped(text) + "\n")
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--scores", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--begun", help="what the run began with, as the scores name it")
    parser.add_argument("--recipe", help="a file under examples/recipes; else zoo_ and the run's name")
    parser.add_argument("--start", required=True, help="a sentence: what the weights began as")
    parser.add_argument("--note", required=True, help="a sentence or two: what the scores say")
    parser.add_argument("--place", default="two cores of a CPU", help="where it was trained")
    given = parser.parse_args()
    recipe = given.recipe or f"zoo_{given.run.name}.toml"
    said = {key: getattr(given, key) for key in ("start", "place", "note")} | {"name": given.out.name}
    with in_a_sentence():
        release(given.run, recipe, given.corpus, lines_of(given.scores), given.out, given.begun, **said)
    print((given.out / "README.md").read_text())


if __name__ == "__main__":
    main()
