"""config.json, bert_config.json and albert_config.json: sizes by their published names, read against a closed table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from keras_bert_zoo.config import BertConfig, check_value
from keras_bert_zoo.errors import ZooError

OURS = "keras_bert_zoo"  # where a config.json keeps what Hugging Face has no word for
SIZES = {  # their word: ours
    "vocab_size": "vocab_size",
    "hidden_size": "hidden_size",
    "num_hidden_layers": "num_layers",
    "num_attention_heads": "num_heads",
    "intermediate_size": "intermediate_size",
    "hidden_dropout_prob": "dropout",
    "attention_probs_dropout_prob": "attention_dropout",
    "max_position_embeddings": "max_length",
    "type_vocab_size": "num_segments",
    "initializer_range": "initializer_range",
    "layer_norm_eps": "epsilon",
}
ALBERT_SIZES = {"embedding_size": "embedding_size", "num_hidden_groups": "num_blocks"}
UNSAID = ("use_positions", "pre_norm", "causal")  # fields that the formats have no word for (BERT has is_decoder)
KEPT = (*UNSAID, "task", "options", "block", "threshold")  # what our own part of a config.json may hold
HEADS_ALONE = {"pooling": "first", "head_activation": "softmax"}  # of a classifier: else it is one of ours alone
HEAD_DROPOUT = {"bert": "classifier_dropout", "albert": "classifier_dropout_prob"}
REQUIRED = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")

# What the word in a file means. Google's BERT code was exact when its checkpoints were made and is tanh today
# (google-research/bert commit bee6030); its ALBERT code always was tanh.
EXACT = {
    "gelu": "gelu",
    "gelu_python": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "relu": "relu",
}
ACTIVATION_WORDS = {
    ("huggingface", "bert"): EXACT,
    ("huggingface", "albert"): EXACT,
    ("google", "bert"): EXACT,
    ("google", "albert"): EXACT | {"gelu": "gelu_tanh"},
}
MEANINGS = {"gelu": "the exact GELU (erf)", "gelu_tanh": "the tanh GELU", "relu": "ReLU"}
ONLY = {  # words whose other values change the mathematics in ways this encoder does not have
    "position_embedding_type": ("absolute",),
    "inner_group_num": (1,),
    "add_cross_attention": (False,),
    "is_encoder_decoder": (False,),
    "tie_word_embeddings": (True,),
    "pruned_heads": ({}, None),
    "model_type": ("bert", "albert", f"{OURS}_bert", f"{OURS}_albert"),
    "is_decoder": (False, True),
    "ln_type": ("postln",),
    "problem_type": (None, "single_label_classification", "multi_label_classification"),
    "net_structure_type": (0,),
    "num_memory_blocks": (0,),
    "gap_size": (0,),
    "down_scale_factor": (1,),
    "pooler_type": ("first_token_transform",),
}
WITHOUT_EFFECT = frozenset(  # on what the encoder computes
    """
    _attn_implementation _attn_implementation_autoset _commit_hash _name_or_path architectures attn_implementation
    bad_words_ids begin_suppress_tokens bos_token_id chunk_size_feed_forward classifier_dropout
    classifier_dropout_prob cross_attention_hidden_size decoder_start_token_id directionality diversity_penalty
    do_sample dtype early_stopping encoder_no_repeat_ngram_size eos_token_id exponential_decay_length_penalty
    finetuning_task forced_bos_token_id forced_eos_token_id gradient_checkpointing id2label
    keras_bert_zoo label2id language layers_to_keep length_penalty max_length min_length name
    no_repeat_ngram_size num_beam_groups num_beams num_labels num_return_sequences output_attentions
    output_hidden_states output_past output_scores pad_token_id pooler_fc_size pooler_num_attention_heads
    pooler_num_fc_layers pooler_size_per_head prefix remove_invalid_values repetition_penalty
    return_dict return_dict_in_generate sep_token_id suppress_tokens task_specific_params temperature
    tf_legacy_loss tokenizer_class top_k top_p torch_dtype torchscript transformers_version typical_p
    use_bfloat16 use_cache
    """.split()
)


@dataclass(frozen=True)
class Description:
    """What a config file says: the shape, and what belongs to a head."""

    config: BertConfig
    family: str  # whose words and names the files use: a key of checkpoint.TABLES
    architecture: str | None = None  # Hugging Face's class, such as BertForMaskedLM
    labels: tuple[str, ...] | None = None
    head_dropout: float | None = None
    notes: tuple[str, ...] = ()
    task: str | None = None  # the key of a task that Hugging Face has no class for
    options: Mapping[str, Any] = field(default_factory=dict)  # settings of a task that have no word there
    threshold: float | Sequence[float] | None = None  # of a classifier
    block: str | None = None  # the name of what made the blocks, where it was not layers.EncoderBlock
    problem: str | None = None  # Hugging Face's problem_type


def read_config(said: dict[str, Any], form: str, source: str) -> Description:
    """What the file's words mean. Raises ZooError for an unknown word, or a value this encoder does not have."""
    family = "albert" if "embedding_size" in said or str(said.get("model_type")).endswith("albert") else "bert"
    own = said.get(OURS) or {}
    sizes = SIZES | (ALBERT_SIZES if family == "albert" else {})
    refuse_unknown(said, own, sizes, source)
    values = {ours: said[theirs] for theirs, ours in sizes.items() if said.get(theirs) is not None}
    if family == "bert":
        values |= {"num_blocks": values["num_layers"], "embedding_size": values["hidden_size"]}
        values |= {"causal": bool(said.get("is_decoder", False))}
    else:
        values = {"num_blocks": 1, "embedding_size": 128, "dropout": 0.0, "attention_dropout": 0.0} | values
    values |= {key: own[key] for key in UNSAID if key in own}
    word = said.get("hidden_act", "gelu" if family == "bert" or form == "google" else "gelu_new")
    meanings = ACTIVATION_WORDS[form, family]
    if not isinstance(word, str) or word not in meanings:
        raise ZooError(f"{source} says hidden_act={word!r}: known are {', '.join(meanings)}.")
    values["activation"] = meanings[word]
    try:
        config = BertConfig(**{key: as_float(key, value) for key, value in values.items()})
    except ZooError as error:
        raise ZooError(f"{source}: {error}") from error
    return Description(
        config,
        family,
        read_architecture(said.get("architectures"), source),
        read_labels(said.get("id2label"), source),
        read_dropout(said, form, family, config, source),
        (f'hidden_act "{word}" is read as {MEANINGS[meanings[word]]}',),
        own.get("task"),
        own.get("options", {}),
        own.get("threshold"),
        own.get("block"),
        said.get("problem_type"),
    )


