"""Makes the goldens: tiny random models of transformers, and what they compute. Needs the extra [parity].

    python tests/goldens/make.py

Sizes are odd or prime where they can be, so that swapped axes fail.
"""

from pathlib import Path

import numpy as np
import torch
import transformers

HERE = Path(__file__).parent
SIZES = {
    "vocab_size": 41,
    "hidden_size": 12,
    "num_attention_heads": 3,
    "intermediate_size": 29,
    "max_position_embeddings": 23,
}
MODELS = {
    "bert": transformers.BertForPreTraining(transformers.BertConfig(**SIZES, num_hidden_layers=3)),
    "albert": transformers.AlbertForPreTraining(
        transformers.AlbertConfig(**SIZES, num_hidden_layers=5, num_hidden_groups=2, embedding_size=7)
    ),
}


def inputs() -> dict[str, np.ndarray]:
    """Four rows of 17 ids: whole, padded, all padding but one, and two segments."""
    random = np.random.default_rng(0)
    ids = random.integers(5, SIZES["vocab_size"], (4, 17)).astype("int32")
    mask = np.ones_like(ids)
    mask[1, 11:] = mask[2, 1:] = 0
    segments = np.zeros_like(ids)
    segments[3, 6:] = 1
    return {"token_ids": ids * mask, "segment_ids": segments, "padding_mask": mask}


def main() -> None:
    torch.manual_seed(0)
    given = inputs()
    theirs = {
        "input_ids": torch.tensor(given["token_ids"]).long(),
        "token_type_ids": torch.tensor(given["segment_ids"]).long(),
        "attention_mask": torch.tensor(given["padding_mask"]),
    }
    for name, model in MODELS.items():
        with torch.no_grad():
            for parameter in model.parameters():  # untrained norms and biases would hide mistakes
                parameter.add_(0.1 * torch.randn_like(parameter))
            out = model.eval()(**theirs, output_hidden_states=True)
            base = getattr(model, name)(**theirs)
        model.save_pretrained(HERE / name)
        np.savez(
            HERE / name / "expected.npz",
            **given,
            states=np.stack([state.numpy() for state in out.hidden_states]),
            pooled=base.pooler_output.numpy(),
            masked_lm=out.prediction_logits.numpy(),
            next_sentence=(out.seq_relationship_logits if name == "bert" else out.sop_logits).numpy(),
        )


if __name__ == "__main__":
    main()
