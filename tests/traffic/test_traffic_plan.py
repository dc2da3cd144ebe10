from __future__ import annotations

from typing import Any

import pytest

from seawall.errors import UsageError
from seawall.traffic import Request, TrafficPlan
from seawall.traffic.plan import encode


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"url": "example.org"}, "not an address of a site"),
        ({"url": "ftp://example.org/"}, "not an address of a site"),
        ({"url": "https://user:secret@example.org/"}, "not an address of a site"),
        ({"url": "https://example.org:port/"}, "not an address of a site"),
        ({"url": "https://example.org/a b"}, "percent-encoded"),
        ({"rate": 0}, "rate must be above 0"),
        ({"seconds": -1}, "seconds must be above 0"),
        ({"keepalive": 1.5}, "share from 0 to 1"),
        ({"connections": 0}, "at least 1"),
        ({"requests": ()}, "no request to send"),
        ({"timeout": 0}, "timeout must be above 0"),
        ({"mark": "("}, "not a regular expression"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        TrafficPlan(**{"url": "https://example.org/", **changes})


@pytest.mark.parametrize(
    "wrong",
    [{"method": "get"}, {"path": "/a b"}, {"path": "/\r\n"}, {"headers": (("X-A", "b\r\nX-C: d"),)}],
)
def test_a_request_cannot_smuggle_lines(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Request(**wrong)


def test_a_request_is_written_as_rfc_9112_says() -> None:
    plan = TrafficPlan("https://[::1]:8443/a?b=c")
    assert encode(plan, Request(), "close") == (
        b"GET /a?b=c HTTP/1.1\r\nHost: [::1]:8443\r\nUser-Agent: seawall-traffic\r\n"
        b"Accept: */*\r\nConnection: close\r\n\r\n"
    )
    post = Request("POST", "/form", (("Cookie", "a=1"),), "name=J%C3%B8rn")
    assert encode(plan, post, "keep-alive") == (
        b"POST /form HTTP/1.1\r\nHost: [::1]:8443\r\nUser-Agent: seawall-traffic\r\n"
        b"Accept: */*\r\nConnection: keep-alive\r\nCookie: a=1\r\nContent-Length: 14\r\n\r\n"
        b"name=J%C3%B8rn"
    )


def test_a_plan_survives_its_way_to_another_process() -> None:
    plan = TrafficPlan(
        "http://127.0.0.1:8000/",
        seconds=3,
        requests=(Request(), Request("POST", "/form", (("Cookie", "a=1"),), "x=ø")),
        mark="v([0-9]+)",
    )
    assert TrafficPlan.from_json(plan.to_json()) == plan


@pytest.mark.parametrize(
    ("url", "port", "target"),
    [
        ("http://example.org", 80, "/"),
        ("https://example.org/x", 443, "/x"),
        ("https://example.org:8443/x?y", 8443, "/x?y"),
    ],
)
def test_an_address_gives_port_and_target(url: str, port: int, target: str) -> None:
    plan = TrafficPlan(url)
    assert (plan.port, plan.target) == (port, target)
