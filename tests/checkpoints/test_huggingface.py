import json
import struct
from dataclasses import replace

import ml_dtypes
import numpy as np
import pytest
from conftest import ALBERT, BERT, copy_folder, disturb, rows
from safetensors.numpy import load_file, save_file

from keras_bert_zoo import BertConfig, ZooError, build, convert, load
from keras_bert_zoo.checkpoints import committed, open_folder, write
from keras_bert_zoo.checkpoints.configs import EXACT


def test_every_byte_comes_back(golden, tmp_path):
    load(golden[0]).save_folder(tmp_path / "ours")
    before, after = (load_file(folder / "model.safetensors") for folder in (golden[0], tmp_path / "ours"))
    assert before.keys() == after.keys()
    assert all(before[name].tobytes() == after[name].tobytes() for name in before)
    said = json.loads((tmp_path / "ours" / "config.json").read_text())
    theirs = json.loads((golden[0] / "config.json").read_text())
    assert {key: said[key] for key in said if key in theirs} == {key: theirs[key] for key in said if key in theirs}


def test_old_words_for_norms(golden, tmp_path):
    def old(tensors):
        words = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
        for new, was in words.items():
            tensors = {name.replace(new, was): array for name, array in tensors.items()}
        return tensors

    found = load(copy_folder(golden[0], tmp_path / "old", old)).arrays_by_name()
    for name, array in load(golden[0]).arrays_by_name().items():
        np.testing.assert_array_equal(found[name], array)


def test_without_a_prefix_as_a_bare_encoder_has_it(golden, family, tmp_path):
    def bare(tensors):
        kept = {name: array for name, array in tensors.items() if name.startswith(f"{family}.")}
        return {name.removeprefix(f"{family}."): array for name, array in kept.items()}

    folder = copy_folder(
        golden[0], tmp_path / "bare", bare, lambda c: c | {"architectures": [f"{family.title()}Model"]}
    )
    model = load(folder)
    assert model.key == "states"
    model.save_folder(tmp_path / "again")
    assert set(load_file(tmp_path / "again" / "model.safetensors")) == set(load_file(folder / "model.safetensors"))


def test_second_copies_are_skipped_and_untied_ones_refused(golden, family, tmp_path):
    head = "cls.predictions" if family == "bert" else "predictions"

    def tied(tensors):
        return tensors | {
            f"{head}.decoder.weight": tensors[f"{family}.embeddings.word_embeddings.weight"].copy(),
            f"{head}.decoder.bias": tensors[f"{head}.bias"].copy(),
            f"{family}.embeddings.position_ids": np.arange(23)[None],
        }

    assert len(load(copy_folder(golden[0], tmp_path / "tied", tied)).load_report.skipped) == 3

    def untied(tensors):
        return tensors | {f"{head}.decoder.weight": tensors[f"{family}.embeddings.word_embeddings.weight"] + 1}

    with pytest.raises(ZooError, match=f"has the tensor {head}.decoder.weight, which nothing here takes"):
        load(copy_folder(golden[0], tmp_path / "untied", untied))


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_half_precision_files(golden, kind, tmp_path):
    def half(tensors):
        return {
            name: array.astype(kind if kind == "float16" else ml_dtypes.bfloat16) for name, array in tensors.items()
        }

    found = load(copy_folder(golden[0], tmp_path / kind, half)).arrays_by_name()
    for name, array in load(golden[0]).arrays_by_name().items():
        np.testing.assert_allclose(found[name], array, rtol=1e-2, atol=1e-3)


def test_shards(golden, tmp_path):
    folder = copy_folder(golden[0], tmp_path / "shards")
    tensors = list(load_file(folder / "model.safetensors").items())
    names = {}
    for part, some in enumerate((tensors[::2], tensors[1::2])):
        file = f"model-{part}.safetensors"
        save_file(dict(some), folder / file)
        names |= {name: file for name, _ in some}
    (folder / "model.safetensors").unlink()
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": names}))
    assert load(folder).load_report.matched == load(golden[0]).load_report.matched
    for outside in ("../model-0.safetensors", "/etc/passwd", "..", "sub/x"):
        index.write_text(json.dumps({"weight_map": names | {"extra": outside}}))
        with pytest.raises(ZooError, match="outside its folder: that is not a model folder to trust"):
            load(folder)
    index.write_text(json.dumps({"weight_map": names | {"extra": "gone.safetensors"}}))
    with pytest.raises(ZooError, match="names 'gone.safetensors', but the folder has no such file"):
        load(folder)


