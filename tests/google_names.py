"""Google's variable names written out, apart from the package's own tables (google-research/bert and albert, TF 1)."""

import json

import numpy as np
import tensorflow as tf

LAYER = {  # under bert/encoder/layer_i in BERT, and under group_g/inner_group_0 in ALBERT: name here, name there
    "bert": [
        ("attention.self.query", "attention/self/query"),
        ("attention.self.key", "attention/self/key"),
        ("attention.self.value", "attention/self/value"),
        ("attention.output.dense", "attention/output/dense"),
        ("attention.output.LayerNorm", "attention/output/LayerNorm"),
        ("intermediate.dense", "intermediate/dense"),
        ("output.dense", "output/dense"),
        ("output.LayerNorm", "output/LayerNorm"),
    ],
    "albert": [
        ("attention.query", "attention_1/self/query"),
        ("attention.key", "attention_1/self/key"),
        ("attention.value", "attention_1/self/value"),
        ("attention.dense", "attention_1/output/dense"),
        ("attention.LayerNorm", "LayerNorm"),
        ("ffn", "ffn_1/intermediate/dense"),
        ("ffn_output", "ffn_1/intermediate/output/dense"),
        ("full_layer_layer_norm", "LayerNorm_1"),
    ],
}
REST = {
    "bert": [
        ("bert.embeddings.LayerNorm", "bert/embeddings/LayerNorm"),
        ("bert.pooler.dense", "bert/pooler/dense"),
        ("cls.predictions.transform.dense", "cls/predictions/transform/dense"),
        ("cls.predictions.transform.LayerNorm", "cls/predictions/transform/LayerNorm"),
    ],
    "albert": [
        ("albert.embeddings.LayerNorm", "bert/embeddings/LayerNorm"),
        ("albert.encoder.embedding_hidden_mapping_in", "bert/encoder/embedding_hidden_mapping_in"),
        ("albert.pooler", "bert/pooler/dense"),
        ("predictions.dense", "cls/predictions/transform/dense"),
        ("predictions.LayerNorm", "cls/predictions/transform/LayerNorm"),
    ],
}


def variables(hugging: dict[str, np.ndarray], family: str) -> dict[str, np.ndarray]:
    """The tensors of a Hugging Face pretraining model as Google's variables."""
    found = {}
    pairs = list(REST[family])
    for i in range(3 if family == "bert" else 2):
        theirs = (
            f"bert.encoder.layer.{i}."
            if family == "bert"
            else f"albert.encoder.albert_layer_groups.{i}.albert_layers.0."
        )
        google = (
            f"bert/encoder/layer_{i}/" if family == "bert" else f"bert/encoder/transformer/group_{i}/inner_group_0/"
        )
        pairs += [(theirs + a, google + b) for a, b in LAYER[family]]
    for theirs, google in pairs:
        norm = "norm" in theirs.lower()
        found[google + ("/gamma" if norm else "/kernel")] = hugging[theirs + ".weight"].T
        found[google + ("/beta" if norm else "/bias")] = hugging[theirs + ".bias"]
    for kind in ("word", "position", "token_type"):
        found[f"bert/embeddings/{kind}_embeddings"] = hugging[f"{family}.embeddings.{kind}_embeddings.weight"]
    head, order = (
        ("cls.predictions", "cls.seq_relationship")
        if family == "bert"
        else ("predictions", "sop_classifier.classifier")
    )
    found["cls/predictions/output_bias"] = hugging[f"{head}.bias"]
    found["cls/seq_relationship/output_weights"] = hugging[f"{order}.weight"]
    found["cls/seq_relationship/output_bias"] = hugging[f"{order}.bias"]
    return found


def write(folder, hugging, config, family, prefix="", slots=True):
    """A folder as Google's training code leaves it: Adam's slots and the step beside the weights."""
    found = variables(hugging, family)
    extra = {}
    if slots:
        for name, array in found.items():
            extra[f"{name}/adam_m"] = extra[f"{name}/adam_v"] = np.zeros_like(array)
        extra["global_step"] = np.int64(1000)
    named = {prefix + name: array for name, array in (found | extra).items()}
    folder.mkdir(exist_ok=True)
    tf.raw_ops.SaveV2(
        prefix=str(folder / "model.ckpt"),
        tensor_names=list(named),
        shape_and_slices=[""] * len(named),
        tensors=list(map(tf.constant, named.values())),
    )
    keys = (
        *("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act"),
        *("hidden_dropout_prob", "attention_probs_dropout_prob", "max_position_embeddings", "type_vocab_size"),
        *("embedding_size", "num_hidden_groups", "inner_group_num", "initializer_range"),
    )
    said = {key: config[key] for key in keys if key in config} | {"hidden_act": "gelu"}
    (folder / f"{family}_config.json").write_text(json.dumps(said))
    return folder
