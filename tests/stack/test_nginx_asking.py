"""How nginx asks the app: by the protocol of the live release, and again where a release dies."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from seawall.stack import listening
from stack import place
from stack.nginx_front import Answer, Front, app


def mark(front: Front, release: str, **markers: str) -> None:
    """The files that say how a release is asked."""
    root = front.base / "releases" / release
    for name, content in markers.items():
        (root / f"web.{name}").write_text(content)
    if "uwsgi" in markers:
        (root / "web.sock").rename(root / "uwsgi.sock")


def test_a_switch_of_the_one_link_also_changes_how_the_app_is_asked(front: Front) -> None:
    address = listening.address(front.made.layout)
    at = {release: (address, 10000 + int(release[1:])) for release in ("v34", "v567", "v4321")}
    for release, markers in {
        "v3": {"uwsgi": ""},
        "v34": {"tcp": f"{address}:10034"},
        "v567": {"tcp": f"{address}:10567", "uwsgi": ""},
        "v4321": {"tcp": f"{address}:14321"},
        "v5": {"uwsgi": "", "uwsgi-socket": ""},
        "v6": {"http-socket": ""},
    }.items():
        place.stage(front.made, release)
        mark(front, release, **markers)
    with (
        app(front.made, "v3", speaks="uwsgi"),
        app(front.made, "v34", address=at["v34"]),
        app(front.made, "v567", speaks="uwsgi", address=at["v567"]),
        app(front.made, "v4321", address=at["v4321"]),
        app(front.made, "v5", speaks="uwsgi"),
        app(front.made, "v6"),
    ):
        for release in ("v1", "v3", "v34", "v5", "v567", "v6", "v4321", "v2"):
            place.switch(front.made, release)
            first, *_ = front.ask("/a%20b?c=d", "POST", b"x").text.splitlines()
            assert first == f"{release} POST /a%20b?c=d"


@contextmanager
def slowly_sent(front: Front) -> Iterator[http.client.HTTPConnection]:
    """A POST of which nginx has the head and half the body; the other half is still to come."""
    connection = front.connect()
    connection.putrequest("POST", "/upload")
    connection.putheader("Content-Length", "4")
    connection.endheaders(b"se")
    front.ask("/health")  # by then the head has been read
    yield connection
    connection.close()


def test_an_upload_that_began_before_the_kind_changed_is_taken_by_the_new_one(front: Front) -> None:
    for release, markers in {
        "v3": {"uwsgi": ""},
        "v5": {"uwsgi": "", "uwsgi-socket": ""},
        "v6": {"http-socket": ""},
    }.items():
        place.stage(front.made, release)
        mark(front, release, **markers)
    with app(front.made, "v3", speaks="uwsgi"), app(front.made, "v5", speaks="uwsgi"), app(front.made, "v6"):
        for before, after in (("v1", "v3"), ("v3", "v1"), ("v1", "v5"), ("v5", "v6"), ("v6", "v3")):
            place.switch(front.made, before)
            with slowly_sent(front) as connection:
                place.switch(front.made, after)
                connection.send(b"nt")
                answer = Answer(connection.getresponse())
            assert (answer.status, answer.text.split()[0]) == (200, after)


@pytest.mark.parametrize("speaks", ["http", "uwsgi"])
def test_a_release_that_dies_over_a_request_is_asked_again_where_that_does_no_harm(front: Front, speaks: str) -> None:
    for number, deaths, method, status, asked in (
        (31, 2, "GET", 200, 3),
        (32, 3, "GET", 502, 3),
        (33, 1, "PUT", 200, 2),
        (34, 1, "POST", 502, 1),
        (35, 1, "PATCH", 502, 1),
    ):
        release = f"v{number}"
        place.stage(front.made, release)
        if speaks == "uwsgi":
            mark(front, release, uwsgi="")
        with app(front.made, release, speaks=speaks, deaths=deaths) as heard:
            place.switch(front.made, release)
            answer = front.ask("/dies", method, None if method == "GET" else b"x")
            assert (answer.status, heard) == (status, [f"{method} /dies"] * asked)
            assert ("Not available" in answer.text) == (status == 502)


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
