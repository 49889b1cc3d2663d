"""The corpus of an Apache Beam pipeline (extra [beam]) is that of `prepare`, byte for byte."""

import tarfile

import pytest
from corpora import write_texts

from keras_bert_zoo import ZooError
from keras_bert_zoo.corpus.preparation import Preparation
from keras_bert_zoo.corpus.prepare import prepare

pytestmark = pytest.mark.parity
pytest.importorskip("apache_beam")


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("deduplicate", [True, False])
@pytest.mark.filterwarnings("ignore")
def test_the_same_bytes(tmp_path, tokenizer, deduplicate):
    from keras_bert_zoo.corpus.beam import run

    write_texts(tmp_path / "texts", seed=0)
    write_texts(tmp_path / "more", seed=1)
    (tmp_path / "more" / "broken.txt").write_bytes(b"\xff" * 99)
    with tarfile.open(tmp_path / "more" / "again.tar", "w") as tape:
        tape.add(tmp_path / "texts" / "texts.txt", "texts.txt")
    files = [tmp_path / "texts", tmp_path / "more"]
    settings = {"split": "blank_line", "sentences": "line", "heldout": 0.1, "shards": 3, "deduplicate": deduplicate}
    ours = prepare(files, tmp_path / "ours", tokenizer, workers=0, tell=lambda line: None, **settings)
    run(Preparation(files, tmp_path / "beam", tokenizer, **settings), ["--runner=DirectRunner"])
    assert contents(tmp_path / "ours") == contents(tmp_path / "beam")
    assert ours.manifest["duplicates"] == (122 if deduplicate else 0)
    with pytest.raises(ZooError, match="exists already"):
        Preparation(files, tmp_path / "beam", tokenizer, **settings | {"shards": 2})
