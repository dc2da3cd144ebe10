"""The local nginx, run before apps that say what they hear."""

from __future__ import annotations

import http.client
import re
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from seawall.stack import nginx
from seawall.stack.composition import Composition
from seawall.stack.facts import Facts
from stack import place
from stack.cases import composed, project


def installed() -> Facts:
    """This machine, as far as nginx goes."""
    shown = subprocess.run([place.needed("nginx"), "-v"], capture_output=True, text=True, check=True).stderr
    return Facts("debian", "12", 2, 4 << 30, nginx_version=re.findall(r"nginx/([\d.]+)", shown)[0])


class App(BaseHTTPRequestHandler):
    """Answers every request with the headers it got, and says which release it is."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        if self.path == "/dies" and len(self.server.asked) <= self.server.deaths:
            self.close_connection = True
            return
        lines = [f"{self.server.release} {self.command} {self.path}", *(f"{k}: {v}" for k, v in self.headers.items())]
        body = "\n".join(lines).encode()
        if self.path == "/hangs":
            self.server.asked.goes_on.wait(20)
        if self.path == "/stream":
            self.stream()
            return
        self.send_response(500 if self.path == "/broken" else 200)
        for header in self.headers.get_all("X-Answer-With", []):
            self.send_header(*header.split(": ", 1))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self) -> None:
        """A first bit, and a second only once somebody has had the first."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"first")
        self.server.asked.goes_on.wait(20)
        self.wfile.write(b"second")
        self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = answer

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_: Any) -> None:
        """Quiet."""


class UwsgiApp(socketserver.StreamRequestHandler):
    """The same in uwsgi's own protocol (uwsgi-docs, Protocol.rst)."""

    def handle(self) -> None:
        if not (head := self.rfile.read(4)):
            return
        packet = self.rfile.read(int.from_bytes(head[1:3], "little"))
        found, place = [], 0
        while place < len(packet):
            size = int.from_bytes(packet[place : place + 2], "little")
            found.append(packet[place + 2 : place + 2 + size].decode())
            place += 2 + size
        said = dict(zip(found[::2], found[1::2], strict=True))
        self.server.asked.append(f"{said['REQUEST_METHOD']} {said['REQUEST_URI']}")
        body = self.rfile.read(int(said["CONTENT_LENGTH"] or 0)).decode()
        if said["PATH_INFO"] == "/dies" and len(self.server.asked) <= self.server.deaths:
            return
        lines = [f"{self.server.release} {said['REQUEST_METHOD']} {said['REQUEST_URI']}"]
        lines += [f"{name}: {value}" for name, value in said.items()]
        status = "418 I'm a teapot" if said["PATH_INFO"] == "/teapot" else "200 OK"
        self.wfile.write(f"HTTP/1.1 {status}\r\n\r\n".encode() + "\n".join([*lines, body]).encode())


class Heard(list[str]):
    """What an app was asked. A stream of its goes on when ``goes_on`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = threading.Event()


class TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True


@contextmanager
def app(
    made: Composition, release: str, *, speaks: str = "http", address: tuple[str, int] | None = None, deaths: int = 99
) -> Iterator[Heard]:
    """A release that listens; ``deaths`` is how many requests of /dies it dies of. What it is asked is in the list."""
    handler = UwsgiApp if speaks == "uwsgi" else App
    path = f"{made.layout.run}/{release}.sock"
    with TcpServer(address, handler) if address else socketserver.ThreadingUnixStreamServer(path, handler) as server:
        server.release, server.deaths = release, deaths
        server.asked = asked = Heard()
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield asked
        finally:
            server.shutdown()
            thread.join()


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def text(self) -> str:
        return self.body.decode()


class Front:
    """A running local nginx, and questions to it."""

    def __init__(
        self, made: Composition, https_port: int, http_port: int, heard: Mapping[str, Heard], log: Path
    ) -> None:
        self.made, self.https_port, self.http_port, self.heard, self.log = made, https_port, http_port, heard, log
        self.base = Path(made.layout.base)
        self.trust = ssl.create_default_context(cafile=self.base.parent.parent / "ca/localhost.crt")

    def connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("localhost", self.https_port, context=self.trust, timeout=20)

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        connection = self.connect()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, names)
        answer = Answer(connection.getresponse())
        connection.close()
        return answer


@contextmanager
def running(command: tuple[str, ...], port: int, log: Path) -> Iterator[None]:
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
    try:
        place.until(lambda: place.listens(port), "nginx")
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def front_in(folder: Path, **settings: Any) -> Iterator[Front]:
    """nginx before two releases, v1 live, in a folder with an awkward name."""
    facts = installed()
    target = place.local_target(folder / "a 'b' {c}; d", nginx=place.needed("nginx"))
    values = {"static": {"/static/": "guestbook/static", "/media/": "media"}, "proxy": {"max_body": "1k"}, **settings}
    made = composed(project(**values), target, facts)
    place.lay_out(made)
    for release in ("v1", "v2"):
        root = place.stage(made, release)
        (root / "static/static").mkdir()
        (root / "static/static/style.css").write_text(f"/* {release} */")
        (root / "static/secret.txt").write_text("not for visitors")
    place.switch(made, "v1")
    command = nginx.local_command(made.layout, facts, target)
    with app(made, "v1") as first, app(made, "v2") as second, running(command, target.https_port, folder / "log"):
        yield Front(made, target.https_port, target.http_port, {"v1": first, "v2": second}, folder / "log")
