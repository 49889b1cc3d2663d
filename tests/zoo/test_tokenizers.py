import pytest

from keras_bert_zoo import ZooError, tokenizer, train_vocabulary


def test_packaged_vocabularies_work_by_any_name():
    assert tokenizer("bert_base").ids("hello") == tokenizer("google-bert/bert-large-uncased").ids("hello") == [[7592]]
    assert tokenizer("albert-base-v2").ids("hello") == tokenizer("albert_xxlarge_v1").ids("hello") == [[10975]]
    assert tokenizer("minilm_l6")("hello")["token_ids"].tolist() == [[101, 7592, 102]]


@pytest.mark.parametrize("name", ["bert_base_cased", "bert_multilingual", "bert_chinese", "albert_zh_base"])
def test_others_say_what_to_download(name, monkeypatch, tmp_path):
    monkeypatch.setenv("KBZ_CACHE", str(tmp_path))
    with pytest.raises(ZooError, match=f"The vocabulary of {name} is not here: download https://storage.google"):
        tokenizer(name)


def test_a_file_alone(tmp_path):
    for model, name in (("bert_base", "words.txt"), ("albert_base", "30k.model")):
        (tmp_path / name).write_bytes(tokenizer(model).data)
        assert tokenizer(tmp_path / name).ids("Hello") == tokenizer(model).ids("Hello")
    (tmp_path / "cased.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nHello\n")
    assert tokenizer(str(tmp_path / "cased.txt")).ids("Hello hello") == [[5, 1]]
    (tmp_path / "accents.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nçok\n")
    assert tokenizer(tmp_path / "accents.txt").ids("Çok cok") == [[5, 1]]
    cased = tmp_path / "cased.model"
    train_vocabulary(
        iter(["Éa Aé ba Ab"] * 20), "sentencepiece", 21, tmp_path / "v", lower=False, tell=lambda line: None
    )
    cased.write_bytes((tmp_path / "v" / "spiece.model").read_bytes())
    assert tokenizer(cased).ids("Éa ba") == tokenizer(tmp_path / "v").ids("Éa ba")
    (tmp_path / "bad.txt").write_bytes(b"[PAD]\n\xff")
    with pytest.raises(ZooError, match=r"bad.txt is no UTF-8 at byte 6: give a vocab.txt, or a .model"):
        tokenizer(tmp_path / "bad.txt")
    (tmp_path / "twice.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\na\n")
    with pytest.raises(ZooError, match=r"twice.txt: vocab.txt has the piece 'a' 2 times"):
        tokenizer(tmp_path / "twice.txt")


def test_wrong_names():
    with pytest.raises(ZooError, match="There is no folder '/nowhere', and no model of that name"):
        tokenizer("/nowhere")
    with pytest.raises(ZooError, match="did you mean 'bert_base'"):
        tokenizer("bert_bas")
