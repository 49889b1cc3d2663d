import bz2
import gzip
import io
import json
import lzma
import random
import tarfile
import zipfile

import pytest

from keras_bert_zoo import ZooError
from keras_bert_zoo.corpus import documents
from keras_bert_zoo.corpus.documents import Documents

TEI = """<?xml version="1.0"?>
<TEI xmlns="http://www.tei-c.org/ns/1.0"><teiHeader><p>not this</p></teiHeader><text>
<front><p>nor this</p></front>
<body><p>before</p><div type="chapter"><head>One</head><p>A <hi>b</hi>
c<note>no</note> d.</p><p>E.</p></div>
<div type="part"><div type="chapter"><p>F.</p></div></div><p>after</p></body></text></TEI>"""


def texts(*files, **settings):
    return [document.text for document in Documents(files, **settings)]


def tar_of(path, members, mode="w:xz"):
    with tarfile.open(path, mode) as tape:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tape.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize(
    ("split", "expected"),
    [("file", ["a\nb\n\n \nc\nd"]), ("blank_line", ["a\nb", "c\nd"]), ("line", ["a", "b", "c", "d"])],
)
@pytest.mark.parametrize("block", [1, 3, 1 << 16])
def test_documents_of_a_file(tmp_path, monkeypatch, split, expected, block):
    monkeypatch.setattr("keras_bert_zoo.text.sources.BLOCK", block)
    (tmp_path / "a.txt").write_bytes(b"\n\na\nb\n\n \nc\nd\n")
    assert texts(tmp_path / "a.txt", split=split) == expected


def test_what_is_packed(tmp_path):
    for name, pack in {"a.gz": gzip.compress, "b.bz2": bz2.compress, "c.xz": lzma.compress}.items():
        (tmp_path / name).write_bytes(pack(name.encode()))
    tar_of(tmp_path / "d.tar.xz", {"x/1.txt": b"d1", "x/2.xml": TEI.encode(), "x/3.txt": b"d3"})
    with zipfile.ZipFile(tmp_path / "e.zip", "w") as archive:
        archive.mkdir("folder")
        archive.writestr("folder/e.txt", "e1")
    assert texts(tmp_path, only="*[!l]") == ["a.gz", "b.bz2", "c.xz", "d1", "d3", "e1"]
    assert len(texts(tmp_path, only="*.xml")) == 4


def test_chapters_of_a_book(tmp_path):
    (tmp_path / "a.xml").write_text(TEI)
    assert texts(tmp_path / "a.xml") == ["before", "One\n\nA b c d.\n\nE.", "F.", "after"]


def test_json_lines(tmp_path):
    lines = [json.dumps({"text": "é"}), "", "{", json.dumps({"body": 1}), json.dumps({"text": "b"})]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    found = Documents(tmp_path / "a.jsonl")
    assert [document.text for document in found] == ["é", "b"]
    (reason, (count, first)), *_ = found.skipped.items()
    assert (reason, count) == ("documents are empty", 1)
    count, first = found.skipped["lines have no JSON with a 'text', which field= names"]
    assert count == 2
    assert first.endswith("a.jsonl, line 3")


def test_what_is_left_out_is_said(tmp_path):
    (tmp_path / "1.txt").write_bytes("déjà vu ".encode("latin-1") * 9)
    (tmp_path / "2.txt").write_bytes(bytes(range(256)) * 9)
    (tmp_path / "3.txt").write_bytes(b" \n ")
    (tmp_path / "4.txt").write_bytes(b"x" * 5000 + b"\xff" + b"y\x00")
    (tmp_path / "5.xml").write_bytes(TEI[:300].encode())
    found = Documents(tmp_path)
    assert [document.text for document in found if document.source.endswith("4.txt")] == ["x" * 5000 + "y"]
    said = str(found.skipped)
    for reason in (
        "2 documents are not UTF-8 and left out: encoding= says what they are in (the first: ",
        "1 documents are empty",
        "a few bytes that are no text",
        "files are no XML to their end",
    ):
        assert reason in said
    assert "1.txt" in said


