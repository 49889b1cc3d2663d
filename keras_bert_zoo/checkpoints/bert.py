"""BERT's names. Sources: google-research/bert modeling.py and run_pretraining.py, transformers modeling_bert.py."""

from keras_bert_zoo.checkpoints.mapping import Row

BERT = {
    "encoder": (
        Row("table", "encoder/embeddings/tokens", "bert.embeddings.word_embeddings", "bert/embeddings/word_embeddings"),
        Row(
            "table",
            "encoder/embeddings/positions",
            "bert.embeddings.position_embeddings",
            "bert/embeddings/position_embeddings",
        ),
        Row(
            "table",
            "encoder/embeddings/segments",
            "bert.embeddings.token_type_embeddings",
            "bert/embeddings/token_type_embeddings",
        ),
        Row("norm", "encoder/embeddings/norm", "bert.embeddings.LayerNorm", "bert/embeddings/LayerNorm"),
        *(
            Row(
                kind,
                f"encoder/block_{{}}/{ours}",
                f"bert.encoder.layer.{{}}.{huggingface}",
                f"bert/encoder/layer_{{}}/{google}",
            )
            for kind, ours, huggingface, google in (
                ("split", "attention/query", "attention.self.query", "attention/self/query"),
                ("split", "attention/key", "attention.self.key", "attention/self/key"),
                ("split", "attention/value", "attention.self.value", "attention/self/value"),
                ("merge", "attention/attention_output", "attention.output.dense", "attention/output/dense"),
                ("norm", "attention_norm", "attention.output.LayerNorm", "attention/output/LayerNorm"),
                ("dense", "feed_forward/expand", "intermediate.dense", "intermediate/dense"),
                ("dense", "feed_forward/contract", "output.dense", "output/dense"),
                ("norm", "output_norm", "output.LayerNorm", "output/LayerNorm"),
            )
        ),
    ),
    "pooler": (Row("dense", "pooler/dense", "bert.pooler.dense", "bert/pooler/dense"),),
    "masked_lm": (
        Row("dense", "masked_lm/transform", "cls.predictions.transform.dense", "cls/predictions/transform/dense"),
        Row("norm", "masked_lm/norm", "cls.predictions.transform.LayerNorm", "cls/predictions/transform/LayerNorm"),
        Row("bias", "masked_lm/bias", "cls.predictions.bias", "cls/predictions/output_bias"),
    ),
    "next_sentence": (Row("scores", "next_sentence/dense", "cls.seq_relationship", "cls/seq_relationship/"),),
    "classifier": (Row("scores", "classifier/dense", "classifier", ""),),
}
COPIES = {  # tensors that older files hold twice
    "cls.predictions.decoder.weight": "bert.embeddings.word_embeddings.weight",
    "cls.predictions.decoder.bias": "cls.predictions.bias",
}