def test_heads_that_are_not_there_are_new_and_said(golden, family, caplog):
    model = build(weights=golden[0], task="classification", labels=["ham", "spam"])
    assert model.load_report.new == ["classifier/dense/kernel", "classifier/dense/bias"]
    assert "classifier/dense/kernel, classifier/dense/bias untrained" in caplog.text
    assert len(model.load_report.unused) == 7  # the masked-LM and sentence heads
    assert "untrained, because the file has no such head" in str(model.load_report)


def test_a_folder_that_lacks_the_head_it_names(golden, family, tmp_path):
    said = {"architectures": [f"{family.title()}ForSequenceClassification"]}
    folder = copy_folder(golden[0], tmp_path / "headless", None, lambda c: c | said)
    with pytest.raises(ZooError, match="is said to be a classification model but has no whole classifier"):
        load(folder)


def test_weights_without_a_pooler(tmp_path):
    disturb(build(BERT, task="masked_lm")).save_folder(tmp_path / "mlm")
    with pytest.raises(ZooError, match="has no pooler, so pooled_output would be noise: build with pooler=False"):
        build(weights=tmp_path / "mlm")
    assert "pooled_output" not in build(weights=tmp_path / "mlm", pooler=False)(rows([3], 3))


def test_a_head_of_another_size(tmp_path):
    build(BERT, task="classification", labels=["a", "b", "c"]).save_folder(tmp_path / "three")
    with pytest.raises(ZooError, match=r"classifier.weight is \(3, 12\), the model needs \(2, 12\)"):
        build(weights=tmp_path / "three", task="classification", num_classes=2)
    model = build(weights=tmp_path / "three", task="classification", num_classes=2, ignore="classifier.*")
    assert len(model.load_report.new) == 2
    assert build(weights=tmp_path / "three", task="classification").labels == ("a", "b", "c")


def without(*endings):
    return lambda tensors: {n: a for n, a in tensors.items() if not n.endswith(endings)}


@pytest.mark.parametrize(
    ("tensors", "config", "sentence"),
    [
        (without("word_embeddings.weight"), None, "has no tensor for encoder/embeddings/tokens/embeddings;"),
        (without("query.weight"), None, r"has no tensor for encoder/block_0/attention/query/kernel and \d more;"),
        (without("pooler.dense.weight", "pooler.weight"), None, "has no whole pooler"),
        (lambda t: t | {"crf.x": np.ones(3, "f4")}, None, "has the tensor crf.x, which nothing here takes"),
        (None, lambda c: c | {"vocab_size": 43}, r"word_embeddings.weight is \(41, \d+\), the model needs \(43,"),
        (None, lambda c: c | {"vocab_size": 10**9}, r"describes an encoder of [\d,]{13,} parameters, but the weights"),
        (None, lambda c: c | {"hidden_size": 10**12}, "config.json: The number of parameters is .* past|cannot be sh"),
        (None, lambda c: c | {"num_hidden_layers": -1}, "config.json: num_layers=-1 must be a whole number"),
        (None, lambda c: c | {"hidden_dropout_prob": "much"}, "config.json: dropout='much' must be a number"),
        (None, lambda c: c | {"rope_theta": 1e4}, "has the unknown key 'rope_theta': remove it if"),
        (None, lambda c: c | {"hidden_act": "swish"}, "says hidden_act='swish': known are gelu,"),
        (
            None,
            lambda c: c | {"position_embedding_type": "relative_key"},
            "says position_embedding_type='relative_key'",
        ),
        (None, lambda c: c | {"ln_type": "preln"}, "says ln_type='preln', which this encoder does not do"),
        (None, lambda c: c | {"problem_type": "regression"}, "says problem_type='regression', which this"),
        (None, lambda c: c | {"is_decoder": "false"}, "says is_decoder='false'"),
        (None, lambda c: c | {"model_type": "gpt2"}, "says model_type='gpt2', which this encoder does not do"),
        (None, lambda c: c | {"id2label": {"0": "a", "2": "b"}}, r"id2label with the ids \[0, 2\]"),
        (None, lambda c: c | {"id2label": 7}, "has id2label=7: it must map"),
        (None, lambda c: c | {"keras_bert_zoo": {"class": "os.system"}}, "it may only hold use_positions, pre_norm"),
        (None, lambda c: c | {"hidden_act": ["gelu"]}, r"says hidden_act=\['gelu'\]: known are"),
        (None, lambda c: c | {"architectures": "BertModel"}, "has architectures='BertModel': it must be a list"),
        (None, lambda c: c | {"architectures": [7]}, r"has architectures=\[7\]: it must be a list"),
        (None, lambda c: c | {"classifier_dropout": "x"}, "config.json: classifier_dropout='x' must be a number"),
        (None, lambda c: c | {"hidden_dropout_prob": float("nan")}, "config.json: dropout=nan must be a number"),
        (None, lambda c: {"model_type": "bert"}, "does not say vocab_size, hidden_size"),
        (None, lambda c: [], "config.json holds a list, not settings by name"),
        (
            None,
            lambda c: c | {"architectures": ["BertForNothing"]},
            "is a BertForNothing, a task that the zoo does not",
        ),
    ],
)
def test_bad_folders(golden, tensors, config, sentence, tmp_path):
    folder = copy_folder(golden[0], tmp_path / "bad", tensors, config)
    with pytest.raises(ZooError, match=sentence):
        load(folder)


