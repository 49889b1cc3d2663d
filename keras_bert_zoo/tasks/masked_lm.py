"""Which words are hidden: the first thing that BERT and ALBERT are pretrained on."""

import logging
from typing import Any

import keras
import numpy as np

from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.layers import MaskedLMHead
from keras_bert_zoo.models import BertEncoder
from keras_bert_zoo.tasks.registry import task
from keras_bert_zoo.tasks.task import TEXT, Task

log = logging.getLogger("keras_bert_zoo")
BEST = 5  # words an answer offers for each mask


@task("masked_lm")
class MaskedLM(Task):
    """Scores the vocabulary at the masked places (Devlin et al. 2019, section 3.1, task 1).

    Takes mask_positions (B, M) besides the text; without them every place is scored.
    Returns logits (B, M, V), float32.
    """

    features = (*TEXT, "mask_positions")
    heads = ("masked_lm",)
    architectures = {"bert": "BertForMaskedLM", "albert": "AlbertForMaskedLM"}

    def __init__(self, encoder: BertEncoder, **kwargs):
        super().__init__(encoder, {"masked_lm": MaskedLMHead(encoder.config, name="masked_lm")}, **kwargs)

    @property
    def objective(self) -> keras.losses.Loss:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def call(self, inputs, training=None):
        state = self.encoder(inputs, training=training)["sequence_output"]
        return self.masked_lm(state, inputs.get("mask_positions"), tokens=self.encoder.embeddings.tokens)

    def read(self, texts, pairs=None) -> dict[str, np.ndarray]:
        """The inputs for texts in which [MASK] hides a word."""
        return find_masks(self.tokenize(texts, pairs, "parse"), self.tokenizer.vocabulary.special("mask"))

    def decode(self, outputs, inputs) -> list[list[list[dict[str, Any]]]]:
        """For each text, for each of its masks, the likeliest words: {"token", "score"}."""
        return fill_masks(outputs, inputs, self.tokenizer)


def find_masks(inputs: dict[str, np.ndarray], mask_id: int) -> dict[str, np.ndarray]:
    """The inputs with mask_positions (B, M); a row with fewer masks than M points at place 0."""
    places = [np.flatnonzero(row == mask_id) for row in inputs["token_ids"]]
    width = inputs["token_ids"].shape[1]
    full = [i for i, found in enumerate(places) if not len(found) and inputs["padding_mask"][i, width - 1]]
    positions = np.zeros((len(places), max(map(len, places))), "int32")
    if not positions.shape[1]:
        cut = f" (text {full[0]} is cut to {width} tokens: is it past them?)" if full else ""
        raise ZooError(f"No text has a [MASK]: write one where a word is to be guessed{cut}.")
    for i in full:
        log.warning("Text %d is cut to %d tokens, and they have no [MASK]: no answer for it.", i, width)
    for row, found in enumerate(places):
        positions[row, : len(found)] = found
    return inputs | {"mask_positions": positions}


def fill_masks(logits: np.ndarray, inputs: dict[str, np.ndarray], tokenizer) -> list[list[list[dict[str, Any]]]]:
    """The likeliest words at each mask, best first, with their probabilities."""
    answers = []
    for scores, positions in zip(logits, inputs["mask_positions"], strict=True):
        likely = np.exp(scores - scores.max(-1, keepdims=True))
        likely /= likely.sum(-1, keepdims=True)
        masks = [row for row, place in zip(likely, positions, strict=True) if place]  # place 0 is [CLS], never a mask
        best = [np.argsort(-row)[:BEST] for row in masks]
        answers.append(
            [
                [{"token": tokenizer.vocabulary.pieces[i], "score": float(row[i])} for i in order]
                for row, order in zip(masks, best, strict=True)
            ]
        )
    return answers
