"""How good a 2 x 128 BERT becomes in so many minutes of CPU time: ours, and what people use today.

python benchmarks/time_to_quality.py runs/shards --minutes 20 --out runs/quality          # all, one after the other
python benchmarks/time_to_quality.py runs/shards --minutes 20 --with ours --out runs/quality   # adds to what is there

Each system learns the same documents (BERT's uncased pieces, prepared once for all) in rows of 128, 32 a step, 15 % of
the pieces hidden, with the same AdamW (decay 0.01, beta_2 0.98, clip 1), the same learning rate, which falls to 0 with
the CPU clock, and no dropout, in one thread of a process of its own. The loss is of the same hidden pieces of held-out
documents for all, and measuring it is not counted. The clock is the process's own CPU time, which others on the machine
touch by some hundredths: the systems take no turns, and small differences of speed say nothing. Ours begins as our
recipe says, with words out of the same documents (`examples/words_from_text.py`), which its clock counts (and which
takes half of its warm-up); "random" is ours from random weights, drawn at 0.08, "stock" our recipe with Keras's own
look-up and AdamW; the peers begin as they do.
Ours in other shapes and by other recipes: `recipe_trials.py`.
Writes a line of JSON for every point, and the picture of the curves.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "examples"))

import numpy as np
from peers import kerashub, stock_settings, transformers
from quality import BETA_2, CLIP, DECAY, EPSILON, LENGTH, ROWS, Clock, Heldout, main

from keras_bert_zoo.corpus.batches import Batches, Objective
from keras_bert_zoo.corpus.masking import Masking
from keras_bert_zoo.corpus.shards import Corpus

MASKING = Masking()
Plan = tuple[tuple[float, int, int], ...]  # up to a share of the time: rows of a step, tokens of a row
PLAN: Plan = ((1.0, ROWS, LENGTH),)


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


PEERS = {
    "ours": ours,
    "random": partial(ours, start="random"),
    "stock": stock,
    "transformers": transformers,
    "kerashub": kerashub,
}


if __name__ == "__main__":
    main(PEERS, __doc__)
