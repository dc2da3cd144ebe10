"""Every application server on one server, changed while visitors come: none of them notices, whatever dies or fails."""

import base64
import os
import socket
import ssl
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from seawall.traffic import Report, TrafficPlan, TrafficProcess

from .machine import Host
from .product import Project, certificate_file, eventually, tiny_project, visit, visitor

MORE_VIEWS = """

@app.get("/slow")
def slow():
    import time

    time.sleep(0.6)
    return "slow"


@app.post("/refuse")
def refuse():
    return "too much", 413


@app.get("/heard")
def heard():
    return f"{request.scheme} {request.host} {request.headers['X-Forwarded-For']}"
"""
CHAT = '''\
"""An ASGI app without a framework: a page, and a WebSocket that says everything again."""

import os


async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"chat"})
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": f"{scope['scheme']}: {message['text']}"})
    else:
        while (message := await receive())["type"].startswith("lifespan."):
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
'''
#: The way of switches: what is set, the words by which the process is known, and whether its end is tried, too.
WAY = [
    ({"kind": "uwsgi"}, "venv/bin/uwsgi", True),
    ({"kind": "granian"}, "settings/start_granian.py", True),
    ({"kind": "waitress"}, "settings/start_waitress.py", True),
    ({"kind": "gunicorn", "socket": "tcp"}, "venv/bin/gunicorn", True),
    ({"kind": "uwsgi", "socket": "tcp", "stats": True}, "venv/bin/uwsgi", False),
    ({"kind": "gunicorn", "worker": "gevent", "stats": True}, "venv/bin/gunicorn", True),
]
NAMES = [" ".join(map(str, server.values())) for server, _, _ in WAY]


@dataclass(frozen=True)
class Served:
    host: Host
    project: Project
    trusted: Path

    def take(self, **server: Any) -> None:
        """Deploy with another application server: only these settings, and one worker."""
        self.project.configure(server=None)
        self.project.configure(server={"workers": 1, **server})
        self.project.deploy()

    @contextmanager
    def visited(self, path: str = "/") -> Iterator[list[Report]]:
        """Visitors at 200 requests a second meanwhile; the report is there afterwards."""
        plan = TrafficPlan(
            f"https://tiny.example.com{path}",
            ca_file=str(self.trusted),
            resolve_to=self.host.address,
            timeout=30,
        )
        reports: list[Report] = []
        with TrafficProcess.start(plan) as traffic:
            yield reports
            reports.append(traffic.stop())

    def unit(self) -> str:
        return f"seawall-tiny@{self.project.live()}.service"

    def pid(self) -> str:
        return self.host.run(["systemctl", "show", "-P", "MainPID", self.unit()]).stdout.strip()

    def command(self) -> str:
        return self.host.run(["sh", "-c", f"tr '\\0' ' ' </proc/{self.pid()}/cmdline"]).stdout


