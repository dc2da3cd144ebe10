"""What is concluded before an authority is asked."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from seawall.agent.certificates import reach
from seawall.agent.certificates.reach import OTHER, OURS, SILENT, Heard
from seawall.agent.errors import CertificateFailed

HERE, PUBLIC, THERE = "10.0.0.5", "203.0.113.5", "198.51.100.9"
KNOWN = {HERE, PUBLIC, ""}


@pytest.fixture(autouse=True)
def addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "own_addresses", lambda: {HERE})


def judge(*heard: Heard) -> str:
    found = reach.judge("a.org", heard, KNOWN)
    return found[0] if found else ""


def test_a_name_whose_addresses_all_bring_our_answer_is_well_whoever_has_them() -> None:
    assert judge(Heard(HERE, OURS), Heard(THERE, OURS)) == ""


def test_a_silent_address_beside_one_that_answers_does_no_harm() -> None:
    assert judge(Heard("2001:db8::1", SILENT, "cannot be reached"), Heard(HERE, OURS)) == ""


def test_another_hosts_answer_is_named_with_both_addresses() -> None:
    said = judge(Heard(THERE, OTHER, "answers with something else (404 Not Found)"))
    assert said == (
        f"a.org points to {THERE}, which answers with something else (404 Not Found); this host has {HERE}, {PUBLIC}"
    )
    assert judge(Heard(THERE, SILENT, "cannot be reached")).startswith(f"a.org points to {THERE}, which cannot")


def test_half_of_the_addresses_elsewhere_is_as_bad_since_the_authority_takes_any() -> None:
    assert judge(Heard(HERE, OURS), Heard(THERE, OTHER, "answers")).startswith(
        f"a.org points to {THERE}, which answers"
    )


def test_another_program_on_our_port_80_is_said_to_be_that() -> None:
    assert judge(Heard(HERE, OTHER, "answers with something else (200 OK)")) == (
        f"port 80 of a.org ({HERE}) answers with something else (200 OK)"
    )
    assert judge(Heard(HERE, SILENT, "cannot be reached")) == f"port 80 of a.org ({HERE}) cannot be reached"


def test_our_public_address_may_be_silent_from_within_so_the_authority_is_to_judge() -> None:
    assert judge(Heard(PUBLIC, SILENT, "cannot be reached over http (timed out)")) == ""


def test_a_name_that_does_not_resolve_has_no_addresses_and_a_slow_resolver_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert reach.resolve("no such name") == []
    monkeypatch.setattr(reach, "RESOLVING", 0.05)
    over = threading.Event()

    def slow(*_: object, **__: object) -> list[object]:
        over.wait(30)
        return []

    monkeypatch.setattr("socket.getaddrinfo", slow)
    begun = time.monotonic()
    assert reach.resolve("slow.example.org") == []
    assert time.monotonic() - begun < 20
    over.set()


def test_a_token_lies_where_all_may_read_it_and_is_gone_afterwards(tmp_path: Path) -> None:
    with reach._token(str(tmp_path / "challenges")) as token:
        path = tmp_path / "challenges" / reach.WELL_KNOWN / token
        assert path.read_text() == token
        assert [path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777] == [0o644, 0o755]
    assert not path.exists()


class _Says(BaseHTTPRequestHandler):
    answers: ClassVar[dict[str, tuple[int, str, str]]] = {}

    def do_GET(self) -> None:
        status, location, body = self.answers[self.headers["Host"]]
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_what_an_address_answers_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    _Says.answers = {
        "ours.org": (200, "", "token"),
        "longer.org": (200, "", "token and more"),
        "cdn.org": (301, f"https://cdn.org/{reach.WELL_KNOWN}/token", ""),
        "login.org": (302, "/login", ""),
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Says)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(reach, "PORT", server.server_address[1])
    try:
        asked = {name: reach.ask("127.0.0.1", name, "token").what for name in _Says.answers}
    finally:
        server.shutdown()
        server.server_close()
    assert asked == {"ours.org": OURS, "longer.org": OTHER, "cdn.org": OURS, "login.org": OTHER}
    assert reach.ask("127.0.0.1", "ours.org", "token").what == SILENT


def test_an_authority_that_is_not_there_and_one_that_is_none_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(CertificateFailed, match="cannot be reached") as caught:
        reach.check_authority("https://127.0.0.1:1/dir", "")
    assert caught.value.place == "https://127.0.0.1:1/dir"
    with pytest.raises(CertificateFailed, match="cannot be read"):
        reach.check_authority("https://127.0.0.1:1/dir", str(tmp_path / "missing.pem"))
