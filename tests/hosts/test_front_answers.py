"""What nginx makes of answers: static files, kept pages, streams, WebSockets, ids, the log, error pages."""

import base64
import gzip
import json
import os
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
import pytest

from .machine import Host
from .product import Project, eventually, tiny_project, visit, visitor

APP = """
from flask_sock import Sock

sock = Sock(app)


@app.get("/news/<word>")
def news(word):
    return f"version {VERSION} {word} {os.urandom(8).hex()}"


@app.get("/events")
def events():
    import time

    def bits():
        yield "data: first\\n\\n"
        while not request_goes_on():
            time.sleep(0.01)
        yield "data: second\\n\\n"

    return bits(), {"Content-Type": "text/event-stream"}


def request_goes_on():
    return os.path.exists(os.environ["HOME"] + "/go-on")


@app.get("/id")
def request_id():
    return request.headers["X-Request-ID"]


@sock.route("/echo")
def echo(ws):
    ws.send(f"you said {ws.receive()}")
"""
STYLE = "body { color: grey }\n" * 200
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Front:
    host: Host
    project: Project


@pytest.fixture(scope="module")
def front(module_host: Host, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Front:
    project = tiny_project(
        tmp_path_factory.mktemp("app"),
        ssh_environment,
        module_host.name,
        static={"/static/": "assets"},
        limits={"rate": "", "connections": 0},
        proxy={
            "streams": ["/events"],
            "error_pages": "errors",
            "static_max_age": 60,
            "cache": {"paths": {"/news/": 600}},
        },
    )
    project.write("app.py", (project.directory / "app.py").read_text() + APP)
    project.write("requirements.txt", "flask\nflask-sock\n")
    for name in ("style.css", "style.3f2a9c1b.css"):
        project.write(f"assets/{name}", STYLE)
    project.write("errors/502.html", "<h1>Our own: no answer</h1>")
    project.write("errors/503.html", "<h1>Our own: back soon</h1>")
    project.deploy()
    return Front(module_host, project)


def test_static_files_are_kept_as_their_names_allow_and_are_sent_as_they_were_compressed(front: Front) -> None:
    plain, hashed = visit(front.host, "/static/style.css"), visit(front.host, "/static/style.3f2a9c1b.css")
    assert (plain.headers["Cache-Control"], hashed.headers["Cache-Control"]) == ("max-age=60", FOR_EVER)
    assert (plain.headers["Content-Encoding"], plain.text) == ("gzip", STYLE)
    with visitor(front.host) as client:
        again = client.get("/static/style.css", headers={"If-None-Match": plain.headers["ETag"]})
    assert again.status_code == 304
    packed = front.host.run(["base64", "/srv/tiny/live/static/static/style.css.gz"]).stdout
    assert gzip.decompress(base64.b64decode(packed)).decode() == STYLE
    assert int(plain.headers["Content-Length"]) == len(base64.b64decode(packed))
    assert front.project.seawall("verify").code == 0


def test_a_kept_page_is_forgotten_by_a_purge_and_by_a_release(front: Front) -> None:
    def page(**headers: str) -> tuple[str, str]:
        with visitor(front.host) as client:
            answer = client.get("/news/today", headers=headers)
        return answer.headers["X-Cache"], answer.text

    first, second = page(), page()
    assert (first[0], second[0], first[1]) == ("MISS", "HIT", second[1])
    assert page(Cookie="session=1")[0] == "BYPASS"
    assert front.project.seawall("cache", "purge").out == f"{front.host.name}: 1 page forgotten\n"
    third = page()
    assert (third[0], third[1] != first[1], page()) == ("MISS", True, ("HIT", third[1]))
    front.project.release("two")
    front.project.deploy()
    assert (page()[0], "version two" in page()[1]) == ("MISS", True)
    front.project.seawall("rollback")
    assert page() == ("HIT", third[1]), "the pages of a release are still there when it comes back"


def test_events_arrive_as_they_are_sent(front: Front) -> None:
    go_on = "/srv/tiny/data/go-on"
    with visitor(front.host) as client, client.stream("GET", "/events") as answer:
        bits = answer.iter_text()
        assert next(bits) == "data: first\n\n"
        front.host.run(["touch", go_on])
        assert "".join(bits) == "data: second\n\n"
    front.host.run(["rm", go_on])


def test_a_websocket_is_upgraded_and_carries_both_ways(front: Front) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    raw = socket.create_connection((front.host.address, 443), 20)
    with (
        context.wrap_socket(raw, server_hostname="tiny.example.com") as connection,
        connection.makefile("rb") as coming,
    ):
        head = "GET /echo HTTP/1.1\r\nHost: tiny.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        connection.sendall(f"{head}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {'x' * 22}==\r\n\r\n".encode())
        assert coming.readline().split()[1] == b"101"
        while coming.readline() != b"\r\n":
            pass
        connection.sendall(b"\x81\x85\0\0\0\0hello")  # a text of 5 bytes under a mask of zeros (RFC 6455, 5.2)
        assert coming.read(16) == b"\x81\x0eyou said hello"


def test_a_request_has_one_id_for_the_app_the_visitor_and_the_log(front: Front) -> None:
    with visitor(front.host) as client:
        answer = client.get("/id?token=secret", headers={"X-Request-ID": "made up"})
    assert answer.text == answer.headers["X-Request-ID"] != "made up"
    log = "/var/log/nginx/seawall-tiny.access.log"
    eventually(lambda: answer.text in front.host.read_file(log), "the request's line in the log")
    line = next(line for line in map(json.loads, front.host.read_file(log).splitlines()) if line["id"] == answer.text)
    assert (line["path"], line["status"], line["app_status"], line["protocol"]) == ("/id", 200, "200", "HTTP/1.1")
    assert line["app_seconds"] <= line["seconds"] + 0.001
    assert "secret" not in front.host.read_file(log)
    print(json.dumps(line))


def test_the_projects_own_pages_are_shown_during_maintenance_and_when_the_app_has_gone(front: Front) -> None:
    def page() -> tuple[int, str]:
        answer = visit(front.host)
        return answer.status_code, answer.text

    front.project.seawall("maintenance", "on")
    assert page() == (503, "<h1>Our own: back soon</h1>")
    front.project.seawall("maintenance", "off")
    live = os.path.basename(front.host.run(["readlink", "/srv/tiny/live"]).stdout.strip())
    units = [f"seawall-tiny@{live}.socket", f"seawall-tiny@{live}.service"]
    front.host.run(["systemctl", "stop", *units])
    assert page() == (502, "<h1>Our own: no answer</h1>")
    front.host.run(["systemctl", "start", *units])
    assert page()[0] == 200


def test_errors_of_the_app_are_its_own(front: Front) -> None:
    answer: httpx.Response = visit(front.host, "/none")
    assert (answer.status_code, "Not Found" in answer.text) == (404, True)
