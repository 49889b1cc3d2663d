"""How good a 2 x 128 BERT becomes in so many minutes of CPU time: ours, and what people use today.

python benchmarks/time_to_quality.py runs/shards --minutes 20 --out runs/quality          # all, one after the other
python benchmarks/time_to_quality.py runs/shards --minutes 20 --with ours --out runs/quality   # adds to what is there

Each system learns the same documents (BERT's uncased pieces, prepared once for all) in rows of 128, 32 a step, 15 % of
the pieces hidden, with the same AdamW (decay 0.01, beta_2 0.98, clip 1), the same learning rate, which falls to 0 with
the CPU clock, and no dropout, in one thread of a process of its own. The loss is of the same hidden pieces of held-out
documents for all, and measuring it is not counted. The clock is the process's own CPU time, which others on the machine
hardly touch: the systems need not take turns. Ours begins as our recipe says, with words out of the same documents
(`examples/words_from_text.py`), which its clock counts (and which takes half of its warm-up); "random" is ours from
random weights, drawn at 0.08, "stock" our recipe with Keras's own look-up and AdamW; the peers begin as they do.
Ours in other shapes and by other recipes: `recipe_trials.py`.
Writes a line of JSON for every point, and the picture of the curves.
"""

import argparse
import contextlib
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.append(str(Path(__file__).parents[1] / "examples"))

import numpy as np

from keras_bert_zoo.corpus.batches import Batches, Objective
from keras_bert_zoo.corpus.masking import Masker, Masking
from keras_bert_zoo.corpus.shards import Corpus
from keras_bert_zoo.training.schedules import falling

LENGTH, ROWS, HIDDEN = 128, 32, 20  # tokens, rows of a step, hidden pieces of a row at most
DECAY, BETA_2, CLIP, EPSILON = 0.01, 0.98, 1.0, 1e-6
SHAPE = {"layers": 2, "hidden": 128, "heads": 2, "inner": 512}
POINTS = 20
MASKING = Masking()
Plan = tuple[tuple[float, int, int], ...]  # up to a share of the time: rows of a step, tokens of a row
PLAN: Plan = ((1.0, ROWS, LENGTH),)


def windows(corpus: Corpus, start: int, end: int) -> np.ndarray:
    """Every full window of the documents, between its special pieces (N, T)."""
    room, rows = LENGTH - 2, []
    for document in range(len(corpus)):
        ids = corpus.read(document).token_ids
        whole = len(ids) // room * room
        rows.append(ids[:whole].reshape(-1, room))
    inner = np.concatenate(rows).astype("int32")
    edge = np.ones((len(inner), 1), "int32")
    return np.concatenate([start * edge, inner, end * edge], axis=1)


