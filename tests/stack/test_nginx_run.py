"""The local nginx, run and asked."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
from contextlib import suppress
from dataclasses import replace

from seawall.agent.vocabulary import File
from stack import place
from stack.cases import composed, project
from stack.nginx_front import Front


def test_a_switch_of_the_one_link_moves_requests_and_files_without_a_reload(front: Front) -> None:
    for _ in range(8):  # so that each worker of nginx has the file open
        before = front.ask("/"), front.ask("/static/style.css")
    place.switch(front.made, "v2")
    after = front.ask("/"), front.ask("/static/style.css")
    assert [a.text.split()[0] for a in before] == ["v1", "/*"]
    assert [a.text.split()[0] for a in after] == ["v2", "/*"]
    assert (before[1].text, after[1].text) == ("/* v1 */", "/* v2 */")


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
    assert all(
        path.startswith(str(front.base)) or path.split()[0] in ("/dev/stdout", "stderr", "off") for path in paths
    )


def test_the_local_site_of_an_app_without_a_request_log_says_so() -> None:
    made = composed(project(proxy={"access_log": "off"}), replace(place.LOCAL))
    text = next(r.content for r in made.resources if isinstance(r, File) and r.path.endswith("nginx.conf"))
    assert "    access_log off;\n" in text