def test_more_that_is_no_text(tmp_path):
    (tmp_path / "1.jsonl").write_text('{"text": "a\\ud800b"}')
    (tmp_path / "2.txt").write_bytes(b"\xff\xfea")
    (tmp_path / "3.xml").write_text("<mediawiki><page>x</page></mediawiki>")
    (tmp_path / "4.xml").write_text('<?xml version="1.0" encoding="Shift_JIS"?><a/>')
    (tmp_path / "5.txt").write_text("text")
    found = Documents(tmp_path)
    assert [document.text for document in found][-1] == "text"
    said = str(found.skipped)
    for reason in ("are not UTF-8", "files are not utf-16", "no text of the Text Encoding", "no XML to their end"):
        assert reason in said
    assert "2.txt" in said


def test_a_text_in_the_text_does_not_end_it(tmp_path):
    inner = "<p>one</p><floatingText><body><p>inner</p></body></floatingText><p>two</p>"
    (tmp_path / "a.xml").write_text(f"<TEI><text><body>{inner}</body></text></TEI>")
    assert texts(tmp_path / "a.xml") == ["one\n\ninner\n\ntwo"]


def test_a_pattern_for_names(tmp_path):
    for name in ("a1.txt", "b1.txt", "a2.md"):
        (tmp_path / name).write_text(name)
    assert texts(tmp_path, only="a*.txt") == ["a1.txt"]
    assert texts(tmp_path, only="*/b*") == ["b1.txt"]
    with pytest.raises(ZooError, match="There are no files"):
        Documents([])


def test_binary_that_is_utf8(tmp_path):
    (tmp_path / "a.bin").write_bytes(bytes(range(128)) * 9)
    found = Documents(tmp_path)
    assert list(found) == []
    assert "documents are no text but binary" in str(found.skipped)


def test_encodings(tmp_path):
    (tmp_path / "a.txt").write_bytes("déjà".encode("latin-1"))
    assert texts(tmp_path / "a.txt", encoding="latin-1") == ["déjà"]
    (tmp_path / "b.txt").write_bytes("déjà".encode("utf-16"))
    assert texts(tmp_path / "b.txt") == ["déjà"]
    with pytest.raises(ZooError, match="There is no encoding 'latin-99'"):
        Documents(tmp_path, encoding="latin-99")


@pytest.mark.parametrize("split", ["file", "blank_line", "line"])
def test_one_enormous_line(tmp_path, monkeypatch, split):
    monkeypatch.setattr(documents, "LONGEST", 100)
    by_line = documents.by_line
    monkeypatch.setitem(documents.SPLITS, "line", lambda pieces: by_line(pieces, 100))
    (tmp_path / "a.txt").write_text("ab " * 200 + "c" * 250)
    found = texts(tmp_path / "a.txt", split=split)
    assert "".join(found).replace(" ", "") == "ab" * 200 + "c" * 250
    assert max(map(len, found)) <= 100


def test_html_breaks_are_lines(tmp_path):
    (tmp_path / "a.txt").write_text("a<br /><BR>b<br/>c")
    assert texts(tmp_path / "a.txt") == ["a\n\nb\nc"]


def test_how_much_has_been_read(tmp_path):
    for name in "abc":
        (tmp_path / name).write_text(name * 1000)
    found = Documents(tmp_path)
    done = [found.done for _ in found]
    assert done == [1000, 2000, 3000]
    assert found.size == 3000


def test_damaged_archives_and_missing_files(tmp_path):
    whole = tar_of(tmp_path / "a.tar.xz", {"1.txt": random.Random(0).randbytes(9000).hex().encode()})
    whole.write_bytes(whole.read_bytes()[:-4000])
    with pytest.raises(ZooError, match=r"a.tar.xz cannot be read .*: is it whole, and what its name says\?"):
        texts(whole)
    with pytest.raises(ZooError, match="There is no file"):
        texts(tmp_path / "missing.txt")
    with pytest.raises(ZooError, match="There is no way to split files into documents 'lines'"):
        Documents(whole, split="lines")


def test_sets_of_tensorflow_datasets(monkeypatch):
    tfds = pytest.importorskip("tensorflow_datasets")
    import tensorflow as tf

    made = tf.data.Dataset.from_tensor_slices({"text": [b"one", b"two \xc3\xa9"]})
    monkeypatch.setattr(tfds, "load", lambda name, split: {"small/plain:test": made}[f"{name}:{split}"])
    assert texts("tfds:small/plain:test") == ["one", "two é"]
    with pytest.raises(ZooError, match="has text, and no 'body'"):
        texts("tfds:small/plain:test", field="body")