class Heldout:
    """Rows of held-out documents: shown ids (N, T), hidden places (N, M), and what stood there (N, M)."""

    def __init__(self, folder: Path, rows: int = 512):
        corpus = Corpus(folder, "heldout")
        tokenizer = corpus.tokenizer()
        _, start, end = tokenizer.frame()
        masker, random = Masker(Masking(), tokenizer), np.random.default_rng(0)
        all_rows = windows(corpus, start, end)
        self.ids = all_rows[random.permutation(len(all_rows))[:rows]]
        count = int(0.15 * (LENGTH - 2))
        self.places, self.truth = (np.zeros((len(self.ids), count), "int32") for _ in range(2))
        for row, ids in enumerate(self.ids):
            places, shown = masker(ids[1:-1], count, random)
            self.truth[row], self.places[row] = ids[1:-1][places], places + 1
            ids[1 + places] = shown

    def loss(self, scores: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> float:
        """The mean loss; `scores` gives (B, M, V) for ids and places."""
        total = 0.0
        for at in range(0, len(self.ids), ROWS):
            found = scores(self.ids[at : at + ROWS], self.places[at : at + ROWS]).astype("float64")
            own = np.take_along_axis(found, self.truth[at : at + ROWS, :, None], -1)[..., 0]
            most = found.max(-1)
            total += (np.log(np.exp(found - most[..., None]).sum(-1)) + most - own).sum()
        return total / self.truth.size


class Clock:
    """CPU time of this process since the first step, and `spent` before it, without what is spent in measuring."""

    def __init__(
        self,
        minutes: float,
        peak: float,
        warmup: float,
        say: Callable[[dict], None],
        measure: Callable[[], float],
        spent: float = 0.0,
        shape: str = "linear",
    ):
        self.budget, self.peak, self.warmup, self.shape = 60 * minutes, peak, warmup, shape
        self.measure, self.say = measure, say
        self.began, self.points, self.tokens, self.steps = time.process_time() - spent, 0, 0, 0

    @property
    def done(self) -> float:
        """The share of the time that is over."""
        return min((time.process_time() - self.began) / self.budget, 1.0)

    @property
    def rate(self) -> float:
        return self.peak * max(falling(self.shape, self.done, self.warmup), 1e-3)

    def after_step(self, tokens: int) -> bool:
        """Whether to go on."""
        self.tokens, self.steps, done = self.tokens + tokens, self.steps + 1, self.done
        if done * POINTS >= self.points + 1:
            self.points, started = math.floor(done * POINTS), time.process_time()
            line = {"cpu_s": done * self.budget, "loss": self.measure(), "steps": self.steps, "tokens": self.tokens}
            self.say(line)
            self.began += time.process_time() - started
        return done < 1


def ours(
    folder: Path, heldout: Heldout, clock: Callable[..., Clock], plan=PLAN, times=1.0, falls="linear", **given
) -> None:
    """`plan` in stages, `times` the learning rate, which `falls`; the rest is our_parts'."""
    from keras_bert_zoo.training.ahead import ahead

    step, batches_of, measure, spent = our_parts(folder, heldout, most=max(rows for _, rows, _ in plan), **given)
    ticking = clock(measure, spent, falls)
    for stage, (until, rows, length) in enumerate(plan):
        with ahead(batches_of(length, rows, stage), 0) as coming:
            for batch in coming:
                step(batch, times * ticking.rate)
                if not ticking.after_step(int((batch["padding_mask"] > 0).sum())):
                    return
                if ticking.done >= until:
                    break


def our_parts(
    folder: Path,
    heldout: Heldout,
    start: str = "text",
    masking: Masking = MASKING,
    shape: str = "bert_tiny",
    seed: int = 0,
    most: int = ROWS,
    **sizes: int,
):
    """The step of at most so many rows, what makes its batches, the measure of its model, and seconds it cost."""
    import keras
    from words_from_text import begin

    from keras_bert_zoo import build
    from keras_bert_zoo.training.optimizers import AdamW
    from keras_bert_zoo.training.step import make_step
    from keras_bert_zoo.zoo.presets import PRESETS

    keras.utils.set_random_seed(seed)
    began = time.process_time()
    if start == "text":
        model = begin(Corpus(folder), replace(PRESETS[shape], **sizes))
    else:
        model = build(shape, task="masked_lm", dropout=0.0, attention_dropout=0.0, initializer_range=0.08, **sizes)
    print(f"{model.count_params():,} parameters", flush=True)
    spent = time.process_time() - began
    optimizer = AdamW(0.0, DECAY, beta_2=BETA_2, epsilon=EPSILON, global_clipnorm=None)

    def scores(ids, places):
        ones = np.ones_like(ids)
        inputs = {"token_ids": ids, "segment_ids": 0 * ids, "padding_mask": ones, "mask_positions": places}
        return np.array(model.predict_on_batch(inputs))

    def batches(length: int, rows: int, stage: int = 0) -> Batches:
        return Batches(Corpus(folder), Objective(masking=masking), length, rows, seed, stream=stage)

    return make_step(model, optimizer, most, CLIP, None), batches, lambda: heldout.loss(scores), spent


def stock(folder: Path, heldout: Heldout, clock: Callable[..., Clock]) -> None:
    """Our model and batches; Keras's AdamW gets what the tape gives, rows of the table with repeats."""
    import keras
    import tensorflow as tf

    from keras_bert_zoo.layers import embeddings, tables
    from keras_bert_zoo.training.ahead import ahead
    from keras_bert_zoo.training.goals import PRETRAINING

    tables.lookup = embeddings.lookup = lambda table, ids: keras.ops.take(table, keras.ops.cast(ids, "int32"), axis=0)
    step, batches_of, measure, spent = our_parts(folder, heldout)
    model, optimizer = step.model, keras.optimizers.AdamW(**stock_settings())
    optimizer.exclude_from_weight_decay(var_names=[r"(^|/)(gamma|beta|bias)(:0)?$"])
    optimizer.build(model.trainable_variables)

    @tf.function(autograph=False)
    def learn(batch):
        with tf.GradientTape() as tape:
            outputs = model(PRETRAINING.inputs_of(batch), training=True)
        _, slopes = step.judge(outputs, batch, PRETRAINING.count(batch))  # XLA's, as ours
        variables = [v.value for v in model.trainable_variables]
        gradients = tape.gradient(tf.nest.flatten(outputs), variables, slopes)
        optimizer.apply(gradients, model.trainable_variables)

    with ahead(batches_of(LENGTH, ROWS), 0) as coming:
        ticking = clock(measure, spent)
        for batch in coming:
            optimizer.learning_rate.assign(ticking.rate)
            learn({key: tf.constant(value) for key, value in batch.items()})
            if not ticking.after_step(int((batch["padding_mask"] > 0).sum())):
                return


def stock_settings() -> dict:
    return {
        "learning_rate": 0.0,
        "weight_decay": DECAY,
        "beta_2": BETA_2,
        "epsilon": EPSILON,
        "global_clipnorm": CLIP,
    }


def transformers(folder: Path, heldout: Heldout, clock: Callable[..., Clock]) -> None:
    """The loop of transformers' run_mlm: full windows of ids, its collator, its model, PyTorch's AdamW."""
    import torch
    from transformers import BertConfig, BertForMaskedLM, BertTokenizerFast, DataCollatorForLanguageModeling

    torch.manual_seed(0)
    torch.set_num_threads(1)
    corpus = Corpus(folder)
    tokenizer = BertTokenizerFast(vocab=dict(corpus.tokenizer().vocabulary.ids))
    collate = DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15)
    sizes = {"num_hidden_layers": SHAPE["layers"], "hidden_size": SHAPE["hidden"], "intermediate_size": SHAPE["inner"]}
    without = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    model = BertForMaskedLM(BertConfig(num_attention_heads=SHAPE["heads"], **sizes, **without))
    plain = [p for n, p in model.named_parameters() if n.endswith("bias") or "LayerNorm" in n]
    decayed = [p for n, p in model.named_parameters() if not (n.endswith("bias") or "LayerNorm" in n)]
    groups = [{"params": decayed, "weight_decay": DECAY}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, BETA_2), eps=EPSILON)

    def scores(ids, places):
        with torch.no_grad():
            states = model.bert(torch.tensor(ids).long()).last_hidden_state
            return model.cls(torch.take_along_dim(states, torch.tensor(places).long()[..., None], 1)).numpy()

    rows = windows(corpus, tokenizer.cls_token_id, tokenizer.sep_token_id)
    ticking = clock(lambda: heldout.loss(scores))
    for places in order(len(rows)):
        batch = collate([{"input_ids": ids} for ids in rows[places].tolist()])
        for group in optimizer.param_groups:
            group["lr"] = ticking.rate
        model(**batch).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        optimizer.zero_grad()
        if not ticking.after_step(rows[places].size):
            return


