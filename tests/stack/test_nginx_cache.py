"""Pages that nginx keeps: which, for how long, for whom, and never over a release."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seawall.agent.files import remove_files
from seawall.config.model import Project
from seawall.stack import limits
from stack import place
from stack.cases import project
from stack.nginx_front import Front, app, front_in
from stack.test_nginx_asking import mark

CACHE = {"paths": {"/": 600, "/brief/": 1}, "ignored_cookies": ["_ga", "a.b"]}


@pytest.fixture
def keeping(short: Path) -> Iterator[Front]:
    with front_in(short, proxy={"cache": CACHE}) as front:
        yield front


def come(front: Front, path: str, method: str = "GET", **headers: str) -> str | None:
    """How the cache fared when somebody came."""
    return front.ask(path, method, b"x" if method == "POST" else None, **headers).headers["X-Cache"]


def test_a_page_is_asked_for_once_and_answered_from_then_on(keeping: Front) -> None:
    first, second = keeping.ask("/page?a=1"), keeping.ask("/page?a=1")
    assert (first.headers["X-Cache"], second.headers["X-Cache"]) == ("MISS", "HIT")
    assert first.text == second.text
    assert first.headers["X-Request-ID"] in first.text
    assert second.headers["X-Request-ID"] is None, "the app never heard of it"
    assert second.headers["X-Content-Type-Options"] == "nosniff"
    assert come(keeping, "/page?a=2") == "MISS"
    assert keeping.heard["v1"] == ["GET /page?a=1", "GET /page?a=2"]


def test_a_release_never_shows_pages_of_another_and_finds_its_own_again(keeping: Front) -> None:
    assert [come(keeping, "/"), come(keeping, "/")] == ["MISS", "HIT"]
    place.switch(keeping.made, "v2")
    answer = keeping.ask("/")
    assert (answer.headers["X-Cache"], answer.text.split()[0]) == ("MISS", "v2")
    place.switch(keeping.made, "v1")
    answer = keeping.ask("/")
    assert (answer.headers["X-Cache"], answer.text.split()[0]) == ("HIT", "v1")


@pytest.mark.parametrize(
    "said",
    [
        "Set-Cookie: session=1",
        "Cache-Control: private",
        "Cache-Control: no-store",
        "Cache-Control: max-age=0",
        "Vary: *",
    ],
)
def test_what_the_app_does_not_want_kept_is_not(keeping: Front, said: str) -> None:
    assert [come(keeping, "/", X_Answer_With=said) for _ in range(2)] == ["MISS", "MISS"]


def test_what_the_app_says_itself_comes_before_the_configuration(keeping: Front) -> None:
    for _ in range(2):
        assert come(keeping, "/brief/page", X_Answer_With="Cache-Control: max-age=600") in ("MISS", "HIT")
    kept = next(path for path in (keeping.base / "cache").rglob("*") if path.is_file()).read_bytes()
    assert b"max-age=600" in kept


def test_visitors_who_may_be_logged_in_are_answered_by_the_app_and_nothing_of_it_is_kept(keeping: Front) -> None:
    for headers in ({"Cookie": "session=1"}, {"Cookie": "_ga=1; session=1"}, {"Authorization": "Basic eA=="}):
        assert come(keeping, "/private", **headers) == "BYPASS"
    assert come(keeping, "/private") == "MISS", "none of those was kept"
    assert come(keeping, "/private", Cookie="session=1") == "BYPASS", "and none is answered from what is kept"
    assert come(keeping, "/private", Cookie="_ga=1; a.b=2") == "HIT"
    assert come(keeping, "/private", Cookie="_ga=1; axb=2") == "BYPASS"


def test_nothing_but_reading_is_answered_from_what_is_kept(keeping: Front) -> None:
    assert come(keeping, "/form") == "MISS"
    assert come(keeping, "/form", "POST") is None
    assert come(keeping, "/broken") == "MISS"
    assert come(keeping, "/broken") == "MISS", "an error is no page"


def test_the_health_path_is_always_asked_of_the_app(keeping: Front) -> None:
    assert [come(keeping, "/health"), come(keeping, "/health")] == [None, None]


def test_a_purge_has_every_page_asked_for_anew(keeping: Front) -> None:
    assert [come(keeping, "/"), come(keeping, "/")] == ["MISS", "HIT"]
    assert remove_files(keeping.base / "cache") == 1
    assert [come(keeping, "/"), come(keeping, "/")] == ["MISS", "HIT"]


def test_a_page_that_is_due_is_shown_while_it_is_fetched_and_also_if_the_app_has_gone(keeping: Front) -> None:
    assert come(keeping, "/brief/page") == "MISS"
    place.until(lambda: come(keeping, "/brief/page") == "STALE", "the page to be due")
    place.until(lambda: len(keeping.heard["v1"]) == 2, "the page to be fetched anew, behind the visitor's back")
    (keeping.base / "live/web.sock").unlink()
    place.until(lambda: come(keeping, "/brief/page") == "STALE", "the page to be due again")
    assert keeping.ask("/brief/page").status == 200


def test_pages_that_come_by_uwsgis_protocol_are_kept_too(keeping: Front) -> None:
    place.stage(keeping.made, "v3")
    mark(keeping, "v3", uwsgi="")
    with app(keeping.made, "v3", speaks="uwsgi") as heard:
        place.switch(keeping.made, "v3")
        assert come(keeping, "/", "HEAD") == "MISS"
        assert [come(keeping, "/"), come(keeping, "/")] == ["MISS", "HIT"]
        assert keeping.ask("/").text.startswith("v3 GET /")
        assert come(keeping, "/", Cookie="session=1") == "BYPASS"
    assert heard == ["HEAD /", "GET /", "GET /"]


def located(**settings: object) -> dict[str, tuple[str, int, bool]]:
    made: Project = project(static={"/static/": "static"}, **settings)
    return {one.path: (one.how, one.cached, one.stream) for one in limits.of_site(made, health="/health").locations}


def test_a_path_is_kept_as_the_longest_rule_over_it_says_and_a_stream_never() -> None:
    found = located(
        proxy={"cache": {"paths": {"/": 60, "/blog/": 600, "/blog/live": 5}}, "streams": ["/blog/events/"]},
        limits={"routes": {"/blog/post": {"rate": "1/s"}, "/login": {"rate": "1/s"}}},
    )
    assert found == {
        "/health": ("=", 0, False),
        "/blog": ("=", 60, False),
        "/blog/events": ("=", 600, False),
        "/blog/post": ("=", 600, False),
        "/login": ("=", 60, False),
        "/blog/": ("^~", 600, False),
        "/blog/events/": ("^~", 0, True),
        "/blog/live": ("=", 5, False),
        "/": ("", 60, False),
    }