def test_a_strange_head_and_how_to_go_without(golden, family, tmp_path):
    """The advice of the first sentence is enough."""
    extra = {"qa_outputs.weight": np.ones((2, 12), "f4"), "qa_outputs.bias": np.ones(2, "f4")}
    said = {"architectures": [f"{family.title()}ForQuestionAnswering"]}
    folder = copy_folder(
        golden[0], tmp_path / "qa", lambda t: without("pooler.dense.bias", "pooler.bias")(t) | extra, lambda c: c | said
    )
    with pytest.raises(ZooError, match=r"build\(weights=folder, pooler=False, ignore='qa_outputs\*'\) gives its enc"):
        load(folder)
    build(weights=folder, pooler=False, ignore="qa_outputs*")


def test_names_of_another_family(golden, family, tmp_path):
    other = {"bert": "albert", "albert": "bert"}[family]
    words = ("embedding_size", "num_hidden_groups", "inner_group_num")

    def renamed(config):
        return {key: value for key, value in config.items() if key not in words} | {"model_type": other}

    folder = copy_folder(golden[0], tmp_path / "x", None, renamed)
    with pytest.raises(ZooError, match=f"says {other}, but the tensors beside it have the names of {family}"):
        load(folder)


def test_an_unexpected_tensor_can_be_left_out(golden, tmp_path):
    folder = copy_folder(golden[0], tmp_path / "crf", lambda t: t | {"crf.x": np.ones(3, "f4")})
    assert build(weights=folder, ignore="crf.*").load_report.skipped == ["crf.x"]


def damaged(content, how):
    header = struct.unpack("<Q", content[:8])[0]
    return {
        "cut": content[: len(content) // 2],
        "empty": b"",
        "no header": content[:5],
        "huge header": struct.pack("<Q", 1 << 62) + content[8:],
        "huge shape": content[:8]
        + content[8 : 8 + header].replace(b'"shape":[12', b'"shape":[99')
        + content[8 + header :],
        "noise": b"\xff" * 1000,
    }[how]


@pytest.mark.parametrize("how", ["cut", "empty", "no header", "huge header", "huge shape", "noise"])
def test_damaged_safetensors(golden, how, tmp_path):
    folder = copy_folder(golden[0], tmp_path / "bad")
    path = folder / "model.safetensors"
    path.write_bytes(damaged(path.read_bytes(), how))
    with pytest.raises(ZooError, match=r"model.safetensors is damaged or cut short .*: get it again"):
        load(folder)


def test_a_flipped_bit(golden, tmp_path):
    load(golden[0]).save_folder(tmp_path / "ours")
    path = tmp_path / "ours" / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-7] ^= 4
    path.write_bytes(content)
    with pytest.raises(ZooError, match="model.safetensors has changed since it was written"):
        load(tmp_path / "ours")


def test_a_pickle(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ZooError, match=r"has only pytorch_model.bin, a pickle, .*: get the folder's model.safetensors"):
        load(tmp_path)


