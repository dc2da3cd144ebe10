"""nginx, by nginx itself: every site is checked by it, and the local one is run and asked."""

from __future__ import annotations

import http.client
import re
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from seawall.agent.vocabulary import File
from seawall.stack import listening, nginx
from seawall.stack.composition import Composition
from seawall.stack.facts import Facts
from stack import place
from stack.cases import CASES, composed, project


def installed() -> Facts:
    """This machine, as far as nginx goes."""
    shown = subprocess.run([place.needed("nginx"), "-v"], capture_output=True, text=True, check=True).stderr
    return Facts("debian", "12", 2, 4 << 30, nginx_version=re.findall(r"nginx/([\d.]+)", shown)[0])


# --- the server's site


#: What Debian 12 and 13 and Ubuntu 24.04 have at the level of http, where a second one is an error.
DISTRIBUTED = [
    "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on;",
    "ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers off; server_tokens off;",
]


def files(made: Composition) -> dict[str, str]:
    return {r.path: r.content for r in made.resources if isinstance(r, File) and r.path.startswith("/etc/nginx/")}


def site_of(made: Composition) -> str:
    return next(text for path, text in files(made).items() if path.startswith(nginx.SITES))


def judged(tmp_path: Path, *texts: str, http: str = "") -> str:
    """What nginx says of these files in one http block; only paths and ports are put where this machine has them."""
    certificate, key = place.certificate_in(tmp_path)
    ports = {port: place.free_port() for port in ("80", "443")}
    text = "\n".join(texts).replace("/var/log/nginx/", f"{tmp_path}/").replace("[::]:", "[::1]:")
    text = re.sub(r"ssl_certificate .*;", f"ssl_certificate {certificate};", text)
    text = re.sub(r"ssl_certificate_key .*;", f"ssl_certificate_key {key};", text)
    text = re.sub(r"(listen (?:\[::1\]:)?)(443|80)\b", lambda m: f"{m[1]}{ports[m[2]]}", text)
    text = text.replace("?X25519MLKEM768:", "")
    if installed().nginx < nginx.HTTP2_DIRECTIVE:
        text = text.replace("    http2 on;\n", "").replace(" ssl;", " ssl http2;")
    conf = f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{http}\naccess_log off;\n{text}\n}}\n"
    (tmp_path / "nginx.conf").write_text(conf)
    command = [place.needed("nginx"), "-t", "-e", "stderr", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode or "[warn]" in done.stderr else ""


@pytest.mark.parametrize("http", DISTRIBUTED)
@pytest.mark.parametrize("case", [name for name in CASES if name.startswith("server-")])
def test_nginx_itself_accepts_the_site_beside_another_app(case: str, http: str, tmp_path: Path) -> None:
    other = composed(project(name="other", domains=["other.example.com"]))
    assert judged(tmp_path, *files(CASES[case]()).values(), site_of(other), http=http) == ""


def test_nginx_itself_accepts_a_name_of_greatest_length(tmp_path: Path) -> None:
    made = composed(project(name="a" * 31, limits={"routes": {f"/r{n}": {"rate": "1/m"} for n in range(20)}}))
    assert judged(tmp_path, *files(made).values()) == ""


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        (Facts("debian", "12", nginx_version="1.22.1"), "listen 443 ssl http2;"),
        (Facts("debian", "13", nginx_version="1.26.3"), "http2 on;"),
        (Facts("debian", "13"), "http2 on;"),
        (Facts("ubuntu", "24.04"), "listen 443 ssl http2;"),
        (Facts(), "listen 443 ssl http2;"),
    ],
)
def test_http2_is_asked_for_in_the_words_of_the_nginx_that_is_there_or_will_be(facts: Facts, line: str) -> None:
    assert f"    {line}\n" in site_of(composed(facts=facts))


def test_a_site_without_tls_leaves_port_443_to_others() -> None:
    made = composed(project(tls={"mode": "off"}))
    assert place.service(made, "nginx").ports == (80,)
    assert place.service(composed(), "nginx").ports == (80, 443)
    assert "443" not in "".join(files(made).values())


def test_two_apps_whose_names_differ_in_a_hyphen_share_no_name_in_nginx() -> None:
    sites = [site_of(composed(project(name=name))) for name in ("a-b", "ab")]
    names = [set(re.findall(r"\bseawall_\w+", site)) for site in sites]
    # What a regular expression found is used at once, and PCRE has no room for the app's name in its name.
    assert names[0] & names[1] == {"seawall_id", "seawall_half", "seawall_digits"}


