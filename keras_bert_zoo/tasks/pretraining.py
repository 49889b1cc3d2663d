"""Both things that BERT and ALBERT are pretrained on, at once."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from keras_bert_zoo.errors import ZooError
from keras_bert_zoo.layers import MaskedLMHead, Pooler, ScoreHead
from keras_bert_zoo.models import BertEncoder
from keras_bert_zoo.tasks.masked_lm import fill_masks, find_masks
from keras_bert_zoo.tasks.registry import task
from keras_bert_zoo.tasks.task import TEXT, Task


@task("pretraining")
class Pretraining(Task):
    """Hidden words, and whether the second text follows the first.

    The second is next-sentence prediction in BERT (Devlin et al. 2019, section 3.1) and sentence order in
    ALBERT (Lan et al. 2020, section 3.1): one head, class 0 for "follows" and "in order".
    Returns a dict of logits: "masked_lm" (B, M, V) and "next_sentence" (B, 2), or (B, K, 2) for rows of
    several texts with text_positions (B, K).
    """

    features = (*TEXT, "mask_positions")
    heads = ("pooler", "masked_lm", "next_sentence")
    architectures = {"bert": "BertForPreTraining", "albert": "AlbertForPreTraining"}

    def __init__(self, encoder: BertEncoder, **kwargs):
        config = encoder.config
        parts = {
            "pooler": Pooler(config, name="pooler"),
            "masked_lm": MaskedLMHead(config, name="masked_lm"),
            "next_sentence": ScoreHead(config, 2, name="next_sentence"),
        }
        super().__init__(encoder, parts, **kwargs)

    @property
    def objective(self) -> dict[str, keras.losses.Loss]:
        return {key: keras.losses.SparseCategoricalCrossentropy(from_logits=True) for key in self.heads[1:]}

    def call(self, inputs, training=None):
        state = self.encoder(inputs, training=training)["sequence_output"]
        pooled = self.pooler(state, inputs["padding_mask"], inputs.get("text_positions"))
        return {
            "masked_lm": self.masked_lm(state, inputs.get("mask_positions"), tokens=self.encoder.embeddings.tokens),
            "next_sentence": self.next_sentence(pooled, training=training),
        }

    def targets(self, y) -> dict[str, np.ndarray]:
        if not isinstance(y, Mapping) or set(y) != set(self.heads[1:]):
            raise ZooError('The targets must be {"masked_lm": ids (B, M), "next_sentence": numbers (B,)}.')
        return {key: np.asarray(value) for key, value in y.items()}

    def read(self, texts, pairs=None) -> dict[str, np.ndarray]:
        """The inputs for texts, or texts and pairs, in which [MASK] may hide words."""
        inputs = self.tokenize(texts, pairs, "parse")
        mask = self.tokenizer.vocabulary.special("mask")
        if not (inputs["token_ids"] == mask).any():
            return inputs | {"mask_positions": np.zeros((len(texts), 1), "int32")}
        return find_masks(inputs, mask)

    def decode(self, outputs, inputs) -> list[dict[str, Any]]:
        """For each text "masks", as masked_lm answers, and "follows", the probability that the pair does."""
        masks = fill_masks(outputs["masked_lm"], inputs, self.tokenizer)
        gap = outputs["next_sentence"][..., 1] - outputs["next_sentence"][..., 0]
        follows = 1 / (1 + np.exp(gap))
        return [{"masks": mask, "follows": float(share)} for mask, share in zip(masks, follows, strict=True)]
