import re
from collections import Counter

import pytest

from keras_bert_zoo.text import counting
from keras_bert_zoo.text.counting import count, frequent_half
from keras_bert_zoo.text.sources import Source


def test_counts():
    found = count(Source(iter(["a b a", "b\nc", ""])), str.split, frequent_half, print)
    assert found == {"a": 2, "b": 2, "c": 1}


def test_room_is_made(monkeypatch):
    monkeypatch.setattr(counting, "MOST", 4)
    assert frequent_half(Counter("cbaabd")) == {"b": 2, "a": 2}
    assert list(frequent_half(Counter("dcba"))) == ["d", "c"]  # of equals the first
    texts = iter(["a a a b b c d", "e", "a e e"])  # five different ones: a and b stay
    assert count(Source(texts), str.split, frequent_half, print) == {"a": 4, "b": 2, "e": 2}


@pytest.mark.parametrize("as_file", [True, False])
def test_a_log_hears_of_it_now_and_then(as_file, monkeypatch, tmp_path):
    monkeypatch.setattr(counting, "EVERY_S", -1)
    (tmp_path / "t.txt").write_text("a b\n" * 50_000)
    said = []
    count(Source(tmp_path / "t.txt" if as_file else iter(["a", "b"])), str.split, frequent_half, said.append)
    if as_file:
        assert re.fullmatch(r"reading 0\.\d MB of 0\.2 MB", said[0])
        assert said[-1] == "reading 0.2 MB of 0.2 MB"
    else:
        assert said == ["reading 1 texts", "reading 2 texts"]
    monkeypatch.setattr(counting, "EVERY_S", 100)
    count(Source(iter(["a"])), str.split, frequent_half, lambda line: pytest.fail(line))


def test_a_bar_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    count(Source(iter(["a"])), str.split, frequent_half, lambda line: pytest.fail(line))
    shown = capsys.readouterr()
    assert "reading" in shown.err
    assert shown.out == ""
