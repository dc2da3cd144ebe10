"""Apache, by Apache itself: every site is checked by it, and one is run and asked."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import re
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from seawall.agent.endpoint import link_name, markers
from seawall.agent.vocabulary import Absent, AtBoot, Entry, File, Listen, Service
from seawall.errors import ConfigError
from seawall.stack import apache, fronts, listening
from seawall.stack.compose import left_behind
from stack import place
from stack.apache_place import Laid, lay_out, running
from stack.cases import BOOKWORM, CASES, LOCAL, SERVER, TREE, composed, project
from stack.nginx_front import Answer, app

NAME = "guestbook.example.com"
APACHE_CASES = [name for name in CASES if name.startswith("apache")]


@pytest.mark.parametrize("case", APACHE_CASES)
def test_apache_itself_accepts_the_site_beside_another_app(case: str, tmp_path: Path) -> None:
    other = composed(project(name="other", domains=["other.example.com"], proxy={"kind": "apache"}))
    assert lay_out(tmp_path, CASES[case](), other).check() == ""


def test_a_host_that_has_nginx_until_now_is_taken_over_and_one_with_other_sites_is_not() -> None:
    wanted = project(domains=[NAME], proxy={"kind": "apache"})
    mine = "/etc/nginx/sites-enabled/seawall-guestbook.conf"
    facts = replace(BOOKWORM, fronts_up=("nginx",), nginx_sites=(mine,))
    services = {item.name: item for item in composed(wanted, facts=facts).resources if isinstance(item, Service)}
    assert (services["nginx"].wanted, services["apache2"].takes_over) == (False, "nginx")
    idle = composed(wanted, facts=replace(facts, fronts_up=()))
    assert not any(item.name == "nginx" for item in idle.resources if isinstance(item, Service))
    with pytest.raises(ConfigError, match=r"nginx serves another site of this host \(/etc/nginx/sites-enabled/shop\)"):
        composed(wanted, facts=replace(facts, nginx_sites=(mine, "/etc/nginx/sites-enabled/shop")))
    with pytest.raises(ConfigError, match="all apps of a host share one"):
        composed(
            project(domains=[NAME]), facts=replace(BOOKWORM, fronts_up=("apache",), apache_sites=("/a/shop.conf",))
        )


def test_uwsgis_protocol_over_tcp_is_refused_with_what_works_instead() -> None:
    with pytest.raises(ConfigError, match="unix sockets only") as caught:
        fronts.check(fronts.APACHE, Listen("uwsgi", "127.1.2.3"))
    assert caught.value.remedy == 'write socket = "unix"'
    for listen in (Listen("uwsgi"), Listen("http", "127.1.2.3")):
        fronts.check(fronts.APACHE, listen)
    fronts.check(fronts.NGINX, Listen("uwsgi", "127.1.2.3"))


def test_an_apache_that_serves_nobody_any_more_is_ended_and_one_that_does_reads_its_files() -> None:
    mine, theirs = "/etc/apache2/sites-enabled/seawall-guestbook.conf", "/etc/apache2/sites-enabled/shop.conf"
    facts = replace(BOOKWORM, fronts_up=("apache",), apache_sites=(mine,))
    left = left_behind(SERVER, composed().layout, facts)
    assert next(item for item in left if isinstance(item, Service)) == replace(apache.SERVICE, wanted=False)
    assert AtBoot("apache2.service", on=False) in left
    beside = left_behind(SERVER, composed().layout, replace(facts, apache_sites=(mine, theirs)))
    assert apache.SERVICE in beside
    assert not any(isinstance(item, AtBoot) for item in beside)


def test_on_ones_own_machine_the_usual_front_server_serves_and_that_is_said() -> None:
    made = composed(project(proxy={"kind": "apache"}), LOCAL)
    assert "Apache is for servers: on this machine nginx serves the site" in made.notes
    assert composed(target=LOCAL).resources == made.resources


def test_a_welcome_page_that_somebody_changed_stays_and_answers_for_unknown_names() -> None:
    stock = "/etc/apache2/sites-enabled/000-default.conf"
    facts = replace(BOOKWORM, apache_version="2.4.62", apache_sites=(stock,), apache_default_servers=(f"80 {stock}",))
    made = composed(project(domains=[NAME], proxy={"kind": "apache"}), facts=facts)
    assert not any(isinstance(item, Absent) for item in made.resources)
    assert any(note.startswith(f"{stock} answers for unknown host names on port 80") for note in made.notes)
    assert "limits.rate" in " ".join(made.notes)


def test_somebodys_ports_are_not_listened_on_twice() -> None:
    made = composed(
        project(domains=[NAME], proxy={"kind": "apache"}),
        facts=replace(BOOKWORM, apache_version="2.4.62", apache_ports=("8080",)),
    )
    text = "".join(item.content for item in made.resources if "conf-available" in getattr(item, "path", ""))
    assert [line for line in text.splitlines() if "Listen" in line] == ["Listen 80", "Listen 443"]


def test_apps_with_and_without_tls_want_the_same_of_what_they_share() -> None:
    def files(**settings: object) -> dict[str, str]:
        made = composed(project(proxy={"kind": "apache"}, **settings))
        return {
            item.path: item.content for item in made.resources if isinstance(item, File) and "apache2/" in item.path
        }

    secured, plain = files(domains=[NAME]), files(domains=[NAME], tls={"mode": "off"})
    site = "/etc/apache2/sites-available/seawall-guestbook.conf"
    assert {path: text for path, text in secured.items() if path in plain and path != site} == {
        path: text for path, text in plain.items() if path != site
    }


# --- one that runs


class Streams(socketserver.StreamRequestHandler):
    """A WebSocket that says everything twice, and events that come one by one."""

    def handle(self) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            if not (line := self.rfile.readline()):
                return
            head += line
        if b"/events" in head:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
            self.server.go_on.wait(20)
            self.wfile.write(b"data: 2\n\n")
            return
        self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        while word := self.rfile.readline():
            self.wfile.write(word * 2)


@pytest.fixture(scope="module")
def site() -> Iterator[Laid]:
    made = composed(
        project(
            domains=[NAME],
            redirect_from=["www.example.com"],
            static={"/static/": "guestbook/static"},
            headers={"other": {"X-Mark": 'a "mark" of $5, 100% ${x}'}},
            limits={"routes": {"/size": {"max_body": "2k"}, "/big/": {"max_body": "1g", "read_timeout": 600}}},
            proxy={
                "kind": "apache",
                "max_body": "1k",
                "immutable": ["/static/fonts/"],
                "immutable_query": "v",
                "error_pages": "errors",
            },
        ),
        tree=(*TREE, Entry("errors/502.html", "a" * 64, 10)),
    )
    with running(made) as laid:
        switch(laid, "v1")
        style = laid.base / "releases/v1/static/static"
        style.mkdir(parents=True)
        (style / "style.css").write_text("body {}\n" * 500)
        for hidden in (".env", "settings.py", "data.sqlite3"):
            (style / hidden).write_text("not for visitors")
        yield laid


def switch(laid: Laid, release: str, listen: Listen | None = None) -> None:
    """Make a release live as the agent does: its folder, then the one link."""
    root = laid.base / "releases" / release
    root.mkdir(parents=True, exist_ok=True)
    (root / "web.release").write_text(release)
    for name, text in markers(release, listen or Listen()).items():
        (root / name).write_text(text)
    link = root / link_name(listen or Listen())
    if not link.is_symlink():
        link.symlink_to(f"{laid.made.layout.run}/{release}.sock")
    place.switch(laid.made, release)


def ask(
    laid: Laid, path: str, method: str = "GET", body: bytes | None = None, *, host: str = NAME, **headers: str
) -> Answer:
    context = laid.trust()
    context.check_hostname = False
    connection = http.client.HTTPSConnection("127.0.0.1", laid.https, timeout=20)
    connection.sock = context.wrap_socket(socket.create_connection(("127.0.0.1", laid.https), 20), server_hostname=NAME)
    names = {"Host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    connection.request(method, path, body, names)
    answer = Answer(connection.getresponse())
    connection.close()
    return answer


def open_to_all(laid: Laid, release: str) -> None:
    Path(laid.made.layout.run, f"{release}.sock").chmod(0o777)


@contextlib.contextmanager
def release(laid: Laid, name: str, speaks: str = "http", address: tuple[str, int] | None = None) -> Iterator[None]:
    with app(laid.made, name, speaks=speaks, address=address):
        if address is None:
            open_to_all(laid, name)
        try:
            yield
        finally:
            Path(laid.made.layout.run, f"{name}.sock").unlink(missing_ok=True)


@pytest.mark.parametrize(
    "path", ["/a%20b%2Fc%3Fd//e/../f?g=h%26&i=%2F", "/?", "/server-status", "/icons/", "/big/a%2Fb?c"]
)
def test_a_path_reaches_the_app_as_it_came(site: Laid, path: str) -> None:
    with release(site, "v1"):
        assert ask(site, path).text.startswith(f"v1 GET {path}\n")


#: What the app hears besides, and other tests look at.
SAID_ANYWAY = ("Accept-Encoding", "Connection", "X-Request-ID")


def test_what_the_app_hears_of_the_visitor_is_apaches_word_alone(site: Laid) -> None:
    lies = {"X_Forwarded_For": "6.6.6.6", "Forwarded": "for=6", "Proxy": "evil", "X_Forwarded_Prefix": "/x"}
    with release(site, "v1"):
        said = ask(site, "/", X_Real_IP="6.6.6.6", X_Forwarded_Host="evil.com", **lies).text
    heard = dict(line.split(": ", 1) for line in said.splitlines()[1:])
    assert {name: value for name, value in heard.items() if name not in SAID_ANYWAY} == {
        "Host": NAME,
        "X-Real-IP": "127.0.0.1",
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": NAME,
        "X-Forwarded-Port": "443",
    }
    assert heard["Connection"] == "close"


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/broken", 500), ("/.env", 404), ("/static/style.css", 200), ("/static/nothing", 404)],
)
def test_every_answer_has_the_headers_once_whoever_made_it(site: Laid, path: str, status: int) -> None:
    with release(site, "v1"):
        answer = ask(site, path)
    assert answer.status == status
    assert answer.headers.get_all("X-Mark") == ['a "mark" of $5, 100% ${x}']
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Server"] == "Apache"
    assert "X-Seawall-Release" not in answer.headers
    assert answer.headers.get("Vary") in (None, "Accept-Encoding")


@pytest.mark.parametrize("listen", [Listen(), Listen("uwsgi"), Listen("http", listening.address(composed().layout))])
def test_a_release_is_asked_as_its_folder_says_and_says_which_it_is(site: Laid, listen: Listen) -> None:
    """Without a reload: what is asked, and how, changes with the link alone."""
    at = (listen.address, 10007) if listen.address else None
    switch(site, "v7", listen)
    try:
        with release(site, "v7", listen.speaks, at), release(site, "v1"):
            answer = ask(site, "/a%20b?c=d", "POST", b"x" * 600, X_Seawall_Probe="1")
            assert answer.text.splitlines()[0] == "v7 POST /a%20b?c=d"
            assert answer.headers["X-Seawall-Release"] == "v7"
            if listen.speaks == "uwsgi":
                assert "PATH_INFO: /a b\n" in answer.text
                assert "HTTPS: on\n" in answer.text
                assert answer.text.endswith("x" * 600)
            switch(site, "v1")
            assert ask(site, "/", X_Seawall_Probe="1").headers["X-Seawall-Release"] == "v1"
    finally:
        for path in (site.base / "releases/v7").iterdir():
            path.unlink()
        switch(site, "v1")


def test_each_request_has_a_new_id_that_the_app_hears_and_the_visitor_gets(site: Laid) -> None:
    with release(site, "v1"):
        answers = [ask(site, "/", X_Request_ID="made-up", X_Answer_With="X-Request-ID: the app's") for _ in range(2)]
    heard = [re.findall("^X-Request-ID: (.*)$", answer.text, re.MULTILINE) for answer in answers]
    assert [answer.headers.get_all("X-Request-ID") for answer in answers] == heard
    assert heard[0] != heard[1]
    assert ask(site, "/.env").headers["X-Request-ID"]


def test_a_line_of_the_log_is_json_with_times_and_without_query_strings(site: Laid) -> None:
    agents = ["plain/1.0 (x; y)", 'quo"te \\', "caf\u00e9"]
    with release(site, "v1"):
        sent = [
            ask(site, "/a%20b?token=secret", Referer="https://x.test/y?token=secret", User_Agent=agent)
            for agent in agents
        ]
        ask(site, "/health")
    log = site.folder / "seawall-guestbook.access.log"
    place.until(lambda: "caf" in log.read_text(), "the log")
    text = log.read_text()
    by_id = {line["id"]: line for line in map(json.loads, text.splitlines())}
    lines = [by_id[answer.headers["X-Request-ID"]] for answer in sent]
    assert [line["agent"] for line in lines] == ["plain/1.0 (x; y)", "quo%22te%20%5c", "caf%e9"]
    wanted = {
        "path": "/a%20b",
        "method": "GET",
        "status": 200,
        "address": "127.0.0.1",
        "host": NAME,
        "protocol": "HTTP/1.1",
    }
    assert {**lines[0], **wanted, "referrer": "https://x.test/y", "tls": "TLSv1.3"} == lines[0]
    assert isinstance(lines[0]["seconds"], float)
    assert "secret" not in text
    assert "/health" not in text


def test_static_files_are_served_without_the_app_and_compressed(site: Laid) -> None:
    folder = site.base / "releases/v1/static/static"
    (folder / "app.3f2a9c1b.js").write_text("plain")
    (folder / "app.3f2a9c1b.js.gz").write_bytes(gzip.compress(b"made with the release"))
    answer = ask(site, "/static/style.css")
    assert (answer.status, answer.headers["Content-Type"], answer.headers["Cache-Control"]) == (
        200,
        "text/css",
        "max-age=3600",
    )
    assert ask(site, "/static/style.css", "HEAD", Accept_Encoding="gzip").headers["Content-Encoding"] == "gzip"
    hashed = ask(site, "/static/app.3f2a9c1b.js", "HEAD", Accept_Encoding="br, gzip")
    assert hashed.headers["Content-Encoding"] == "gzip"
    assert hashed.headers["Content-Type"] == "text/javascript"
    assert hashed.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert hashed.headers["Content-Length"] == str((folder / "app.3f2a9c1b.js.gz").stat().st_size)
    assert hashed.headers["Vary"] == "Accept-Encoding"
    assert ask(site, "/static/app.3f2a9c1b.js").text == "plain"
    assert "Content-Encoding" not in ask(site, "/static/app.3f2a9c1b.js.gz", "HEAD", Accept_Encoding="gzip").headers
    assert ask(site, "/static/style.css?v=1", "HEAD").headers["Cache-Control"] == hashed.headers["Cache-Control"]
    assert ask(site, "/static/fonts/x", "HEAD").headers["Cache-Control"] is None, "there is no such file"
    (folder / "fonts").mkdir()
    (folder / "fonts/x").touch()
    assert ask(site, "/static/fonts/x", "HEAD").headers["Cache-Control"] == hashed.headers["Cache-Control"]
    with release(site, "v1"):
        assert "Content-Encoding" not in ask(site, "/", Accept_Encoding="gzip").headers


@pytest.mark.parametrize(
    "path",
    [
        "/.env",
        "/a/.git/config",
        "/%2egit/config",
        "/static/.env",
        "/static/settings.py",
        "/static/SETTINGS.PY",
        "/static/data.sqlite3",
        "/static../.env",
    ],
)
def test_what_is_not_for_visitors_is_not_found_by_apache_itself(site: Laid, path: str) -> None:
    assert ask(site, path).status == 404


def test_methods_names_and_bodies_that_are_not_for_the_app_never_reach_it(site: Laid) -> None:
    assert [ask(site, "/", method).status for method in ("TRACE", "TRACK", "DEBUG")] == [405] * 3
    assert ask(site, "/", host="unknown.example.com").status == 421
    assert [ask(site, path, "POST", b"x" * 3000).status for path in ("/", "/size")] == [413, 413]
    assert ask(site, "/s%69ze", "POST", b"x" * 3000).status == 413
    with release(site, "v1"):
        assert [ask(site, path, "POST", b"x" * 1500).status for path in ("/", "/size", "/big/")] == [413, 200, 200]
        assert ask(site, "/big/", "POST", b"x" * 500_000).status == 200
    assert ask(site, "/", "POST", Transfer_Encoding="chunked").status == 411


def test_a_handshake_for_a_name_that_no_site_has_is_refused(site: Laid) -> None:
    for name in ("unknown.example.com", None):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
            context.wrap_socket(socket.create_connection(("127.0.0.1", site.https), 20), server_hostname=name)


def test_only_the_curves_that_mozilla_recommends_are_spoken(site: Laid) -> None:
    for curve, spoken in (("prime256v1", True), ("secp521r1", False)):
        context = site.trust()
        context.check_hostname = False
        context.set_ecdh_curve(curve)
        plain = socket.create_connection(("127.0.0.1", site.https), 20)
        with contextlib.suppress(ssl.SSLError), context.wrap_socket(plain, server_hostname=NAME) as talk:
            assert talk.version() == "TLSv1.3"
            assert spoken
            continue
        assert not spoken


def test_http_leads_to_https_but_for_the_authoritys_questions(site: Laid) -> None:
    (site.folder / "challenges/.well-known/acme-challenge/token").write_text("answer")

    def plain(path: str, host: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", site.http, timeout=20)
        connection.request("GET", path, headers={"Host": host})
        answer = Answer(connection.getresponse())
        connection.close()
        return answer

    sent = plain("/a%20b?c=d&e=%2F", NAME)
    assert (sent.status, sent.headers["Location"]) == (301, f"https://{NAME}/a%20b?c=d&e=%2F")
    assert plain("/x", "www.example.com").headers["Location"] == f"https://{NAME}/x"
    assert plain("/x", "unknown.example.com").status == 421


def test_maintenance_and_an_app_that_is_gone_have_pages_of_their_own(site: Laid) -> None:
    assert "Not available" in ask(site, "/").text
    pages = site.base / "releases/v1/static/@errors"
    pages.mkdir()
    (pages / "502.html").write_text("not h\u00e9re")
    gone = ask(site, "/")
    (site.base / "maintenance").touch()
    away = ask(site, "/static/style.css")
    (site.base / "maintenance").unlink()
    assert (gone.status, gone.text, gone.headers["Retry-After"]) == (503, "not h\u00e9re", None)
    assert (away.status, "Back soon" in away.text, away.headers["Retry-After"]) == (503, True, "60")
    assert gone.headers["Content-Type"] == "text/html"
    assert gone.headers["X-Mark"] == away.headers["X-Mark"]


@contextlib.contextmanager
def streams(laid: Laid) -> Iterator[socketserver.ThreadingUnixStreamServer]:
    path = f"{laid.made.layout.run}/v1.sock"
    with socketserver.ThreadingUnixStreamServer(path, Streams) as server:
        server.daemon_threads, server.go_on = True, threading.Event()
        open_to_all(laid, "v1")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
            Path(path).unlink()


def test_events_come_one_by_one_and_a_websocket_goes_both_ways(site: Laid) -> None:
    with streams(site) as server:
        for lines, after in (("", b"data: 1\n"), ("Connection: Upgrade\r\nUpgrade: websocket\r\n", b"")):
            context = site.trust()
            context.check_hostname = False
            plain = socket.create_connection(("127.0.0.1", site.https), 20)
            with context.wrap_socket(plain, server_hostname=NAME) as talk:
                path = "/events" if after else "/socket"
                talk.sendall(f"GET {path} HTTP/1.1\r\nHost: {NAME}\r\n{lines}\r\n".encode())
                with talk.makefile("rb") as said:
                    while said.readline().strip():
                        pass
                    if after:
                        assert after in said.readline() + said.readline()
                        server.go_on.set()
                    else:
                        talk.sendall(b"word\n")
                        assert [said.readline(), said.readline()] == [b"word\n", b"word\n"]


def test_the_ports_of_a_site_without_tls_are_its_own_alone() -> None:
    made = composed(project(tls={"mode": "off"}, proxy={"kind": "apache"}))
    assert place.service(made, "apache2").ports == (80,)
    assert place.service(made, "apache2") == replace(apache.SERVICE, ports=(80,))


@pytest.mark.parametrize(
    "proxy",
    [
        {"cache": {"paths": {"/": 60}}},
        {"request_id_from": ["203.0.113.7"]},
    ],
)
def test_what_only_nginx_does_is_refused_with_the_way_out(proxy: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"proxy.{next(iter(proxy))}") as caught:
        composed(project(proxy={"kind": "apache", **proxy}))
    assert 'kind = "nginx"' in caught.value.remedy
