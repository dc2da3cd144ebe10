"""The look as a whole, at a site that is only said to be there."""

from __future__ import annotations

import pytest

from seawall.checks.live import outside, wire
from seawall.checks.live.questions import FILES, NOWHERE
from seawall.checks.live.seen import Answer, Outside, Request, Site

SITE = Site("shop.example.com", "203.0.113.5", https=False)


class Server:
    """Answers by target; 404 where it knows none. A number is how often it says first that this was too much."""

    def __init__(self, **pages: int) -> None:
        self.pages = {"/": 200, "/health": 200, **pages}
        self.busy: dict[str, int] = {}
        self.asked: list[str] = []

    def ask(self, site: Site, request: Request) -> Answer:
        self.asked.append(request.target)
        self.busy[request.target] = self.busy.get(request.target, 0) - 1
        status = 429 if self.busy[request.target] >= 0 else self.pages.get(request.target, 404)
        url = f"{site.base}{request.target}"
        return Answer(f"GET {url}", url, status, (("Content-Type", "text/html"),), "<h1>Shop</h1>")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    monkeypatch.setattr(wire, "ask", server.ask)
    monkeypatch.setattr(wire, "drip", lambda *_: None)
    monkeypatch.setattr(wire, "takes_connections", lambda _, port: port in {22, 6379, 7777})
    monkeypatch.setattr(outside, "PAUSES", (0.0, 0.0))
    return server


def look(**options: object) -> Outside:
    return outside.look(SITE, **options)  # type: ignore[arg-type]


def test_every_kind_of_question_is_put(server: Server) -> None:
    seen = look(mounts=("/static/",))
    assert {"/", NOWHERE, *FILES, "/static/", "/static../.env"} <= set(server.asked)
    assert [answer.status for answer in seen.of("missing")] == [404]
    assert seen.tls is None
    assert seen.notes == ()


@pytest.mark.usefixtures("server")
def test_ports_are_those_known_and_those_that_the_host_names() -> None:
    assert look().ports == (6379,)
    assert look(listening=[7777, 80, 443]).ports == (6379, 7777)


def test_a_site_that_asks_for_patience_gets_it(server: Server) -> None:
    server.busy = {NOWHERE: 2, "/": 1}
    seen = look()
    assert seen.front is not None
    assert [answer.status for answer in seen.of("missing")] == [404]


def test_a_site_that_never_has_time_is_not_asked_for_ever(server: Server) -> None:
    server.busy = dict.fromkeys(("/", NOWHERE), 10_000)
    assert [answer.status for answer in look().of("missing")] == [429]


def test_where_there_is_no_first_page_the_health_path_is_looked_at(server: Server) -> None:
    server.pages["/"] = 404
    seen = look(health="/health")
    assert seen.front is not None
    assert seen.front.url == "http://shop.example.com/health"


def test_a_site_without_a_page_says_that_much_was_not_looked_at(server: Server) -> None:
    server.pages |= {"/": 401, "/health": 401}
    assert ": 401, so headers, cookies and pages were not looked at" in look(health="/health").notes[0]


def test_a_site_that_cannot_be_reached_is_not_asked_again(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        wire, "ask", lambda *_: Answer("GET http://shop.example.com/", error="the connection was refused")
    )
    monkeypatch.setattr(wire, "takes_connections", lambda *_: pytest.fail("a port was tried"))
    seen = look()
    assert [page.error for page in seen.pages] == ["the connection was refused"]
    assert "the connection was refused, so headers" in seen.notes[0]
