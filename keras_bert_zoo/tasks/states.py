"""The bare model: every state of the encoder, and the pooled output."""

from dataclasses import replace
from typing import Any

import numpy as np

from keras_bert_zoo.checkpoints import Description
from keras_bert_zoo.layers import Pooler
from keras_bert_zoo.models import BertEncoder
from keras_bert_zoo.tasks.registry import task
from keras_bert_zoo.tasks.task import Task


@task("states")
class States(Task):
    """What TF-Hub's BERT returned, for features, probes and heads of your own.

    Returns a dict: "pooled_output" (B, H), "sequence_output" (B, T, H), "encoder_outputs" (one (B, T, H)
    for every depth), "embedding_output" (B, T, H). `pooler=False` leaves the first out, for weights that
    have none; `attentions=True` adds "attentions" (one (B, N, T, T) for every depth). Rows of several
    texts take text_positions (B, K), the place of each text's first token, for a pooled_output (B, K, H).
    """

    heads = ("pooler",)
    architectures = {"bert": "BertModel", "albert": "AlbertModel"}

    def __init__(self, encoder: BertEncoder, pooler: bool = True, attentions: bool = False, **kwargs):
        self.has_pooler, self.has_attentions = pooler, attentions
        super().__init__(encoder, {"pooler": Pooler(encoder.config, name="pooler")} if pooler else {}, **kwargs)

    def call(self, inputs, training=None):
        outputs = self.encoder(inputs, training=training)
        if self.has_pooler:
            outputs["pooled_output"] = self.pooler(
                outputs["sequence_output"], inputs["padding_mask"], inputs.get("text_positions")
            )
        if self.has_attentions:
            outputs["attentions"] = self.encoder.attentions(inputs)
        return outputs

    def options(self) -> dict[str, Any]:
        return {"pooler": self.has_pooler, "attentions": self.has_attentions}

    def describe(self) -> Description:
        return replace(super().describe(), options={"attentions": True} if self.has_attentions else {})

    def decode(self, outputs, inputs) -> list[dict[str, np.ndarray]]:
        """A "vector" (H,) for each text: the mean of its tokens' last states."""
        mask = inputs["padding_mask"][..., None].astype("float32")
        means = (outputs["sequence_output"].astype("float32") * mask).sum(1) / mask.sum(1)
        return [{"vector": vector} for vector in means]