def refuse_unknown(said: dict[str, Any], own: Any, sizes: dict[str, str], source: str) -> None:
    missing = [word for word in REQUIRED if said.get(word) is None]
    if missing:
        raise ZooError(f"{source} does not say {', '.join(missing)}: it is no config of a BERT or ALBERT.")
    unknown = sorted(set(said) - set(sizes) - set(ONLY) - WITHOUT_EFFECT - {"hidden_act"} - set(ALBERT_SIZES))
    if unknown:
        raise ZooError(
            f"{source} has the unknown key {unknown[0]!r}: remove it if it does not change what the model computes."
        )
    for word, allowed in ONLY.items():
        if word in said and said[word] not in allowed:
            raise ZooError(
                f"{source} says {word}={said[word]!r}, which this encoder does not do: it needs {allowed[0]!r}."
            )
    kinds = {"task": str, "options": dict, "block": str}
    if not isinstance(own, dict) or any(not isinstance(own.get(key, kind()), kind) for key, kind in kinds.items()):
        raise ZooError(f"{source} has {OURS}={own!r}: it must hold settings by name.")
    if set(own) - set(KEPT):
        raise ZooError(f"{source} has {OURS}={own!r}: it may only hold {', '.join(KEPT)}.")


def read_architecture(architectures: Any, source: str) -> str | None:
    """The class that Hugging Face names, or None."""
    if not architectures:
        return None
    if not isinstance(architectures, list) or not isinstance(architectures[0], str):
        raise ZooError(f'{source} has architectures={architectures!r}: it must be a list such as ["BertModel"].')
    return architectures[0]


