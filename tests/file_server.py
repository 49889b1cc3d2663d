"""An HTTP server on this machine that can do ranges, and can fail."""

import hashlib
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Serves server.files; server.cuts stop answers short, server.ranges=False ignores ranges, server.chunked."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Range")))
        content = self.server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        start = 0
        asked = self.headers.get("Range")
        tag = f'"{hashlib.md5(content).hexdigest()}"'
        if asked and self.server.ranges and self.headers.get("If-Range") in (None, tag):
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start + self.server.shift}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        body = content[start:]
        length = len(body)
        if self.server.tags:
            self.send_header("ETag", tag)
        if self.server.cuts:
            body = body[: self.server.cuts.pop(0)]
        if self.server.chunked:
            self.send_header("Transfer-Encoding", "chunked")
            ending = b"0\r\n\r\n" if len(body) == length else b""
            body = f"{len(body):x}\r\n".encode() + body + b"\r\n" + ending
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *args):
        pass


@contextmanager
def serving(files):
    """A server of bytes by path; `url` is its address, `asked` what it was asked for."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.files, server.asked, server.cuts = files, [], []
    server.ranges, server.tags, server.chunked, server.shift = True, True, False, 0
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
