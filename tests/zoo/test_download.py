import hashlib
import json

import pytest
from file_server import serving

from keras_bert_zoo import ZooError
from keras_bert_zoo.zoo import download as module
from keras_bert_zoo.zoo.download import download

CONTENT = bytes(range(256)) * 5000
SUM = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.setenv("KBZ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "TIMEOUT_S", 5)
    with serving({"/x.bin": CONTENT}) as server:
        yield server


def test_whole_and_checked(server, tmp_path, caplog):
    path = download(server.url + "/x.bin", tmp_path / "x.bin", SUM)
    assert path.read_bytes() == CONTENT
    assert "nobody has confirmed" not in caplog.text
    assert [left.name for left in tmp_path.iterdir()] == ["x.bin"]


def test_goes_on_after_a_cut(server, tmp_path):
    server.cuts = [100_000, 300_000]
    assert download(server.url + "/x.bin", tmp_path / "x.bin", SUM).read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [None, "bytes=100000-", "bytes=400000-"]


def test_goes_on_in_a_later_call(server, tmp_path):
    server.cuts = [10_000, 10_000, 10_000]
    with pytest.raises(ZooError, match=r"the next try goes on from byte 30,000; without a network, get the file"):
        download(server.url + "/x.bin", tmp_path / "x.bin", SUM)
    assert not (tmp_path / "x.bin").exists()
    assert download(server.url + "/x.bin", tmp_path / "x.bin", SUM).read_bytes() == CONTENT
    assert server.asked[-1][1] == "bytes=30000-"


def test_a_server_without_ranges(server, tmp_path):
    server.ranges, server.cuts = False, [100_000]
    assert download(server.url + "/x.bin", tmp_path / "x.bin", SUM).read_bytes() == CONTENT


def test_a_server_that_names_no_version(server, tmp_path):
    server.tags, server.cuts = False, [100_000]
    assert download(server.url + "/x.bin", tmp_path / "x.bin", SUM).read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [None, None]  # two versions could be glued together


def test_a_file_that_changes_between_two_tries(server, tmp_path):
    server.cuts = [10_000, 10_000, 10_000]
    with pytest.raises(ZooError, match="could not be fetched"):
        download(server.url + "/x.bin", tmp_path / "x.bin")
    server.files["/x.bin"] = CONTENT[::-1]
    assert download(server.url + "/x.bin", tmp_path / "x.bin").read_bytes() == CONTENT[::-1]


def test_a_server_that_answers_with_another_range(server, tmp_path):
    server.cuts, server.shift = [100_000], 5
    assert download(server.url + "/x.bin", tmp_path / "x.bin", SUM).read_bytes() == CONTENT


def test_a_cut_in_a_chunked_answer(server, tmp_path):
    server.chunked, server.cuts = True, [100_000]
    assert download(server.url + "/x.bin", tmp_path / "x.bin", SUM).read_bytes() == CONTENT
    assert len(server.asked) == 2


def test_one_process_at_a_time(server, tmp_path):
    with module.alone(tmp_path / "x.bin"), pytest.raises(ZooError, match=r"Another process is downloading .*x.bin"):
        download(server.url + "/x.bin", tmp_path / "x.bin", SUM)
    assert download(server.url + "/x.bin", tmp_path / "x.bin", SUM).read_bytes() == CONTENT


def test_leftovers_longer_than_the_file(server, tmp_path):
    (tmp_path / "x.bin.partial").write_bytes(CONTENT + b"more")
    (tmp_path / "x.bin.partial.version").write_text(f'"{hashlib.md5(CONTENT).hexdigest()}"')
    assert download(server.url + "/x.bin", tmp_path / "x.bin", SUM).read_bytes() == CONTENT


def test_a_wrong_sum(server, tmp_path):
    with pytest.raises(ZooError, match=r"came with the SHA-256 .* not 0000 \(the published one\)"):
        download(server.url + "/x.bin", tmp_path / "x.bin", "0000")
    assert list(tmp_path.glob("x.bin*")) == []


def test_a_sum_nobody_has_seen_is_recorded_and_said(server, tmp_path, caplog):
    url = server.url + "/x.bin"
    download(url, tmp_path / "x.bin")
    assert f"SHA-256 {SUM}, recorded at this first download; nobody has confirmed it" in caplog.text
    recorded = json.loads((tmp_path / "cache" / "sums.json").read_text())
    assert recorded[url] == {"sha256": SUM, "source": "first download, unconfirmed"}
    server.files["/x.bin"] = CONTENT[::-1]
    with pytest.raises(ZooError, match="the one of the first download, kept in"):
        download(url, tmp_path / "again.bin")
    (tmp_path / "cache" / "sums.json").write_text("[1")
    with pytest.raises(ZooError, match=r"sums.json is damaged: remove it"):
        download(url, tmp_path / "again.bin")


def test_missing_and_unreachable(server, tmp_path):
    with pytest.raises(ZooError, match=r"does not exist \(404\)"):
        download(server.url + "/y.bin", tmp_path / "y.bin")
    with pytest.raises(ZooError, match=r"could not be fetched .*: the next try goes on from byte 0; without a network"):
        download("http://127.0.0.1:9/x.bin", tmp_path / "x.bin")
