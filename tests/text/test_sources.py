import bz2
import gzip
import io
import lzma
import re
import tarfile
import zipfile

import pytest

from keras_bert_zoo import ZooError
from keras_bert_zoo.text import sources
from keras_bert_zoo.text.sources import Source, blocks

TEXT = "mid ab\n\tlaba ç saddex\r\n\nafar shan"


def text_of(files):
    return "".join(Source(files))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "b.txt").write_text("b\n")
    (tmp_path / "a.txt").write_text("a\n")
    (tmp_path / "deep" / "c.text").write_text("c\n")
    return tmp_path


def test_paths_folders_patterns_and_texts(folder):
    assert text_of(folder) == text_of(str(folder)) == "a\nb\nc\n"
    assert text_of(f"{folder}/*.txt") == "a\nb\n"
    assert text_of([folder / "b.txt", f"{folder}/*.txt"]) == "b\na\n"  # each once
    assert list(Source(iter(["x", b"y\xffz", "u\ud800v"]))) == ["x", "yz", "uv"]
    (folder / "[x].txt").write_text("x")
    assert text_of(f"{folder}/[x].txt") == "x"  # a file that is there is no pattern


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("t.txt", bytes),
        ("t.gz", gzip.compress),
        ("t.txt.xz", lzma.compress),
        ("t.BZ2", bz2.compress),
        ("marked", lambda text: b"\xef\xbb\xbf" + text),
        ("broken", lambda text: text.replace(b"mid", b"m\xffi\xc3d")),
        ("wide", lambda text: text.decode().encode("utf-16")),
    ],
)
def test_files_of_every_kind(name, pack, tmp_path):
    (tmp_path / name).write_bytes(pack(TEXT.encode()))
    assert text_of(tmp_path / name) == TEXT


def test_an_archive_of_files(tmp_path):
    with tarfile.open(tmp_path / "t.tar.gz", "w:gz") as tape:
        tape.addfile(directory := tarfile.TarInfo("t"))
        directory.type = tarfile.DIRTYPE
        for name in ("t/b", "t/a"):
            member = tarfile.TarInfo(name)
            member.size = len(TEXT.encode())
            tape.addfile(member, io.BytesIO(TEXT.encode()))
    assert text_of(tmp_path / "t.tar.gz") == TEXT + TEXT


def test_what_is_no_utf_8_is_counted(folder):
    (folder / "a.txt").write_bytes(b"tr\xe8s bien\n")
    source = Source([folder / "a.txt", folder / "b.txt"])
    assert "".join(source) == "trs bien\nb\n"
    assert (source.dropped, source.read) == (1, 12)
    texts = Source(iter([b"\xe8\xe9a", "\u4e2d\ud800"]))
    assert "".join(texts) == "a\u4e2d"
    assert (texts.dropped, texts.read) == (3, 7)  # bytes


def test_utf_16_that_is_cut(tmp_path):
    (tmp_path / "a.txt").write_bytes("ab".encode("utf-16") + b"\x00")
    with pytest.raises(ZooError, match="a.txt is no utf-16.* to its end: is it whole"):
        text_of(tmp_path / "a.txt")


def test_a_folder_without_a_file(folder):
    (folder / "empty" / "deeper").mkdir(parents=True)
    with pytest.raises(ZooError, match="There is no file in the folder '.*empty': give one with text"):
        Source(folder / "empty")


def test_a_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "t.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t/b", TEXT)
        archive.writestr("t/a", TEXT * 100)
    source = Source([tmp_path / "t.zip"])
    assert "".join(source) == TEXT * 101
    assert source.done == source.size == (tmp_path / "t.zip").stat().st_size
    content = bytearray((tmp_path / "t.zip").read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # said to be encrypted
    (tmp_path / "t.zip").write_bytes(content)
    with pytest.raises(ZooError, match=r"t.zip cannot be read \(t/b is encrypted\)"):
        text_of(tmp_path / "t.zip")


@pytest.mark.parametrize("size", [1, 2, 3, 5, 11])
def test_blocks_end_where_words_do(size, monkeypatch, tmp_path):
    monkeypatch.setattr(sources, "BLOCK", size)
    (tmp_path / "t.txt").write_bytes(TEXT.encode())
    found = list(Source(tmp_path / "t.txt"))
    assert "".join(found) == TEXT  # not one byte of ç is lost
    assert all(re.search(r"\s$", block) for block in found[:-1] if block and len(block) <= size)


def test_one_enormous_word_is_cut(monkeypatch):
    monkeypatch.setattr(sources, "BLOCK", 10)
    found = list(blocks(iter(["ab " + "x" * 7, "x" * 10, "x" * 10, " cd"])))
    assert "".join(found) == "ab " + "x" * 27 + " cd"
    assert max(map(len, found)) <= 20


def test_how_far_it_is(folder):
    source = Source(folder)
    assert (source.size, source.done) == (6, 0)
    assert [(source.done, block) for block in source if block] == [(2, "a\n"), (4, "b\n"), (6, "c\n")]
    texts = Source(iter(["x", "y"]))
    assert [texts.done for _ in texts] == [1, 2]
    assert texts.size is None


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ("nowhere.txt", "There is no file 'nowhere.txt': give a text file, a folder of them or a pattern"),
        ("a text that is no path\0", "There is no file 'a text that is no path"),
        ("x" * 5000, "There is no file 'xxx"),
        ([], "There are no files: give at least one"),
        (["x", 3], "There is no file 'x'"),
        ([3], "File 0 is 3: give paths, or texts as iter"),
        ({"a": 1}, "is neither a file nor a list of them, nor an iterable of texts"),
        (b"ab", "is neither a file nor a list"),
        (None, "None is neither a file nor a list"),
        (iter(["a", None]), "Text 1 is None, of type NoneType: give strings"),
    ],
    ids=range(10),
)
def test_what_is_no_source(files, sentence):
    with pytest.raises(ZooError, match=sentence):
        text_of(files)


@pytest.mark.parametrize("name", ["t.gz", "t.xz", "t.bz2", "t.tar", "t.tgz"])
@pytest.mark.parametrize("content", [b"no such thing", gzip.compress(TEXT.encode() * 99)[:60]], ids=["other", "torn"])
def test_damage(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ZooError, match=rf"{name} cannot be read \(.*\): is it whole, and what its name says"):
        text_of(tmp_path / name)