def test_no_model_folder(tmp_path):
    with pytest.raises(ZooError, match="is no model folder: it needs config.json with model.safetensors"):
        load(tmp_path)
    with pytest.raises(ZooError, match="There is no folder"):
        load(tmp_path / "nowhere")
    (tmp_path / "config.json").write_text("{nonsense")
    save_file({"a": np.ones(1)}, tmp_path / "model.safetensors")
    with pytest.raises(ZooError, match="config.json is no JSON"):
        load(tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(ZooError, match="but no config.json, which says the model's sizes"):
        load(tmp_path)


def test_every_shape_survives(tmp_path):
    """What Hugging Face has no word for is kept beside its words."""
    for i, change in enumerate(
        (
            {"use_positions": False},
            {"pre_norm": True, "causal": True},
            {"num_segments": 0, "epsilon": 1e-5, "dropout": 0.0},
            {"activation": "relu"},
            {"activation": "gelu_tanh", "attention_dropout": 0.3},
        )
    ):
        for config in (BERT, ALBERT):
            config = BertConfig(**vars(config) | {"num_layers": 2, "num_blocks": 2 if config is BERT else 1} | change)
            model = disturb(build(config, task="masked_lm"))
            folder = tmp_path / f"{i}{config.family}"
            model.save_folder(folder)
            again = load(folder)
            assert again.encoder.config == config
            said = json.loads((folder / "config.json").read_text())["model_type"]
            assert said.startswith("keras_bert_zoo_") == (i < 3)  # transformers must not misread it
            np.testing.assert_array_equal(again(rows([4], 5)), model(rows([4], 5)))


def test_causal_is_transformers_is_decoder(tmp_path):
    model = disturb(build(BERT, task="masked_lm", causal=True))
    model.save_folder(tmp_path / "gpt")
    said = json.loads((tmp_path / "gpt" / "config.json").read_text())
    assert (said["is_decoder"], said["model_type"], "keras_bert_zoo" in said) == (True, "bert", False)
    assert load(tmp_path / "gpt").encoder.config.causal
    build(ALBERT, task="masked_lm", causal=True).save_folder(tmp_path / "albert")  # transformers' has no such word
    said = json.loads((tmp_path / "albert" / "config.json").read_text())
    assert said["model_type"] == "keras_bert_zoo_albert"
    assert load(tmp_path / "albert").encoder.config.causal


def test_an_albert_with_a_group_for_every_layer(tmp_path):
    """Its sizes are those of a BERT, its names are not."""
    config = BertConfig(**vars(ALBERT) | {"embedding_size": 12, "num_blocks": 5})
    model = disturb(build(config, task="masked_lm"))
    arrays = model.arrays_by_name()
    description = replace(model.describe(), family="albert", architecture="AlbertForMaskedLM")
    for form in ("huggingface", "google"):
        with committed(tmp_path / form) as partial:
            write(partial, form, description, arrays, {})
        again = load(tmp_path / form)
        np.testing.assert_array_equal(again(rows([4], 5)), model(rows([4], 5)))
        convert(tmp_path / form, tmp_path / f"again_{form}", "huggingface")
        said = json.loads((tmp_path / f"again_{form}" / "config.json").read_text())
        assert said["model_type"] == "albert"


def test_what_configs_leave_out(golden, family, tmp_path):
    def quiet(config):
        words = ("classifier_dropout", "hidden_dropout_prob", "attention_probs_dropout_prob")
        return {key: value for key, value in config.items() if not key.startswith(words)}

    folder = copy_folder(golden[0], tmp_path / "quiet", None, quiet)
    said = open_folder(folder).description
    assert (said.config.dropout, said.config.attention_dropout) == ((0.1, 0.1) if family == "bert" else (0, 0))
    assert said.head_dropout == 0.1
    folder = copy_folder(golden[0], tmp_path / "loud", None, lambda c: quiet(c) | {"hidden_dropout_prob": 0.3})
    assert open_folder(folder).description.head_dropout == (0.3 if family == "bert" else 0.1)


def test_two_tensors_of_one_meaning(golden, family, tmp_path):
    name = "embeddings.LayerNorm.weight"
    both = copy_folder(golden[0], tmp_path / "two", lambda t: t | {name: t[f"{family}.{name}"] * 2})
    with pytest.raises(ZooError, match=rf"two tensors of one meaning: leave one out with ignore=.{name}."):
        load(both)
    assert load(both, ignore=name).load_report.skipped == [name]


def test_an_albert_that_does_not_widen(tmp_path):
    """transformers widens even where E = H: we write, and read back, a widening that changes nothing."""
    config = BertConfig(**vars(ALBERT) | {"embedding_size": 12})
    model = disturb(build(config, task="masked_lm"))
    model.save_folder(tmp_path / "a")
    name = "albert.encoder.embedding_hidden_mapping_in.weight"
    np.testing.assert_array_equal(load_file(tmp_path / "a" / "model.safetensors")[name], np.eye(12))
    np.testing.assert_array_equal(load(tmp_path / "a")(rows([4], 5)), model(rows([4], 5)))


def test_words_for_activations():
    assert EXACT["gelu"] == "gelu"
    assert EXACT["gelu_new"] == "gelu_tanh"
