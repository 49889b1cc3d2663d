import numpy as np
import pytest
from conftest import ALBERT, BERT, disturb, rows

from keras_bert_zoo import BertConfig, ZooError, build, load, untie
from keras_bert_zoo import tokenizer as open_tokenizer
from keras_bert_zoo.tasks import Classification, States


def test_the_first_line_of_the_readme():
    model = build("bert_tiny")
    assert isinstance(model, States)
    assert model.count_params() == 4_385_920
    out = model.predict(["one text", "another"], verbose=0)
    assert out["pooled_output"].shape == (2, 128)
    assert len(out["encoder_outputs"]) == 2


def test_options_go_where_they_belong():
    model = build("bert_tiny", task="classification", num_classes=3, dropout=0.0, num_layers=1, num_blocks=1)
    assert isinstance(model, Classification)
    assert model.encoder.config.num_layers == 1
    assert model.encoder.config.dropout == 0
    assert model(rows([4], 5)).shape == (1, 3)


def test_answers_come_in_the_order_of_the_texts(tokenizer):
    model = disturb(build(BERT, task="classification", labels=["ham", "spam"]), by=0.5)
    model.tokenizer = tokenizer
    texts = ["a b c", "d", "e f g h i j k l m n o p q r a b", "q"]
    together = model.answer(texts)
    assert [answer["label"] in ("ham", "spam") for answer in together] == [True] * 4
    for text, answer in zip(texts, together, strict=True):
        alone = model.answer(text)[0]
        assert alone["label"] == answer["label"]
        assert abs(alone["score"] - answer["score"]) < 1e-5
        assert abs(sum(answer["scores"].values()) - 1) < 1e-6
        assert answer["score"] == max(answer["scores"].values())
    assert len({round(answer["scores"]["spam"], 6) for answer in together}) == 4


def test_predict_takes_texts_and_arrays(tokenizer):
    model = disturb(build(BERT, task="classification", num_classes=2))
    model.tokenizer = tokenizer
    texts = ["a b c", "d e"]
    from_text = model.predict(texts, verbose=0)
    np.testing.assert_allclose(from_text, model.predict(tokenizer(texts), verbose=0), atol=1e-6)
    np.testing.assert_allclose(from_text, model.predict(np.array(texts), verbose=0), atol=1e-6)


def test_masks_are_filled(tokenizer):
    model = disturb(build(ALBERT, task="masked_lm"), by=0.5)
    model.tokenizer = tokenizer
    one, two = model.answer(["a [MASK] c", "[MASK] b [MASK]"])
    assert [len(one), len(two)] == [1, 2]
    for mask in (*one, *two):
        assert [len(mask), *sorted(best["score"] for best in mask)[::-1]] == [5, *(best["score"] for best in mask)]
    given = model.read(["a [MASK] c"])
    scores = np.asarray(model(given))[0, 0]
    assert one[0][0]["token"] == tokenizer.vocabulary.pieces[scores.argmax()]
    with pytest.raises(ZooError, match=r"No text has a \[MASK\]"):
        model.answer(["a b"])


def test_pairs_follow(tokenizer):
    model = disturb(build(BERT, task="pretraining"), by=0.5)
    model.tokenizer = tokenizer
    (answer,) = model.answer(["a [MASK]"], pairs=["b c"])
    given = tokenizer(["a [MASK]"], ["b c"], special_tokens="parse")
    logits = np.asarray(model(given)["next_sentence"])[0]
    assert abs(answer["follows"] - 1 / (1 + np.exp(logits[1] - logits[0]))) < 1e-5
    assert len(answer["masks"]) == 1
    assert model.answer(["a"], pairs=["b"])[0]["masks"] == []


def test_vectors_do_not_see_padding(tokenizer):
    model = disturb(build(BERT))
    model.tokenizer = tokenizer
    long = "a b c d e f g h i j k l m n o p q r a b"
    np.testing.assert_allclose(model.answer(["a b", long])[0]["vector"], model.answer("a b")[0]["vector"], atol=1e-5)


def test_fit_takes_arrays(tokenizer):
    model = build(BERT, task="classification", num_classes=2)
    model.compile(jit_compile=False)
    history = model.fit(tokenizer(["a b", "c d"]), np.array([0, 1]), verbose=0)
    assert np.isfinite(history.history["loss"][0])


