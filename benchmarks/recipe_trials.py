"""How good a 2 x 128 BERT becomes in so many minutes of CPU time, by other recipes than ours.

python benchmarks/recipe_trials.py runs/shards --minutes 6 --warmup 0.15 --out runs/trials
python benchmarks/recipe_trials.py runs/shards --minutes 20 --with bert_2m albert_2m --out runs/shapes

As `time_to_quality.py`, whose "ours" this is with one thing changed, and measured by the same hidden pieces: "again" is
another seed, and shows by how much a difference must be larger than chance. Counting
words takes half a minute of the clock, so that a short run needs a longer warm-up. Rates, batches, how the rate falls,
the length of rows, how many pieces are hidden and which; and shapes, BERT and ALBERT at as many parameters (within 4 %)
as `bert_tiny` ("albert_4m") and as `albert_tiny`, with BERT's vocabulary.
"""

from functools import partial

from quality import LENGTH, ROWS, main
from time_to_quality import ours

from keras_bert_zoo.corpus.masking import Masking

TRIALS = {
    "ours": ours,
    "again": partial(ours, seed=1),
    "half_rate": partial(ours, times=0.5),
    "double_rate": partial(ours, times=2.0),
    "cosine": partial(ours, falls="cosine"),
    "constant": partial(ours, falls="constant"),
    "small_batches": partial(ours, plan=((1.0, ROWS // 2, LENGTH),)),
    "large_batches": partial(ours, plan=((1.0, ROWS * 2, LENGTH),)),
    "growing_batches": partial(ours, plan=((0.2, ROWS // 4, LENGTH), (0.4, ROWS // 2, LENGTH), (1.0, ROWS, LENGTH))),
    "growing_rows": partial(ours, plan=((0.5, ROWS * 2, LENGTH // 2), (1.0, ROWS, LENGTH))),
    "more_hidden": partial(ours, masking=Masking(rate=0.3)),
    "most_hidden": partial(ours, masking=Masking(rate=0.4)),
    "whole_words": partial(ours, masking=Masking(unit="word")),
    "albert_4m": partial(ours, shape="albert_tiny", embedding_size=128),
    "bert_2m": partial(ours, hidden_size=72, embedding_size=72, intermediate_size=288),
    "albert_2m": partial(ours, shape="albert_tiny"),
}


if __name__ == "__main__":
    main(TRIALS, __doc__)
