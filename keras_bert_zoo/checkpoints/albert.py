"""ALBERT's names. Sources: google-research/albert modeling.py, run_pretraining.py; transformers modeling_albert.py."""

from keras_bert_zoo.checkpoints.mapping import Row

ALBERT = {
    "encoder": (
        Row(
            "table",
            "encoder/embeddings/tokens",
            "albert.embeddings.word_embeddings",
            "bert/embeddings/word_embeddings",
        ),
        Row(
            "table",
            "encoder/embeddings/positions",
            "albert.embeddings.position_embeddings",
            "bert/embeddings/position_embeddings",
        ),
        Row(
            "table",
            "encoder/embeddings/segments",
            "albert.embeddings.token_type_embeddings",
            "bert/embeddings/token_type_embeddings",
        ),
        Row("norm", "encoder/embeddings/norm", "albert.embeddings.LayerNorm", "bert/embeddings/LayerNorm"),
        Row(
            "dense",
            "encoder/embeddings/widen",
            "albert.encoder.embedding_hidden_mapping_in",
            "bert/encoder/embedding_hidden_mapping_in",
        ),
        *(
            Row(
                kind,
                f"encoder/block_{{}}/{ours}",
                f"albert.encoder.albert_layer_groups.{{}}.albert_layers.0.{huggingface}",
                f"bert/encoder/transformer/group_{{}}/inner_group_0/{google}",
            )
            for kind, ours, huggingface, google in (
                ("split", "attention/query", "attention.query", "attention_1/self/query"),
                ("split", "attention/key", "attention.key", "attention_1/self/key"),
                ("split", "attention/value", "attention.value", "attention_1/self/value"),
                ("merge", "attention/attention_output", "attention.dense", "attention_1/output/dense"),
                ("norm", "attention_norm", "attention.LayerNorm", "LayerNorm"),
                ("dense", "feed_forward/expand", "ffn", "ffn_1/intermediate/dense"),
                ("dense", "feed_forward/contract", "ffn_output", "ffn_1/intermediate/output/dense"),
                ("norm", "output_norm", "full_layer_layer_norm", "LayerNorm_1"),
            )
        ),
    ),
    "pooler": (Row("dense", "pooler/dense", "albert.pooler", "bert/pooler/dense"),),
    "masked_lm": (
        Row("dense", "masked_lm/transform", "predictions.dense", "cls/predictions/transform/dense"),
        Row("norm", "masked_lm/norm", "predictions.LayerNorm", "cls/predictions/transform/LayerNorm"),
        Row("bias", "masked_lm/bias", "predictions.bias", "cls/predictions/output_bias"),
    ),
    "next_sentence": (Row("scores", "next_sentence/dense", "sop_classifier.classifier", "cls/seq_relationship/"),),
    "classifier": (Row("scores", "classifier/dense", "classifier", ""),),
}
COPIES = {  # tensors that older files hold twice
    "predictions.decoder.weight": "albert.embeddings.word_embeddings.weight",
    "predictions.decoder.bias": "predictions.bias",
}
