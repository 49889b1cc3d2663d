"""BERT and ALBERT: embeddings, then a block at every depth."""

from collections.abc import Callable

import keras
from keras import ops

from keras_bert_zoo.config import BertConfig
from keras_bert_zoo.errors import find
from keras_bert_zoo.layers import ACTIVATIONS, Composite, Embeddings, EncoderBlock, Seeds


class BertEncoder(Composite):
    """Embeds tokens, then passes them through a block at every depth (Devlin et al. 2019, Lan et al. 2020).

    Takes token_ids, segment_ids and padding_mask, each (B, T) int32. The mask is 0 on padding and
    elsewhere says which text of the row a token belongs to: a token sees those of its own number,
    and positions count within a number, so several texts can share a row.
    Returns a dict of states (B, T, H): "embedding_output", "encoder_outputs" (one for every depth)
    and "sequence_output" (the last of them, normalised once more where config.pre_norm).

    `block` makes the blocks: any callable with the arguments of `layers.EncoderBlock`.
    """

    def __init__(self, config: BertConfig, block: Callable[..., keras.layers.Layer] = EncoderBlock, **kwargs):
        super().__init__(**kwargs)
        find(ACTIVATIONS, config.activation, "activation")
        self.config, self.block_maker = config, block
        self.seeds = Seeds()
        self.embeddings = Embeddings(config, self.seeds, name="embeddings")
        self.blocks = [block(config, self.seeds, name=f"block_{i}") for i in range(config.num_blocks)]
        self.last_norm = (
            keras.layers.LayerNormalization(epsilon=config.epsilon, name="last_norm")
            if config.pre_norm
            else keras.layers.Identity(name="last_norm")
        )

    def call(self, inputs):
        mask = inputs["padding_mask"]
        embedded = self.embeddings(inputs["token_ids"], inputs["segment_ids"], mask)  # (B, T, H)
        states = self.run(embedded, mask)
        return {
            "embedding_output": embedded,
            "encoder_outputs": states,
            "sequence_output": self.last_norm(states[-1]),
        }

    def run(self, state, padding_mask, start: int = 0) -> list:
        """The states after each depth from `start` on; attribution enters half way here."""
        seen = self.attention_mask(padding_mask)
        states = []
        for block in self.config.block_at[start:]:
            state = self.blocks[block](state, seen)
            states.append(state)
        return states

    def attention_mask(self, padding_mask):
        """(B, T, T), true where row t may see column s: tokens of one text, for a causal model no later ones."""
        same = ops.equal(padding_mask[:, :, None], padding_mask[:, None, :])
        return ops.tril(same) if self.config.causal else same

    def attentions(self, inputs) -> list:
        """The attention probabilities (B, N, T, T) of every depth."""
        mask = inputs["padding_mask"]
        state = self.embeddings(inputs["token_ids"], inputs["segment_ids"], mask)
        states = [state, *self.run(state, mask)]
        seen = self.attention_mask(mask)
        return [
            self.blocks[block].scores(state, seen) for block, state in zip(self.config.block_at, states, strict=False)
        ]
