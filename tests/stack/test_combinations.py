"""What cannot work together is refused by the plan, with the reason and the nearest choice that works."""

from __future__ import annotations

from typing import Any

import pytest

from seawall.errors import ConfigErrors
from seawall.stack import combinations
from seawall.stack.choosing import choose
from stack.cases import LOCAL, composed, project
from stack.server_cases import SURROUNDINGS, inputs

ASGI = {"interface": "asgi"}


def refused(*required: str, **settings: Any) -> list[tuple[str, str]]:
    """The fact and the remedy of each refusal."""
    asked = inputs(*required, **settings)
    try:
        combinations.check(asked, SURROUNDINGS, choose(asked.project, asked.facts, asked.required).kind)
    except ConfigErrors as errors:
        return [(f"{error.place}: {error.fact}", error.remedy) for error in errors.errors]
    return []


@pytest.mark.parametrize(
    ("settings", "reason", "nearest"),
    [
        ({"kind": "waitress", **ASGI}, "waitress runs WSGI apps only", "granian, uvicorn or gunicorn"),
        ({"kind": "uwsgi", **ASGI}, "neither the app nor WebSockets", "granian, uvicorn or gunicorn"),
        ({"kind": "uvicorn"}, "uvicorn runs ASGI apps only", "granian or gunicorn"),
        ({"worker": "gthread", **ASGI}, "gthread is not for ASGI apps", "asgi or uvicorn"),
        ({"worker": "asgi"}, "asgi is not for WSGI apps", "gthread or gevent"),
        ({"worker": "uvicorn"}, "uvicorn is not for WSGI apps", "gthread or gevent"),
        ({"kind": "waitress", "workers": 2}, "waitress is one process", "set `workers` to 1 and raise `threads`"),
        ({"worker": "gevent", "preload": True}, "before gevent has taken the place", "gthread"),
        ({"worker": "gevent", "threads": 8}, "gevent has no threads", "leave it out"),
        ({"worker": "sync", "threads": 8}, "sync has no threads", "worker = gthread"),
        ({"threads": 8, **ASGI}, "asgi has no threads", "leave it out"),
        ({"kind": "granian", "threads": 8, **ASGI}, "no threads", "leave it out"),
        ({"kind": "uvicorn", "threads": 8, **ASGI}, "server.threads: ", "gunicorn or granian"),
        ({"kind": "waitress", "preload": True}, "server.preload: ", "kind = gunicorn or uwsgi"),
        ({"kind": "granian", "max_requests": 9}, "server.max_requests: ", "gunicorn or uwsgi"),
        ({"kind": "granian", "timeout": 9}, "server.timeout: ", "gunicorn or uwsgi"),
        ({"kind": "waitress", "statsd": "h:1"}, "server.statsd: ", "gunicorn or uwsgi"),
        ({"kind": "uvicorn", "stats": True, **ASGI}, "server.stats: ", "kind = gunicorn"),
        ({"kind": "uwsgi", "worker": "gevent"}, "server.worker: ", "kind = gunicorn"),
        ({"kind": "uwsgi", "keepalive": 9}, "server.keepalive: ", "kind = gunicorn"),
        ({"kind": "uwsgi", "entry": "a:make('x')"}, "a factory without arguments only", "gunicorn or granian"),
    ],
)
def test_what_a_server_cannot_do_is_refused(settings: dict[str, Any], reason: str, nearest: str) -> None:
    ((fact, remedy),) = refused(**settings)
    assert reason in fact
    assert nearest in remedy


@pytest.mark.parametrize("name", combinations.BLOCK_GEVENT)
def test_libraries_that_stop_a_gevent_worker_are_refused_there_and_nowhere_else(name: str) -> None:
    ((fact, remedy),) = refused(name, "flask", worker="gevent")
    assert name in fact
    assert combinations.BLOCK_GEVENT[name] in remedy
    assert refused(name, "flask") == []


def test_psycopg2_with_psycogreen_waits_as_gevent_wants() -> None:
    assert refused("psycopg2", "psycogreen", worker="gevent") == []


@pytest.mark.parametrize("kind", ["waitress", "uwsgi", "granian"])
@pytest.mark.parametrize("extension", combinations.WEBSOCKETS)
def test_websockets_of_a_wsgi_app_are_refused_where_it_cannot_have_them(kind: str, extension: str) -> None:
    ((fact, remedy),) = refused(extension, kind=kind)
    assert kind in fact
    assert "kind = gunicorn" in remedy
    assert refused(extension, kind="gunicorn") == []


def test_a_socket_of_the_servers_own_is_refused_where_there_is_no_place_for_it() -> None:
    wanted = {"server": {"stats": True}, "process": {"manager": "supervisor"}}
    with pytest.raises(ConfigErrors) as caught:
        composed(project(**wanted))
    assert "manager = systemd" in caught.value.errors[0].remedy
    assert composed(project(**wanted), LOCAL).release.files[0].content.count("\nstats = ") == 1


def test_all_is_told_at_once() -> None:
    told = refused("psycopg2", worker="gevent", preload=True, threads=2)
    assert len(told) == 3


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"threads": 1, **ASGI},
        {"worker": "sync", "threads": 1},
        {"kind": "waitress", "workers": 1},
        {"kind": "granian", "timeout": "auto"},
        {"kind": "uwsgi", "entry": "a.b:make()"},
        {"kind": "uwsgi", "statsd": "127.0.0.1:8125", "stats": True, "preload": True, "max_requests": 5},
        {"kind": "granian", **ASGI},
        {"kind": "uvicorn", "max_requests": 5, **ASGI},
        {"worker": "uvicorn", **ASGI},
    ],
)
def test_what_works_is_let_through(settings: dict[str, Any]) -> None:
    """A default that is written out is no wish for anything."""
    assert refused(**settings) == []


def test_a_plan_is_refused_before_anything_is_composed() -> None:
    with pytest.raises(ConfigErrors) as caught:
        composed(project(app={"entry": "a:b", "interface": "asgi"}, server={"kind": "waitress"}))
    assert [error.place for error in caught.value.errors] == ["server.kind"]
