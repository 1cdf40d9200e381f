"""A server for one reader, on this machine only: the files of the page, and the engine at /rpc/<method>.

It listens on the loopback address and nowhere else. A request has to name this very server as its host, which a page that
was led here by a forged name server does not, and may come from no other page: its Origin, if it has one, is this server.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import unquote, urlsplit

from minigrad.lesson import wire
from minigrad.lesson.engine import METHODS, Lesson

HOST = "127.0.0.1"
NAMES = (HOST, "localhost")
TYPES = {
    ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8", ".json": "application/json", ".svg": "image/svg+xml", ".wasm": "application/wasm",
    ".png": "image/png", ".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8", ".map": "application/json",
}  # fmt: skip
SECONDS = 30  # that a connection may be silent


class Server(ThreadingHTTPServer):
    """Serves the folder `site` and a lesson. `port` 0 takes any that is free; `address` says which.

    `maps` has folders for paths that begin otherwise: {"/lib/": "node_modules"}.
    """

    daemon_threads = True

    def __init__(
        self,
        site: str | Path,
        lesson: Lesson | None = None,
        port: int = 0,
        maps: Mapping[str, str | Path] | None = None,
    ) -> None:
        self.folders = {"/": Path(site).resolve()} | {
            path: Path(folder).resolve() for path, folder in (maps or {}).items()
        }
        self.lesson = Lesson() if lesson is None else lesson
        self.one_at_a_time = Lock()
        super().__init__((HOST, port), Handler)

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.server_port}/"

    def server_bind(self) -> None:
        """Bind, without asking a name server what this machine is called."""
        if os.name == "posix":  # elsewhere two servers could have one port
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # at once after the one before
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader who goes away in the middle is no error."""


def is_at(origin: str, hosts: list[str]) -> bool:
    """Whether an origin, such as http://127.0.0.1:8000, is one of these hosts."""
    return origin.lower() in [f"http://{host}" for host in hosts]


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "minigrad", ""
    timeout = SECONDS
    disable_nagle_algorithm = True  # a short answer does not wait for the one before to be confirmed

    def do_GET(self) -> None:
        """A file of the page."""
        if not self._allowed():
            return
        if "Content-Length" in self.headers or "Transfer-Encoding" in self.headers:
            self.close_connection = True  # what comes with it is not read, and is no request
        path = self._path()
        if path == "/engine.json":  # what a page asks first; a host without Python has a file of this name
            manifest = {"transport": "native", "methods": METHODS}
            self._send(HTTPStatus.OK, json.dumps(manifest).encode(), "application/json")
            return
        file = self._file(path)
        if file is None:
            self._refuse(HTTPStatus.NOT_FOUND, f"there is no file {path}")
        else:
            self._send(HTTPStatus.OK, file.read_bytes(), TYPES.get(file.suffix, "application/octet-stream"))

    def do_HEAD(self) -> None:
        """A file of the page, without the file."""
        self.do_GET()

    def do_POST(self) -> None:
        """A call of the engine."""
        if not self._allowed():
            return
        head, _, method = self._path().strip("/").partition("/")
        if head != "rpc" or method not in METHODS:
            self._refuse(HTTPStatus.NOT_FOUND, f"there is no method {method[:40]!r}")
            return
        if self.headers.get_content_type() != "application/json":
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send application/json")
            return
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not length.isascii() or not length.isdigit():
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "say how long the request is, in Content-Length")
            return
        if len(length) > 9 or int(length) > wire.LARGEST:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a request has at most {wire.LARGEST:,} bytes")
            return
        request = self.rfile.read(int(length))
        with self.server.one_at_a_time:
            content, well = wire.answer(self.server.lesson, METHODS, method, request)
        self._send(HTTPStatus.OK if well else HTTPStatus.BAD_REQUEST, content, "application/octet-stream")

    def _allowed(self) -> bool:
        """Whether a request is meant for this server and comes from its own page; if not, it has been refused."""
        port = self.server.server_port
        hosts = [f"{name}:{port}" for name in NAMES] + list(NAMES if port == 80 else ())
        given = self.headers.get_all("Host", [])
        origins = self.headers.get_all("Origin", [])
        site = self.headers.get("Sec-Fetch-Site", "none")
        if len(given) != 1 or given[0].lower() not in hosts:
            self._refuse(HTTPStatus.FORBIDDEN, f"this is {self.server.address}, and no other host")
            return False
        if self._followed():
            return True
        if site not in ("same-origin", "none") or any(not is_at(origin, hosts) for origin in origins):
            self._refuse(HTTPStatus.FORBIDDEN, "a page from elsewhere may not ask here")
            return False
        return True

    def _path(self) -> str:
        """What is asked for, without ?... and #..."""
        try:
            return unquote(urlsplit(self.path).path)
        except ValueError:  # http://[
            return self.path

    def _followed(self) -> bool:
        """Whether a reader has followed a link to the page, say in a terminal in a browser: that shows it, and no more."""
        said = self.headers.get("Sec-Fetch-Mode"), self.headers.get("Sec-Fetch-Dest"), self.headers.get("Origin")
        return self.command == "GET" and said == ("navigate", "document", None)

    def _file(self, path: str) -> Path | None:
        """The file of the site that a path means, or None: nothing outside the site, nothing hidden."""
        if "\0" in path or "\\" in path:
            return None
        head = max((head for head in self.server.folders if path.startswith(head)), key=len, default="/")
        folder = self.server.folders[head]
        parts = [part for part in path[len(head) :].split("/") if part]
        if any(part.startswith(".") for part in parts):
            return None
        file = folder.joinpath(*parts, *([] if parts and path[-1] != "/" else ["index.html"]))
        try:
            found = file.resolve(strict=True)
        except (OSError, RuntimeError):
            return None
        return found if found.is_file() and found.is_relative_to(folder) else None

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self.close_connection = True  # what was sent along has not been read
        self._send(status, wire.encode({"error": why}), "application/octet-stream")

    def _send(self, status: HTTPStatus, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: twenty calls a second are no news."""
