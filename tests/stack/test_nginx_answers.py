"""What nginx adds to a request and its answer: an id, a line in the log, pages of the project's own, streams."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from stack import place
from stack.nginx_front import Front, front_in

MADE_UP = "made-up-by-a-visitor"


def told(front: Front) -> dict[str, str]:
    """What the app hears of a request with an id of its own, and the id that the visitor gets back."""
    answer = front.ask("/", X_Request_ID=MADE_UP, X_Answer_With="X-Request-ID: the app's")
    heard = dict(line.split(": ", 1) for line in answer.text.splitlines() if ": " in line)
    return {"app": heard["X-Request-ID"], "visitor": ", ".join(answer.headers.get_all("X-Request-ID"))}


def test_each_request_has_a_new_id_that_the_app_hears_and_the_visitor_gets(front: Front) -> None:
    first, second = told(front), told(front)
    assert re.fullmatch("[0-9a-f]{32}", first["app"])
    assert first["visitor"] == first["app"] != second["app"]
    assert "X-Request-ID" not in front.ask("/static/style.css").headers, "a file needs none"


def test_an_id_is_taken_over_from_what_stands_in_front_of_the_server_and_from_nobody_else(short: Path) -> None:
    settings = {"request_id_from": ["127.0.0.1"], "cache": {"paths": {"/kept": 60}}}
    with front_in(short, proxy=settings) as front:
        assert told(front) == {"app": MADE_UP, "visitor": MADE_UP}
        for odd in ("short", 'x"y' * 5, "x" * 129):
            assert odd not in front.ask("/", X_Request_ID=odd).text
        kept = [front.ask("/kept", X_Request_ID=f"from-in-front-{number}") for number in range(2)]
        assert [answer.headers["X-Cache"] for answer in kept] == ["MISS", "HIT"]
        assert kept[1].headers["X-Request-ID"] == "from-in-front-1"
    (short / "other").mkdir()
    with front_in(short / "other", proxy={"request_id_from": ["203.0.113.0/24"]}) as front:
        assert MADE_UP not in told(front).values()


def lines(front: Front, number: int) -> list[str]:
    place.until(lambda: front.log.read_text().count("\n") >= number, "the log")
    return front.log.read_text().splitlines()


def test_a_line_of_the_log_is_json_with_times_and_without_query_strings(front: Front) -> None:
    answer = front.ask("/a%20b?token=secret", Referer="https://x.example/?token=secret", User_Agent='quo"te \\')
    front.ask("/static/style.css?v=1")
    app, static = (json.loads(line) for line in lines(front, 2))
    assert app["id"] == answer.headers["X-Request-ID"]
    wanted = {"method": "GET", "path": "/a%20b", "status": 200, "address": "127.0.0.1", "host": "localhost"}
    assert {**app, **wanted} == app
    assert (app["referrer"], app["app_status"], app["protocol"]) == ("https://x.example/", "200", "HTTP/1.1")
    assert (app["agent"], app["bytes"]) == ('quo"te \\', len(answer.body))
    assert isinstance(app["seconds"], float)
    assert isinstance(app["app_seconds"], float)
    assert (static["path"], static["app_seconds"], static["id"]) == ("/static/style.css", None, "")
    assert "secret" not in front.log.read_text()


def test_a_request_that_was_asked_again_shows_that_in_its_line(front: Front) -> None:
    place.stage(front.made, "v3")
    place.switch(front.made, "v3")
    front.ask("/")
    (line,) = (json.loads(line) for line in lines(front, 1))
    assert (line["status"], line["app_status"]) == (502, "502 : 502 : 502 : 502 : 502")


def test_the_log_can_have_the_form_that_older_programs_read(short: Path) -> None:
    with front_in(short, proxy={"access_log": "combined"}) as front:
        front.ask("/a?b=c", User_Agent="test")
        (line,) = lines(front, 1)
    assert re.fullmatch(r'127\.0\.0\.1 - - \[.*\] "GET /a\?b=c HTTP/1\.1" 200 \d+ "-" "test"', line)


def test_pages_of_the_project_are_shown_for_errors_of_the_front_and_the_plain_ones_where_there_are_none(
    short: Path,
) -> None:
    with front_in(short, proxy={"error_pages": "media"}) as front:
        pages = front.base / "live/static/@errors"
        pages.mkdir()
        (pages / "502.html").write_text("our own: no answer")
        (pages / "503.html").write_text("our own: back soon")
        (front.base / "maintenance").touch()
        answer = front.ask("/any/thing", X_Seawall_Probe="1")
        assert (answer.status, answer.text, answer.headers["Retry-After"]) == (503, "our own: back soon", "60")
        assert answer.headers["Content-Type"] == "text/html"
        assert answer.headers["X-Seawall-Release"] == "v1"
        posted = front.ask("/", "POST", b"x")
        assert (posted.status, "Back soon" in posted.text) == (503, True)
        (front.base / "maintenance").unlink()
        assert front.ask("/@errors/503.html").text.startswith("v1 GET"), "the app is asked"
        (front.base / "live/web.sock").unlink()
        answer = front.ask("/")
        assert (answer.status, answer.text) == (502, "our own: no answer")
        (pages / "502.html").unlink()
        answer = front.ask("/")
        assert (answer.status, "Not available" in answer.text) == (502, True)


def test_an_app_that_takes_too_long_is_a_page_too_and_is_not_asked_again(short: Path) -> None:
    with front_in(short, proxy={"read_timeout": 1, "error_pages": "media"}) as front:
        (front.base / "live/static/@errors").mkdir()
        (front.base / "live/static/@errors/504.html").write_text("our own: too long")
        before = len(front.heard["v1"])
        answer = front.ask("/hangs")
        front.heard["v1"].goes_on.set()
        assert (answer.status, answer.text) == (504, "our own: too long")
        assert front.heard["v1"][before:] == ["GET /hangs"]


@pytest.mark.parametrize("streams", [["/stream"], ["/"]])
def test_a_stream_is_passed_on_bit_by_bit(short: Path, streams: list[str]) -> None:
    with front_in(short, proxy={"streams": streams}) as front:
        connection = front.connect()
        connection.request("GET", "/stream")
        answer = connection.getresponse()
        assert answer.read(5) == b"first", "the second is not on its way yet"
        front.heard["v1"].goes_on.set()
        assert answer.read() == b"second"
        connection.close()


def test_the_apps_pages_are_compressed_only_where_that_is_asked_for(short: Path, front: Front) -> None:
    def encoding(front: Front) -> str | None:
        page = front.ask("/", Accept_Encoding="gzip", X_Answer_With="Content-Type: text/css", X_Long="x" * 2000)
        return page.headers["Content-Encoding"]

    assert encoding(front) is None
    (short / "other").mkdir()
    with front_in(short / "other", proxy={"compress": True}) as other:
        assert encoding(other) == "gzip"