def read_dropout(said: dict[str, Any], form: str, family: str, config: BertConfig, source: str) -> float:
    """The dropout before the classifier; unsaid it is what transformers and google-research/bert take."""
    found = {key: said[key] for key in HEAD_DROPOUT.values() if said.get(key) is not None}
    for key, value in found.items():
        try:
            check_value(key, float, value)
        except ZooError as error:
            raise ZooError(f"{source}: {error}") from error
    unsaid = config.dropout if (form, family) == ("huggingface", "bert") else 0.1
    return float(found.get(HEAD_DROPOUT[family], unsaid))


def read_labels(id2label: Any, source: str) -> tuple[str, ...] | None:
    """Label names in the order of their ids."""
    if id2label is None:
        return None
    try:
        pairs = sorted((int(key), str(value)) for key, value in id2label.items())
    except (AttributeError, ValueError) as error:
        raise ZooError(f"{source} has id2label={id2label!r}: it must map 0, 1, 2, ... to names.") from error
    if [key for key, _ in pairs] != list(range(len(pairs))):
        raise ZooError(f"{source} has id2label with the ids {[key for key, _ in pairs]}: they must be 0, 1, 2, ...")
    return tuple(name for _, name in pairs)


def as_float(key: str, value: Any) -> Any:
    """JSON writes 0 for 0.0."""
    return float(value) if type(value) is int and key in FLOATS else value


FLOATS = {field.name for field in fields(BertConfig) if field.type is float}


def write_config(description: Description, form: str) -> dict[str, Any]:
    """The config file's content in one format ("huggingface" or "google")."""
    config, family = description.config, description.family
    sizes = SIZES | (ALBERT_SIZES if family == "albert" else {})
    said = {theirs: getattr(config, ours) for theirs, ours in sizes.items()}
    words = {ours: word for word, ours in reversed(ACTIVATION_WORDS[form, family].items())}
    said["hidden_act"] = words[config.activation]
    if family == "albert":
        said["inner_group_num"] = 1
    own = {field.name: getattr(config, field.name) for field in fields(BertConfig) if field.name in UNSAID}
    changed = {key: value for key, value in own.items() if value != BertConfig.__dataclass_fields__[key].default}
    if form == "huggingface" and family == "bert" and changed.pop("causal", False):
        said["is_decoder"] = True
    changed |= {"block": description.block} if description.block else {}
    strange = {key: description.options[key] for key in HEADS_ALONE if key in description.options}
    unsaid = [*changed, *strange, *(["problem_type"] if description.problem == "multi_label_classification" else [])]
    if unsaid and form == "google":
        raise ZooError(f"Google's format has no word for {', '.join(unsaid)}: save as huggingface.")
    kept = changed | ({"task": description.task} if description.task else {})
    kept |= {"options": dict(description.options)} if description.options else {}
    kept |= {} if description.threshold is None else {"threshold": description.threshold}
    said |= {OURS: kept} if kept else {}
    if form == "huggingface":
        # transformers would compute something else in silence
        ours_alone = changed or strange or not config.num_segments
        said |= {"model_type": f"{OURS}_{family}" if ours_alone else family, "pad_token_id": 0}
        said |= {"architectures": [description.architecture]} if description.architecture else {}
        said |= {"problem_type": description.problem} if description.problem else {}
    if description.labels:
        said["id2label"] = {str(i): label for i, label in enumerate(description.labels)}
        said["label2id"] = {label: i for i, label in enumerate(description.labels)}
    if description.head_dropout is not None:
        said[HEAD_DROPOUT[family]] = description.head_dropout
    return said