def kerashub(folder: Path, heldout: Heldout, clock: Callable[..., Clock]) -> None:
    """KerasHub's MaskedLM task with its preprocessor and `fit`, from texts that make full windows."""
    import keras
    import keras_hub
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    corpus = Corpus(folder)
    ours = corpus.tokenizer()
    _, start, end = ours.frame()
    texts = np.array([ours.decode(ids) for ids in windows(corpus, start, end)[:, 1:-1].tolist()], dtype=object)
    tokenizer = keras_hub.models.BertTokenizer(vocabulary=list(ours.vocabulary.pieces), lowercase=True)
    prepare = keras_hub.models.BertMaskedLMPreprocessor(
        tokenizer, sequence_length=LENGTH, mask_selection_rate=0.15, mask_selection_length=HIDDEN
    )
    backbone = keras_hub.models.BertBackbone(
        vocabulary_size=len(ours.vocabulary),
        num_layers=SHAPE["layers"],
        num_heads=SHAPE["heads"],
        hidden_dim=SHAPE["hidden"],
        intermediate_dim=SHAPE["inner"],
        max_sequence_length=512,
        dropout=0.0,
    )
    model = keras_hub.models.BertMaskedLM(backbone, preprocessor=prepare)
    optimizer = keras.optimizers.AdamW(**stock_settings())
    optimizer.exclude_from_weight_decay(var_names=[r"(^|/)(gamma|beta|bias)(:0)?$"])
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True), weighted_metrics=[])

    def scores(ids, places):
        ones = np.ones_like(ids)
        inputs = {"token_ids": ids, "segment_ids": 0 * ids, "padding_mask": ones, "mask_positions": places}
        return np.array(model(inputs, training=False))

    real = np.mean([int(np.sum(prepare(text)[0]["padding_mask"])) for text in texts[:: max(len(texts) // 200, 1)]])

    class Ticking(keras.callbacks.Callback):
        clock: Clock | None = None

        def on_train_batch_begin(self, batch, logs=None):
            self.clock = self.clock or clock(lambda: heldout.loss(scores))
            self.model.optimizer.learning_rate = self.clock.rate

        def on_train_batch_end(self, batch, logs=None):
            if not self.clock.after_step(round(ROWS * real)):
                raise StopIteration  # Keras looks at stop_training after an epoch only

    random = np.random.default_rng(0)
    data = tf.data.Dataset.from_tensor_slices(texts[random.permutation(len(texts))]).batch(ROWS, drop_remainder=True)
    with contextlib.suppress(StopIteration):
        model.fit(data.repeat().prefetch(2), steps_per_epoch=10**6, epochs=1, verbose=0, callbacks=[Ticking()])


def order(rows: int):
    """Places of batches, drawn anew in every epoch, for ever."""
    random = np.random.default_rng(0)
    while True:
        shuffled = random.permutation(rows)
        yield from (shuffled[at : at + ROWS] for at in range(0, rows - ROWS + 1, ROWS))


PEERS = {
    "ours": ours,
    "random": partial(ours, start="random"),
    "stock": stock,
    "transformers": transformers,
    "kerashub": kerashub,
}


def one(given: argparse.Namespace, name: str, system: Callable[..., None]) -> None:
    """One system, here, in one thread."""
    if name != "transformers":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    given.out.mkdir(parents=True, exist_ok=True)
    told = {"system": name} | {key: getattr(given, key) for key in ("minutes", "rate", "warmup")}
    with (given.out / f"{name}.jsonl").open("w") as file:

        def say(line: dict) -> None:
            file.write(json.dumps(told | line) + "\n")
            file.flush()
            minutes, tokens = line["cpu_s"] / 60, line["tokens"]
            print(f"{name} {minutes:.1f} min  loss {line['loss']:.4f}  {tokens:,} tokens", flush=True)

        system(given.corpus, Heldout(given.corpus), partial(Clock, given.minutes, given.rate, given.warmup, say))


def draw(out: Path) -> None:
    """The curves of all that was run, and when each other system's last loss was reached by ours."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    curves = {path.stem: [json.loads(line) for line in path.open()] for path in sorted(out.glob("*.jsonl"))}
    figure, axes = plt.subplots(figsize=(8, 4.5), constrained_layout=True)
    for name, points in curves.items():
        axes.plot([p["cpu_s"] / 60 for p in points], [p["loss"] for p in points], marker=".", label=name)
    axes.set(xlabel="minutes of CPU time", ylabel="held-out masked-LM loss")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(out / "curves.png", dpi=120)
    for name, points in curves.items():
        last, tokens = points[-1], points[-1]["tokens"] / points[-1]["cpu_s"]
        print(f"{name}: {last['loss']:.4f} after {last['cpu_s'] / 60:.1f} min, {tokens:,.0f} tokens a CPU second")
        at = next((p["cpu_s"] for p in curves.get("ours", []) if p["loss"] <= last["loss"]), None)
        if at and name != "ours":
            print(f"  ours was there after {at / 60:.1f} min, {at / last['cpu_s']:.2f} of the time")


def main(systems: Mapping[str, Callable[..., None]] = PEERS, doc: str | None = __doc__) -> None:
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="a folder of `keras-bert-zoo prepare`, BERT's uncased vocabulary")
    parser.add_argument("--with", dest="systems", nargs="*", choices=systems, default=list(systems))
    parser.add_argument("--minutes", type=float, default=20, help="of CPU time, each")
    parser.add_argument("--rate", type=float, default=2e-3, help="the learning rate at its peak")
    parser.add_argument("--warmup", type=float, default=0.05, help="the share of the time in which the rate rises")
    parser.add_argument("--out", type=Path, default=Path("runs/quality"))
    parser.add_argument("--here", choices=systems, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.here:
        one(given, given.here, systems[given.here])
        return
    for name in given.systems:
        settings = [f"--{key}={getattr(given, key)}" for key in ("minutes", "rate", "warmup", "out")]
        subprocess.run([sys.executable, sys.argv[0], str(given.corpus), "--here", name, *settings], check=True)
    draw(given.out)


if __name__ == "__main__":
    main()
