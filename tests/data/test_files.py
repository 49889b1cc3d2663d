import pytest

from keras_bert_zoo import ZooError
from keras_bert_zoo.data import Columns, read


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", 'text,label\n"Hi, ""you""\nthere",1\nb,0\n'),
        ("a.csv", '\ufefftext,label\r\n"Hi, ""you""\nthere",1\r\nb,0\r\n'),
        ("a.csv", 'id,label,text\n7,1,"Hi, ""you""\nthere"\n8,0,b\n'),
        ("a.json", '[{"text": "Hi, \\"you\\"\\nthere", "label": 1}, {"label": 0, "text": "b"}]'),
        ("a.jsonl", '{"text": "Hi, \\"you\\"\\nthere", "label": 1}\n\n{"label": 0, "text": "b", "more": 2}\n'),
        ("a.csv", 'text,label\n"Hi, ""you""\nthere",1\nb,0\n'.encode("utf-16")),
    ],
)
def test_forms(name, content, tmp_path):
    found = read(write(tmp_path / name, content))
    assert found.texts == ['Hi, "you"\nthere', "b"]
    assert [str(label) for label in found.labels] == ["1", "0"]


def test_in_tsv_a_quote_is_a_character(tmp_path):
    found = read(write(tmp_path / "a.tsv", 'text\tlabel\n"He said\t1\n b "x" \t0\n'))
    assert found.texts == ['"He said', ' b "x" ']


def test_a_file_without_a_header(tmp_path):
    path = write(tmp_path / "a.csv", "1,a\n0,b\n")
    assert read(path, Columns(names=("label", "text"))).texts == ["a", "b"]


def test_another_encoding(tmp_path):
    path = write(tmp_path / "a.csv", "text,label\nKäse,1\nb,0\n".encode("latin-1"))
    assert read(path, Columns(encoding="latin-1")).texts == ["Käse", "b"]
    with pytest.raises(ZooError, match=r"a.csv, line 2: byte b'\\xe4' is not utf-8: say what the file is in, such as"):
        read(path)
    with pytest.raises(ZooError, match="There is no encoding 'klingon'"):
        read(path, Columns(encoding="klingon"))


def test_a_line_of_five_megabytes(tmp_path):
    long = "word " * 1_000_000
    assert len(read(write(tmp_path / "a.csv", f"text,label\n{long}x,1\nb,0\n")).texts[0]) == 5_000_001


def test_rows_are_named_by_their_lines(tmp_path):
    path = write(tmp_path / "a.csv", 'text,label\n"two\nlines",1\n,0\nb,\n')
    with pytest.raises(
        ZooError, match=r"has 2 rows without a text or a label \(the first: row 4 has no text\).*empty=\"drop\""
    ):
        read(path)
    kept = read(path, empty="drop")
    assert (kept.texts, kept.rows) == (["two\nlines"], [2])


def test_the_bundled_set():
    found = read("sms_spam")
    assert len(found) == 5574
    assert found.labels.count("spam") == 747
    assert found.texts[0].startswith("Go until jurong point")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", "texts,label\na,1\n", "There is no column in .*a.csv 'text': did you mean 'texts'"),
        ("a.csv", "x,y\na,1\n", "There is no column in .*'text': its columns are 'x', 'y'"),
        ("a.csv", "", "a.csv is empty: it needs a header"),
        ("a.csv", "text,label\n", "a.csv has no rows"),
        (
            "a.csv",
            'text,label\nfine,1\n"open,0\nand,1\n',
            r"a.csv: the row on line 3 is no CSV .*close or double",
        ),
        ("a.csv", 'text,label\n"a"b,0\n', "the row on line 2 is no CSV"),
        ("a.csv", "text,label\na,b,1\n", r"a.csv, line 2 has 3 fields, but there are 2 columns \(text, label\)"),
        ("a.xlsx", "x", r"ends in '.xlsx': known are .csv, .tsv"),
        ("a.jsonl", '{"text": "a"}\n{oops\n', "a.jsonl, line 2 is no JSON"),
        ("a.jsonl", '{"text": "a"}\n7\n', "row 2 is 7: it must be a dictionary"),
        ("a.json", '{"text": "a"}', r"a.json holds no list of rows"),
        ("a.json", "[" * 100_000, "is no JSON"),
        ("a.json", "[]", "a.json is empty"),
        ("a.jsonl", '{"text": 7, "label": 1}', "row 1: 7 is a int, not a text: is it the right column"),
    ],
)
def test_files_that_cannot_be_read(name, content, sentence, tmp_path):
    with pytest.raises(ZooError, match=sentence):
        read(write(tmp_path / name, content))


def test_no_file():
    with pytest.raises(ZooError, match="There is no file 'nowhere.csv': give a .csv"):
        read("nowhere.csv")


@pytest.mark.parametrize(("name", "sign"), [("a.csv", ";"), ("a.csv", "\t"), ("a.tsv", ",")])
def test_another_separator(tmp_path, name, sign):
    (tmp_path / name).write_text(f"text{sign}label\na{sign}b\n")
    with pytest.raises(ZooError, match="has one column, 'text.*label', in which .* looks like the separator"):
        read(tmp_path / name)


def test_a_column_whose_name_has_a_sign_in_it(tmp_path):
    (tmp_path / "a.tsv").write_text("Comments, free\none\ntwo\n")
    assert list(read(tmp_path / "a.tsv", Columns("Comments, free", None)).texts) == ["one", "two"]