def test_a_folder_gives_the_shape(tmp_path, tokenizer):
    model = disturb(build(BERT, task="masked_lm"))
    model.tokenizer = tokenizer
    model.save_folder(tmp_path / "model")
    bare = build(weights=tmp_path / "model", pooler=False)
    assert bare.encoder.config == BERT
    given = rows([5], 6)
    expected = model.encoder(given)["sequence_output"]
    np.testing.assert_array_equal(bare(given)["sequence_output"], expected)
    assert bare.tokenizer.ids("a") == [[5]]
    quiet = build(weights=tmp_path / "model", task="masked_lm", dropout=0.0, attention_dropout=0.0)
    assert quiet.encoder.config.dropout == 0
    np.testing.assert_array_equal(quiet(given, training=True), model(given))


def test_an_untied_albert_travels(tmp_path):
    model = untie(disturb(build(ALBERT, task="classification", labels=["a", "b"])))
    model.save_folder(tmp_path / "untied")
    again = load(tmp_path / "untied")
    assert again.encoder.config.num_blocks == 5
    np.testing.assert_array_equal(again(rows([5], 6)), model(rows([5], 6)))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda f: build(), "Give the name of a model .* or weights=folder"),
        (lambda f: build("bert_tiny", task="summary"), "There is no task 'summary': there are classification,"),
        (lambda f: build("bert_tiny", task="clasification"), "did you mean 'classification'"),
        (
            lambda f: build("bert_tiny", weights="gogle"),
            "neither a folder nor a release of bert_tiny: its releases are",
        ),
        (lambda f: build(weights="nowhere/at/all"), "There is no folder 'nowhere/at/all'"),
        (lambda f: build(weights="google"), "There is no folder 'google'"),
        (lambda f: build("bert_tiny", weights=f), "bert_tiny has vocab_size=30522, but the weights in .* have 41"),
        (lambda f: build(weights=f, num_layers=2), "num_layers=2 cannot be chosen with weights, which have 3"),
        (lambda f: build("bert_tiny", task="classification"), "A classifier needs num_classes"),
        (lambda f: build("bert_tiny", task="classification", num_classes=0), "num_classes=0 must be a whole number"),
        (lambda f: build("bert_tiny", task="classification", num_classes=2, labels=["a"]), "but there are 1 labels"),
        (lambda f: build("bert_tiny", task="classification", labels=["a", "a"]), "must be different names"),
        (
            lambda f: build("bert_tiny", task="classification", num_clases=2),
            "no option 'num_clases': did you mean 'num_",
        ),
        (lambda f: build("bert_tiny", num_heads=3), "hidden_size=128 cannot be shared among num_heads=3"),
        (lambda f: build("bert_tiny", weights=3), "3 is no folder: give its path"),
        (lambda f: load(None), "None is no folder: give its path"),
        (lambda f: open_tokenizer(None), "There is no model None"),
        (lambda f: build("bert_tiny").save_folder(f / "x", form="onnx"), "There is no format 'onnx'"),
        (lambda f: build("bert_tiny").answer(None), "None is no text, nor a list of texts"),
        (lambda f: build("bert_tiny", dtype="half"), "dtype='half' is no Keras policy: use"),
    ],
)
def test_wrong_calls(call, sentence, tmp_path):
    build(BERT).save_folder(tmp_path / "folder")
    with pytest.raises(ZooError, match=sentence):
        call(tmp_path / "folder")


def test_a_config_with_weights_must_agree(tmp_path):
    build(BERT).save_folder(tmp_path / "model")
    quiet = build(BertConfig(**vars(BERT) | {"dropout": 0.0}), weights=tmp_path / "model")
    assert quiet.encoder.config.dropout == 0
    with pytest.raises(ZooError, match="has pre_norm=True, but the weights in .* have False"):
        build(BertConfig(**vars(BERT) | {"pre_norm": True}), weights=tmp_path / "model")


def test_a_vocabulary_of_another_model(tmp_path):
    build(BERT, vocab_size=30).save_folder(tmp_path / "model")
    more = "".join(f"x{i}\n" for i in range(99))
    (tmp_path / "model" / "vocab.txt").write_text(f"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n{more}")
    with pytest.raises(ZooError, match="has a vocabulary of 104 pieces, but weights for 30"):
        load(tmp_path / "model")


def test_without_a_tokenizer():
    model = build(BERT)
    assert isinstance(model.encoder.config, BertConfig)
    with pytest.raises(ZooError, match=r"has no tokenizer, so it takes arrays only: set model.tokenizer"):
        model.answer(["a"])


def test_no_texts():
    with pytest.raises(ZooError, match="There are no texts"):
        build("bert_tiny").answer([])