@pytest.fixture(scope="module")
def served(module_host: Host, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Served:
    """An app without limits, since all this traffic comes from one address, in the strict sandbox."""
    folder = tmp_path_factory.mktemp("tiny")
    project = tiny_project(
        folder,
        ssh_environment,
        module_host.name,
        limits={"rate": "", "connections": 0},
        sandbox={"level": "strict"},
    )
    with (project.directory / "app.py").open("a") as file:
        file.write(MORE_VIEWS)
    project.deploy()
    return Served(module_host, project, certificate_file(module_host, folder))


def slowly(served: Served, answers: list[int]) -> threading.Thread:
    """A visitor of a slow page, on the way."""
    thread = threading.Thread(target=lambda: answers.append(visit(served.host, "/slow").status_code))
    thread.start()
    return thread


@pytest.mark.parametrize(("server", "known_by", "end"), WAY, ids=NAMES)
def test_a_switch_to_another_server_loses_no_request_and_neither_does_its_end(
    served: Served, server: dict[str, Any], known_by: str, end: bool
) -> None:
    """Steps of one way: each begins where the one before has led."""
    with served.visited() as reports:
        served.take(**server)
    assert reports[0].failed == 0, reports[0].failures
    assert known_by in served.command()
    stats = f"/run/seawall/tiny/{served.project.live()}/stats.sock"
    eventually(lambda: served.host.exists(stats) == server.get("stats", False), stats)
    with visitor(served.host) as client:
        assert client.get("/heard").text.startswith("https tiny.example.com ")
        # The app leaves what it is sent unread, and its answer arrives all the same.
        assert {client.post("/refuse", content=b"x" * 3_000_000).status_code for _ in range(5)} == {413}
    if end:
        ends_well(served)


def ends_well(served: Served) -> None:
    """Asked to stop, it finishes what it is at, and what comes meanwhile waits in the socket. Killed, it loses what it
    was at, and nothing that waits."""
    answers: list[int] = []
    at_work = slowly(served, answers)
    served.host.run(["sleep", "0.2"])
    served.host.run(["systemctl", "restart", served.unit()])
    waiting = slowly(served, answers)
    at_work.join()
    waiting.join()
    assert answers == [200, 200]
    with served.visited() as reports:
        served.host.run(["systemctl", "kill", "--kill-whom=main", "-s", "KILL", served.unit()])
        eventually(lambda: visit(served.host).status_code == 200, "the next process")
    assert reports[0].failed <= 10, reports[0].failures


def test_going_back_brings_the_old_kind_back(served: Served) -> None:
    with served.visited() as reports:
        served.project.seawall("rollback")
    assert reports[0].failed == 0, reports[0].failures
    assert WAY[-2][1] in served.command()
    assert "healthy" in served.project.seawall("status").out
    assert served.project.seawall("verify").code == 0


def test_a_server_that_cannot_be_had_or_built_never_serves(served: Served) -> None:
    """Another one that the app pins to a version that does not exist; one that wants a compiler, on a host without."""
    live = served.project.live()
    for kind, pinned in (("granian", "granian==0.0.0.99"), ("uwsgi", "uwsgi==2.0.28")):
        served.project.write("requirements.txt", f"flask\n{pinned}\n")
        served.project.configure(server=None)
        served.project.configure(server={"kind": kind})
        refused = served.project.deploy(check=False)
        assert refused.code == 1, refused.said
        assert kind in refused.said
        assert served.project.live() == live
        assert visit(served.host).text == "version one"
    served.project.write("requirements.txt", "flask\n")


def said_again(host: Host, domain: str, text: str) -> str:
    """What a WebSocket at the site says to a text (RFC 6455): a hand for one masked frame each way."""
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    key = base64.b64encode(os.urandom(16)).decode()
    with (
        socket.create_connection((host.address, 443), timeout=20) as plain,
        trust.wrap_socket(plain, server_hostname=domain) as wire,
    ):
        wire.sendall(
            f"GET /say HTTP/1.1\r\nHost: {domain}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        stream = wire.makefile("rb")
        status = stream.readline()
        assert b" 101 " in status, status
        while stream.readline() != b"\r\n":
            pass
        wire.sendall(struct.pack("!BBI", 0x81, 0x80 | len(text), 0) + text.encode())
        _, length = stream.read(2)
        return stream.read(length).decode()


def test_an_asgi_app_and_its_websockets_run_on_every_server_that_can(
    served: Served, ssh_environment: Mapping[str, str], tmp_path: Path
) -> None:
    chat = tiny_project(
        tmp_path,
        ssh_environment,
        served.host.name,
        name="chat",
        app={"entry": "chat:app", "interface": "asgi", "requirements": ""},
        health={"path": "/"},
        sandbox={"level": "strict"},
    )
    chat.write("chat.py", CHAT)
    for server in ({"kind": "granian"}, {"kind": "uvicorn", "workers": 2}, {"worker": "asgi"}, {"worker": "uvicorn"}):
        chat.configure(server=None)
        chat.configure(server={"workers": 1, **server})
        chat.deploy()
        with visitor(served.host, "chat.example.com") as client:
            assert client.post("/", content=b"x" * 3_000_000).text == "chat"
        assert said_again(served.host, "chat.example.com", "hello") in ("wss: hello", "ws: hello")
    chat.seawall("destroy", "--yes", "chat")
