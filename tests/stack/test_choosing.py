"""Where the kind of server is left to us, the quickest that can do what app and host need is taken, with its reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from seawall.stack.choosing import Choice, choose
from stack.cases import BOOKWORM
from stack.server_cases import inputs


def chosen(*required: str, host: dict[str, Any] | None = None, python: str = "", **settings: Any) -> Choice:
    asked = inputs(*required, **settings)
    app = asked.project.app.model_copy(update={"python": python})
    project = asked.project.model_copy(update={"app": app})
    return choose(project, replace(BOOKWORM, **host or {}), asked.required)


@pytest.mark.parametrize(("interface", "quickest"), [("wsgi", "uwsgi"), ("asgi", "uvicorn")])
def test_the_quickest_is_taken_for_an_app_that_asks_for_nothing(interface: str, quickest: str) -> None:
    choice = chosen(interface=interface)
    assert choice.kind == quickest
    assert "quick" in choice.reason


def test_a_kind_that_somebody_asks_for_is_taken_as_it_is() -> None:
    assert chosen(kind="waitress") == Choice("waitress")


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"worker": "gevent"}, "uwsgi has nothing like `server.worker`: it would be ignored"),
        ({"keepalive": 9}, "uwsgi has nothing like `server.keepalive`: it would be ignored"),
        ({"interface": "asgi", "timeout": 9}, "uvicorn has nothing like `server.timeout`: it would be ignored"),
        ({"interface": "asgi", "stats": True}, "uvicorn has nothing like `server.stats`: it would be ignored"),
        (
            {"entry": "shop:make('a')"},
            "uwsgi calls a factory without arguments only, and `app.entry` is shop:make('a')",
        ),
    ],
)
def test_what_the_quickest_cannot_do_is_done_by_gunicorn(settings: dict[str, Any], why: str) -> None:
    choice = chosen(**settings)
    assert choice.kind == "gunicorn"
    assert choice.reason.endswith(f"is quicker, but {why}")


@pytest.mark.parametrize("name", ["flask-sock", "flask-socketio", "gevent", "eventlet"])
def test_an_app_whose_libraries_need_gunicorn_gets_it(name: str) -> None:
    choice = chosen(name)
    assert choice.kind == "gunicorn"
    assert f"the app's requirements name {name}" in choice.reason


@pytest.mark.parametrize("settings", [{"preload": True}, {"threads": 1}, {"timeout": 120}, {"stats": True}])
def test_what_the_quickest_can_do_too_is_no_reason_against_it(settings: dict[str, Any]) -> None:
    assert chosen(**settings).kind == "uwsgi"


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
@pytest.mark.parametrize(
    ("host", "why"),
    [
        ({"architecture": "riscv64"}, "would have to be compiled on the host (riscv64)"),
        ({"architecture": ""}, "would have to be compiled on the host (a machine of an unknown kind)"),
        ({"python": "3.15.0"}, "would have to be compiled for the host's Python 3.15.0"),
        ({"python": "3.8.10"}, "would have to be compiled for the host's Python 3.8.10"),
    ],
)
def test_no_host_needs_a_compiler_for_what_was_left_to_us(interface: str, host: dict[str, Any], why: str) -> None:
    choice = chosen(interface=interface, host=host)
    assert choice.kind == "gunicorn"
    assert choice.reason.endswith(why)


@pytest.mark.parametrize("python", ["3.9.2", "3.11.2", "3.12.3"])
@pytest.mark.parametrize("architecture", ["x86_64", "aarch64"])
def test_hosts_for_which_there_is_a_compiled_one_get_it(python: str, architecture: str) -> None:
    assert chosen(host={"python": python, "architecture": architecture}).kind == "uwsgi"


def test_the_hosts_own_python_says_nothing_where_the_app_asks_for_another() -> None:
    assert chosen(interface="asgi", host={"python": "3.8.10"}, python=">=3.11").kind == "uvicorn"


@pytest.mark.parametrize("asked", [{"host": {"python": "3.13.5"}}, {"python": ">=3.11"}])
def test_uwsgi_is_left_to_the_pythons_that_it_was_measured_with(asked: dict[str, Any]) -> None:
    """Which Python is taken where the app asks for a range is known on the host alone."""
    choice = chosen(**asked)
    assert choice.kind == "gunicorn"
    assert choice.reason == "uwsgi is quicker, but it has not proved itself with Python 3.13 and later"
