"""The server of the lesson: it answers its own page, and nobody else."""

import contextlib
import http.client
import json
import socket
import subprocess
import sys
import threading

import pytest
from test_wire import decoded

from minigrad.lesson import wire
from minigrad.lesson.__main__ import SITE, main
from minigrad.lesson.engine import METHODS
from minigrad.lesson.server import Server

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "index.html").write_text("<p>the lesson</p>")
    (folder / "main.js").write_text("1")
    (folder / "figures").mkdir()
    (folder / "figures" / "index.html").write_text("inner")
    (folder / ".hidden").write_text("secret")
    (folder.parent / "outside.txt").write_text("secret")
    (folder / "link.txt").symlink_to(folder.parent / "outside.txt")
    return folder


@pytest.fixture(scope="module")
def server(site, shared):
    lib = site.parent / "lib"
    lib.mkdir()
    (lib / "d3.js").write_text("d3")
    with Server(site, shared, maps={"/lib/": lib}) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def ask(server, method, path, body=None, headers=None, host=None):
    """A request; its status, headers and body."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", f"127.0.0.1:{server.server_port}" if host is None else host)
    for name, value in (headers or {}).items():
        connection.putheader(name, value)
    if body is not None and "Content-Length" not in (headers or {}):
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), content


def test_files(server):
    status, headers, content = ask(server, "GET", "/")
    assert (status, content) == (200, b"<p>the lesson</p>")
    assert headers["Content-Type"].startswith("text/html")
    assert headers["X-Content-Type-Options"] == "nosniff"
    status, headers, _ = ask(server, "GET", "/main.js?v=1")
    assert (status, headers["Content-Type"].split(";")[0]) == (200, "text/javascript")
    assert ask(server, "GET", "/figures/")[2] == b"inner"
    assert ask(server, "GET", "/lib/d3.js")[2] == b"d3"
    assert ask(server, "HEAD", "/main.js")[::2] == (200, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing", "/../outside.txt", "/%2e%2e/outside.txt", "/figures/../../outside.txt", "//etc/passwd", "/.hidden",
        "/link.txt", "/figures", "/main.js/x", "/lib/../.hidden", "/lib/%2e%2e/outside.txt", "/a%00b", "/..%5coutside.txt",
    ],
)  # fmt: skip
def test_files_that_are_not_there_or_not_of_the_site(server, path):
    status, _, content = ask(server, "GET", path)
    assert status == 404
    assert b"secret" not in content


def test_a_call(server):
    status, headers, content = ask(server, "POST", "/rpc/count", b'{"kw": {"sizes": [784, 16, 16, 10]}}', JSON)
    assert (status, headers["Content-Type"]) == (200, "application/octet-stream")
    assert decoded(content)["total"] == 13_002
    status, _, content = ask(server, "GET", "/engine.json")
    assert json.loads(content) == {"transport": "native", "methods": list(METHODS)}


def test_the_own_page_may_ask_under_both_names(server):
    for name in ("127.0.0.1", "localhost"):
        at = f"{name}:{server.server_port}"
        headers = {**JSON, "Origin": f"http://{at}", "Sec-Fetch-Site": "same-origin"}
        assert ask(server, "POST", "/rpc/ranking", b"{}", headers, host=at)[0] == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1:{port}", "http://127.0.0.1", "http://127.0.0.1:1", ""]
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/rpc/ranking"), ("GET", "/main.js")])
def test_a_page_from_elsewhere_may_not_ask(server, origin, method, path):
    headers = {**JSON, "Origin": origin.format(port=server.server_port)}
    status, _, content = ask(server, method, path, b"{}" if method == "POST" else None, headers)
    assert (status, decoded(content)) == (403, {"error": "a page from elsewhere may not ask here"})


@pytest.mark.parametrize("site_of", ["cross-site", "same-site"])
def test_the_browser_says_it_comes_from_elsewhere(server, site_of):
    assert ask(server, "POST", "/rpc/ranking", b"{}", {**JSON, "Sec-Fetch-Site": site_of})[0] == 403


def test_a_link_from_elsewhere_leads_to_the_page_and_to_nothing_else(server):
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert ask(server, "GET", "/", headers=link)[0] == 200
    assert ask(server, "GET", "/", headers=link, host="evil.example")[0] == 403
    assert ask(server, "GET", "/", headers={**link, "Sec-Fetch-Dest": "iframe"})[0] == 403
    assert ask(server, "GET", "/", headers={**link, "Origin": "http://evil.example"})[0] == 403
    assert ask(server, "POST", "/rpc/ranking", b"{}", {**JSON, **link})[0] == 403


def test_what_comes_with_a_request_for_a_file_is_no_request(server):
    inner = f"POST /rpc/ranking HTTP/1.1\r\nHost: 127.0.0.1:{server.server_port}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as wire_to:
        head = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{server.server_port}\r\nContent-Length: {len(inner)}\r\n\r\n"
        wire_to.sendall(head.encode() + inner)
        with wire_to.makefile("rb") as answer, contextlib.suppress(ConnectionResetError):
            assert answer.read().count(b"HTTP/1.1 ") == 1


def test_an_address_that_is_none(server):
    for method, path in (("GET", "http://[/"), ("POST", "http://[/")):
        assert ask(server, method, path, None if method == "GET" else b"{}", JSON)[0] == 404


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1:1", "127.0.0.1", "", "0.0.0.0:{port}"]
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/rpc/ranking"), ("GET", "/")])
def test_another_host_is_refused(server, host, method, path):
    body = b"{}" if method == "POST" else None
    assert ask(server, method, path, body, JSON, host=host.format(port=server.server_port))[0] == 403


def test_no_host_at_all(server):
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as wire_to:
        wire_to.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b" 403 " in wire_to.recv(100)


@pytest.mark.parametrize("method", ["nonsense", "_begin", "run", "net", "__init__", "images", "", "info/x"])
def test_unknown_methods(server, method):
    status, _, content = ask(server, "POST", f"/rpc/{method}", b"{}", JSON)
    assert status == 404
    assert "no method" in decoded(content)["error"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1]", b'{"kw": 3}', b"\xff", b'{"kw": {"nonsense": 1}}', b'{"kw": {"sizes": []}}']
)
def test_malformed_requests(server, body):
    status, _, content = ask(server, "POST", "/rpc/count", body, JSON)
    assert status == 400
    assert decoded(content)["error"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({**JSON, "Content-Length": str(wire.LARGEST + 1)}, 413),
        ({**JSON, "Content-Length": "9" * 30}, 413),
        ({**JSON, "Content-Length": "-1"}, 411),
        ({**JSON, "Content-Length": "x"}, 411),
        ({**JSON, "Content-Length": "2", "Transfer-Encoding": "chunked"}, 411),
        ({**JSON, "Content-Length": "٣"}, 411),
    ],
)
def test_requests_of_the_wrong_kind_or_size(server, headers, status):
    if headers.get("Content-Length") == "٣":  # not a digit that a header has
        headers = {**headers, "Content-Length": "٣".encode()}
    assert ask(server, "POST", "/rpc/count", b"{}" if len(headers) == 1 else None, headers)[0] == status


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_verbs(server, method):
    assert ask(server, method, "/rpc/count")[0] == 501


def test_it_listens_on_this_machine_only(server):
    assert server.socket.getsockname()[0] == "127.0.0.1"
    assert server.address == f"http://127.0.0.1:{server.server_port}/"
    other = next((info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)), "127.0.0.1")
    if not other.startswith("127."):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((other, server.server_port), timeout=5)


def test_the_command(site, capsys):
    assert SITE.is_absolute()  # the page is found from any folder
    assert main(["--site", str(site / "figures" / "nothing"), "--no-browser"]) == 2
    assert "build it with `make lesson`" in capsys.readouterr().err
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["--site", str(site), "--no-browser", "--port", str(taken.getsockname()[1])]) == 2
    assert "take another one" in capsys.readouterr().err
    for wrong in (["--port", "70000"], ["--map", "nothing"]):
        with pytest.raises(SystemExit):
            main(["--site", str(site), *wrong])


def test_the_command_serves_until_it_is_interrupted(site):
    import signal

    command = [sys.executable, "-m", "minigrad.lesson", "--site", str(site), "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline()
            address = line.split()[4]
            assert address.startswith("http://127.0.0.1:")
            port = int(address.rstrip("/").rpartition(":")[2])
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"<p>the lesson</p>"
            connection.close()
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0
        finally:
            process.kill()


def test_a_port_is_free_again_at_once(site, shared):
    port = 0
    for _ in range(2):
        with Server(site, shared, port) as server:
            port = server.server_port
            thread = threading.Thread(target=server.handle_request)
            thread.start()
            assert (
                ask(server, "GET", "/main.js", headers={"Content-Length": "0"})[0] == 200
            )  # the server hangs up first
            thread.join()


def test_the_browser_is_opened(site, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr(Server, "serve_forever", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
    assert main(["--site", str(site)]) == 0
    assert opened[0].startswith("http://127.0.0.1:")
