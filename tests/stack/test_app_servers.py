"""Each kind of application server: its settings, whole, and what it promises the service manager."""

from __future__ import annotations

import ast
import configparser
from dataclasses import replace

import pytest

from seawall.errors import ConfigError
from seawall.stack import app_servers
from seawall.stack.choosing import choose
from stack import golden
from stack.cases import BOOKWORM, LOCAL, composed, project
from stack.server_cases import CASES, LOCALLY, as_files, made


@pytest.mark.parametrize("case", CASES)
def test_the_settings_of_a_server_are_as_they_were(case: str) -> None:
    assert as_files(CASES[case]()) == golden.kept(case, golden.KEPT_SERVERS)


def test_no_server_is_kept_that_is_no_longer_made() -> None:
    assert {path.name for path in golden.KEPT_SERVERS.iterdir()} == set(CASES)


@pytest.mark.parametrize("case", [case for case in CASES if "uwsgi" not in case])
def test_what_is_python_is_python(case: str) -> None:
    for file in CASES[case]().files:
        ast.parse(file.content)


@pytest.mark.parametrize("kind", app_servers.KINDS)
def test_every_kind_is_given_the_socket_and_opens_none(kind: str) -> None:
    interface = "asgi" if kind == "uvicorn" else "wsgi"
    text = "\n".join(file.content for file in made(kind=kind, interface=interface).files)
    assert "bind" not in text.replace("_bind_addr_fmt", "")
    assert made(kind=kind, interface=interface).kind == kind


@pytest.mark.parametrize("kind", app_servers.KINDS)
def test_the_service_manager_waits_for_the_servers_own_limit(kind: str) -> None:
    interface = "asgi" if kind == "uvicorn" else "wsgi"
    assert made(kind=kind, interface=interface, graceful_timeout=70).stop_timeout == 75


# --- the choice


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_a_choice_that_is_left_to_us_has_its_reason_in_the_plan(interface: str) -> None:
    wanted = project(app={"entry": "a:b", "interface": interface})
    choice = choose(wanted, BOOKWORM, frozenset())
    assert choice.reason
    (note,) = [note for note in composed(wanted).notes if "application server" in note]
    assert choice.kind in note
    assert choice.reason in note


def test_a_choice_that_somebody_made_needs_no_reason() -> None:
    assert not [note for note in composed(project(server={"kind": "granian"})).notes if "application server" in note]


# --- how it is asked


def test_only_uwsgi_speaks_its_own_protocol_and_only_where_the_front_server_knows_it() -> None:
    spoken = {kind: made(kind=kind).speaks for kind in app_servers.KINDS if kind != "uvicorn"}
    assert spoken == {"gunicorn": "http", "uwsgi": "uwsgi", "waitress": "http", "granian": "http"}
    assert made(kind="uwsgi", around=LOCALLY).speaks == "http"


def test_uwsgi_behind_the_tools_own_front_is_asked_in_http() -> None:
    wanted = project(server={"kind": "uwsgi"})
    assert composed(wanted, LOCAL).release.listen.speaks == "uwsgi"
    own = composed(wanted, replace(LOCAL, nginx="")).release
    assert own.listen.speaks == "http"
    assert "\nprotocol = http\n" in own.files[0].content


# --- what is installed


def test_uwsgi_needs_no_compiler_unless_the_app_brings_it_itself() -> None:
    assert made(kind="uwsgi").requirements == ("pyuwsgi>=2.0.28",)
    assert made("uwsgi", kind="uwsgi").requirements == ()


@pytest.mark.parametrize(
    ("worker", "interface", "needed"),
    [("gevent", "wsgi", {"gevent", "packaging"}), ("uvicorn", "asgi", {"uvicorn-worker", "websockets"})],
)
def test_what_a_worker_needs_is_named_apart_so_that_an_app_with_gunicorn_gets_it_too(
    worker: str, interface: str, needed: set[str]
) -> None:
    names = {name.partition(">")[0] for name in made(kind="gunicorn", worker=worker, interface=interface).requirements}
    assert needed < names


# --- values in the words of each format


def test_a_percent_sign_in_a_path_means_itself_in_uwsgis_file() -> None:
    server = made("uwsgi", kind="uwsgi", around=LOCALLY)
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(server.files[0].content)
    assert parser["uwsgi"]["home"] == "/home/ada/100%% mine/.seawall/local/releases/@RELEASE@/venv"


@pytest.mark.parametrize("kind", ["granian", "waitress"])
def test_a_call_of_the_factory_stands_in_the_starting_program_as_it_was_written(kind: str) -> None:
    program = ast.parse(made(kind=kind, entry="shop.web:make('a', n=2)").files[0].content)
    calls = [ast.unparse(node) for node in ast.walk(program) if isinstance(node, ast.Call)]
    assert "module.make('a', n=2)" in calls
    assert "importlib.import_module('shop.web')" in calls


@pytest.mark.parametrize("kind", ["granian", "waitress"])
def test_a_line_break_cannot_smuggle_a_statement_into_a_starting_program(kind: str) -> None:
    with pytest.raises(ConfigError, match="line break"):
        made(kind=kind, entry="m:f('\x0bx')")


def test_a_socket_of_the_servers_own_has_a_folder_that_systemd_makes() -> None:
    stats = composed(project(server={"kind": "uwsgi", "stats": True})).release.programs[0].files[1].content
    assert "\nRuntimeDirectory=seawall/guestbook/@RELEASE@\n" in stats
    assert "RuntimeDirectory" not in composed(project(server={"kind": "uwsgi"})).release.programs[0].files[1].content


def service_units() -> dict[str, str]:
    """The unit of each kind of server."""
    return {
        kind: composed(project(server={"kind": kind})).release.programs[0].files[1].content
        for kind in ("gunicorn", "uwsgi", "waitress", "granian")
    }


def test_a_server_that_tells_when_it_is_up_is_waited_for() -> None:
    types = service_units()
    notifying = {kind for kind, unit in types.items() if "\nType=notify\n" in unit}
    assert notifying == {"gunicorn", "uwsgi"}
    assert all("\nType=exec\n" in unit for kind, unit in types.items() if kind not in notifying)
