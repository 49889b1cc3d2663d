"""What people use today, in `time_to_quality.py`: each as its own documents say, from the same full windows."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from quality import BETA_2, CLIP, DECAY, EPSILON, LENGTH, ROWS, Clock, Heldout, windows

from keras_bert_zoo.corpus.shards import Corpus

HIDDEN = 20  # pieces of a row at most
SHAPE = {"layers": 2, "hidden": 128, "heads": 2, "inner": 512}


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


def stock_settings() -> dict:
    return {
        "learning_rate": 0.0,
        "weight_decay": DECAY,
        "beta_2": BETA_2,
        "epsilon": EPSILON,
        "global_clipnorm": CLIP,
    }


def order(rows: int):
    """Places of batches, drawn anew in every epoch, for ever."""
    random = np.random.default_rng(0)
    while True:
        shuffled = random.permutation(rows)
        yield from (shuffled[at : at + ROWS] for at in range(0, rows - ROWS + 1, ROWS))