# --- the local nginx, run


class App(BaseHTTPRequestHandler):
    """Answers every request with the headers it got, and says which release it is."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        lines = [f"{self.server.release} {self.command} {self.path}", *(f"{k}: {v}" for k, v in self.headers.items())]
        body = "\n".join(lines).encode()
        self.send_response(500 if self.path == "/broken" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer

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
        body = self.rfile.read(int(said["CONTENT_LENGTH"] or 0)).decode()
        lines = [f"{self.server.release} {said['REQUEST_METHOD']} {said['REQUEST_URI']}"]
        lines += [f"{name}: {value}" for name, value in said.items()]
        status = "418 I'm a teapot" if said["PATH_INFO"] == "/teapot" else "200 OK"
        self.wfile.write(f"HTTP/1.1 {status}\r\n\r\n".encode() + "\n".join([*lines, body]).encode())


class TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True


@contextmanager
def app(
    made: Composition, release: str, *, speaks: str = "http", address: tuple[str, int] | None = None
) -> Iterator[None]:
    handler = UwsgiApp if speaks == "uwsgi" else App
    path = f"{made.layout.run}/{release}.sock"
    with TcpServer(address, handler) if address else socketserver.ThreadingUnixStreamServer(path, handler) as server:
        server.release = release
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode()


class Front:
    """A running local nginx, and questions to it."""

    def __init__(self, made: Composition, https_port: int, http_port: int) -> None:
        self.made, self.https_port, self.http_port = made, https_port, http_port
        self.base = Path(made.layout.base)

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        context = ssl.create_default_context(cafile=self.base.parent.parent / "ca/localhost.crt")
        connection = http.client.HTTPSConnection("localhost", self.https_port, context=context, timeout=20)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, names)
        answer = Answer(connection.getresponse())
        connection.close()
        return answer


@pytest.fixture
def front(short: Path) -> Iterator[Front]:
    """nginx before two releases, v1 live, in a folder with an awkward name."""
    facts = installed()
    target = place.local_target(short / "a 'b' {c}; d", nginx=place.needed("nginx"))
    made = composed(
        project(static={"/static/": "guestbook/static", "/media/": "media"}, proxy={"max_body": "1k"}), target, facts
    )
    place.lay_out(made)
    for release in ("v1", "v2"):
        root = place.stage(made, release)
        (root / "static/static").mkdir()
        (root / "static/static/style.css").write_text(f"/* {release} */")
        (root / "static/secret.txt").write_text("not for visitors")
    place.switch(made, "v1")
    with app(made, "v1"), app(made, "v2"), running(nginx.local_command(made.layout, facts, target), target.https_port):
        yield Front(made, target.https_port, target.http_port)


@contextmanager
def running(command: tuple[str, ...], port: int) -> Iterator[None]:
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        place.until(lambda: place.listens(port), "nginx")
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def test_a_switch_of_the_one_link_moves_requests_and_files_without_a_reload(front: Front) -> None:
    before = front.ask("/"), front.ask("/static/style.css")
    place.switch(front.made, "v2")
    after = front.ask("/"), front.ask("/static/style.css")
    assert [a.text.split()[0] for a in before] == ["v1", "/*"]
    assert [a.text.split()[0] for a in after] == ["v2", "/*"]
    assert (before[1].text, after[1].text) == ("/* v1 */", "/* v2 */")


def mark(front: Front, release: str, **markers: str) -> None:
    """The files that say how a release is asked."""
    for name, content in markers.items():
        (front.base / f"releases/{release}/web.{name}").write_text(content)


def test_a_switch_of_the_one_link_also_changes_how_the_app_is_asked(front: Front) -> None:
    address = listening.address(front.made.layout)
    at = {release: (address, 10000 + int(release[1:])) for release in ("v34", "v567", "v4321")}
    for release, markers in {
        "v3": {"uwsgi": ""},
        "v34": {"tcp": f"{address}:10034"},
        "v567": {"tcp": f"{address}:10567", "uwsgi": ""},
        "v4321": {"tcp": f"{address}:14321"},
    }.items():
        place.stage(front.made, release)
        mark(front, release, **markers)
    with (
        app(front.made, "v3", speaks="uwsgi"),
        app(front.made, "v34", address=at["v34"]),
        app(front.made, "v567", speaks="uwsgi", address=at["v567"]),
        app(front.made, "v4321", address=at["v4321"]),
    ):
        for release in ("v1", "v3", "v34", "v567", "v4321", "v2"):
            place.switch(front.made, release)
            first, *_ = front.ask("/a%20b?c=d", "POST", b"x").text.splitlines()
            assert first == f"{release} POST /a%20b?c=d"


def test_the_release_is_named_for_a_probe_from_this_host_and_for_nobody_else(front: Front) -> None:
    assert front.ask("/health", X_Seawall_Probe="1").headers["X-Seawall-Release"] == "v1"
    place.switch(front.made, "v2")
    assert front.ask("/", X_Seawall_Probe="1").headers["X-Seawall-Release"] == "v2"
    assert front.ask("/broken", X_Seawall_Probe="1").headers["X-Seawall-Release"] == "v2"
    assert "X-Seawall-Release" not in front.ask("/").headers
    assert "X-Seawall-Release" not in front.ask("/", X_Seawall_Probe="2").headers


def test_no_static_path_leads_out_of_its_folder(front: Front) -> None:
    for path in (
        "/static../secret.txt",
        "/static/../secret.txt",
        "/static/%2e%2e/secret.txt",
        "/static/..%2fsecret.txt",
    ):
        assert "not for visitors" not in front.ask(path).text
    assert front.ask("/static/none.css").status == 404


def test_a_static_file_has_its_type_and_an_expiry(front: Front) -> None:
    headers = front.ask("/static/style.css").headers
    assert (headers["Content-Type"], headers["Cache-Control"]) == ("text/css", "max-age=3600")


def test_what_a_visitor_makes_up_about_himself_never_reaches_the_app(front: Front) -> None:
    text = front.ask(
        "/",
        X_Forwarded_For="6.6.6.6",
        X_Forwarded_Proto="http",
        X_Forwarded_Host="evil.example",
        X_Forwarded_Prefix="/evil",
        X_Real_IP="6.6.6.6",
        Forwarded="for=6.6.6.6",
        Proxy="http://evil.example",
    ).text
    assert "6.6.6.6" not in text
    assert "evil" not in text
    lines = text.splitlines()
    assert f"Host: localhost:{front.https_port}" in lines
    assert "X-Forwarded-For: 127.0.0.1" in lines
    assert "X-Forwarded-Proto: https" in lines


def test_in_uwsgis_protocol_the_app_hears_the_same_of_a_visitor_and_the_whole_request(front: Front) -> None:
    place.stage(front.made, "v3")
    mark(front, "v3", uwsgi="")
    place.switch(front.made, "v3")
    with app(front.made, "v3", speaks="uwsgi"):
        lines = front.ask(
            "/a%20b?c=d",
            "POST",
            b"sent",
            X_Forwarded_For="6.6.6.6",
            X_Forwarded_Proto="http",
            X_Forwarded_Host="evil.example",
            X_Forwarded_Prefix="/evil",
            X_Real_IP="6.6.6.6",
            Forwarded="for=6.6.6.6",
            Proxy="http://evil.example",
            X_Other="kept",
        ).text.splitlines()
        assert front.ask("/teapot").status == 418
        assert front.ask("/", "POST", b"x" * 1025).status == 413
    assert not [line for line in lines if "6.6.6.6" in line or "evil" in line]
    assert {
        f"HTTP_HOST: localhost:{front.https_port}",
        "HTTP_X_FORWARDED_FOR: 127.0.0.1",
        "HTTP_X_FORWARDED_PROTO: https",
        "HTTP_X_OTHER: kept",
        "REMOTE_ADDR: 127.0.0.1",
        "UWSGI_SCHEME: https",
        "PATH_INFO: /a b",
        "QUERY_STRING: c=d",
        "CONTENT_LENGTH: 4",
        "sent",
    } <= set(lines)
    assert front.ask("/").status == 502
    assert "Not available" in front.ask("/").text


def test_a_connection_to_the_app_is_closed_after_its_answer_unless_it_is_upgraded(front: Front) -> None:
    assert "Connection: close" in front.ask("/").text.splitlines()
    upgraded = front.ask("/", Upgrade="websocket", Connection="Upgrade").text.splitlines()
    assert "Connection: upgrade" in upgraded
    assert "Upgrade: websocket" in upgraded


def test_maintenance_answers_every_method_with_503_and_the_release_to_a_probe(front: Front) -> None:
    (front.base / "maintenance").touch()
    for method in ("GET", "POST", "DELETE"):
        answer = front.ask("/anything", method, b"x" if method == "POST" else None, X_Seawall_Probe="1")
        assert (answer.status, answer.headers["Retry-After"]) == (503, "60")
        assert answer.headers["X-Seawall-Release"] == "v1"
        assert "Back soon" in answer.text
    (front.base / "maintenance").unlink()
    assert front.ask("/").status == 200


def test_an_app_that_is_not_there_is_a_calm_page_with_the_true_status(front: Front) -> None:
    (front.base / "live").unlink()
    answer = front.ask("/", "POST", b"x")
    assert (answer.status, "Not available" in answer.text) == (502, True)


def test_the_apps_own_errors_pass_unchanged(front: Front) -> None:
    answer = front.ask("/broken")
    assert (answer.status, answer.text.split()[0]) == (500, "v1")


def test_a_body_over_the_limit_is_refused(front: Front) -> None:
    assert front.ask("/", "POST", b"x" * 1024).status == 200
    assert front.ask("/", "POST", b"x" * 1025).status == 413


def test_plain_http_is_sent_to_https_with_its_path(front: Front) -> None:
    connection = http.client.HTTPConnection("localhost", front.http_port, timeout=20)
    connection.request("GET", "/a?b=c")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"]) == (301, f"https://localhost:{front.https_port}/a?b=c")
    connection.close()


def raw(port: int, host: str, *, secured: bool) -> str:
    """The first line of what comes back to a request for ``host`` at this machine, "" for nothing."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = socket.create_connection(("127.0.0.1", port), 20)
    if secured:
        connection = context.wrap_socket(connection, server_hostname=host.partition(":")[0])
    with connection, suppress(ConnectionResetError):
        connection.sendall(f"GET /a HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return connection.recv(4096).decode().partition("\r\n")[0]
    return ""


def test_only_this_machines_own_names_are_answered(front: Front) -> None:
    """A page of another site could have its own name lead to 127.0.0.1, and read what comes back (DNS rebinding)."""
    for secured, port, status in ((True, front.https_port, "200"), (False, front.http_port, "301")):
        for host in ("localhost", "127.0.0.1"):
            assert raw(port, f"{host}:{port}", secured=secured).split()[1] == status
        assert raw(port, f"rebound.example.com:{port}", secured=secured) == ""


def test_every_answer_has_the_headers_also_on_this_machine(front: Front) -> None:
    for path in ("/", "/static/style.css", "/static/none.css", "/.env", "/broken"):
        headers = front.ask(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors" in headers["Content-Security-Policy"]
        assert "Strict-Transport-Security" not in headers, "it would hold for every app on localhost"


def test_dot_files_and_sources_are_not_found_and_the_app_is_not_asked(front: Front) -> None:
    (front.base / "live/static/static/app.py").write_text("not for visitors")
    for path in ("/.env", "/a/.git/config", "/static/app.py"):
        answer = front.ask(path)
        assert (answer.status, "nginx" in answer.text) == (404, True)


def test_it_speaks_http_2(front: Front) -> None:
    context = ssl.create_default_context(cafile=front.base.parent.parent / "ca/localhost.crt")
    context.set_alpn_protocols(["h2", "http/1.1"])
    raw = socket.create_connection(("localhost", front.https_port), 20)
    with context.wrap_socket(raw, server_hostname="localhost") as secured:
        assert secured.selected_alpn_protocol() == "h2"


def test_nothing_is_written_outside_the_projects_folder(front: Front) -> None:
    """By nginx's own word: the files it has open and the paths in its configuration."""
    text = (front.base / "front/nginx.conf").read_text()
    paths = re.findall(r'^\s*(?:\w+_temp_path|pid|access_log|error_log) "?([^";]+(?:; d[^"]*)?)"?;', text, re.M)
    assert len(paths) >= 7
    assert all(path.startswith(str(front.base)) or path in ("/dev/stdout", "stderr", "off") for path in paths)


def test_the_local_site_of_an_app_without_a_request_log_says_so() -> None:
    made = composed(project(proxy={"access_log": False}), replace(place.LOCAL))
    text = next(r.content for r in made.resources if isinstance(r, File) and r.path.endswith("nginx.conf"))
    assert "    access_log off;\n" in text
