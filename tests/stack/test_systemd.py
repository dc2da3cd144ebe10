"""systemd's units: checked by systemd itself, and what each of them promises."""

from __future__ import annotations

import configparser
import subprocess
from pathlib import Path

import pytest

from seawall.agent.vocabulary import Program
from seawall.errors import ConfigError
from seawall.stack.composition import Composition
from seawall.stack.quoting import unit_command
from stack import place
from stack.cases import CASES, composed, project


def program(made: Composition, name: str) -> Program:
    return next(p for p in made.release.programs if p.name == name)


def values(made: Composition, name: str, unit: str, section: str) -> dict[str, str]:
    """One section of a unit; of keys that are there several times, the last."""
    text = next(f.content for f in program(made, name).files if f.name == unit)
    parser = configparser.RawConfigParser(strict=False, delimiters="=", comment_prefixes="#")
    parser.optionxform = str
    parser.read_string(text)
    return dict(parser[section])


@pytest.mark.parametrize("case", [case for case in CASES if case.startswith(("server", "local-systemd"))])
def test_systemd_itself_accepts_the_units(case: str, tmp_path: Path) -> None:
    """`systemd-analyze verify` returns 0 on keys it does not know, so its words are read. Only paths are put here."""
    made = CASES[case]()
    programs_of_the_app = tmp_path / "releases/v7/venv/bin"
    programs_of_the_app.mkdir(parents=True)
    for name in ("gunicorn", "uwsgi", "python"):
        (programs_of_the_app / name).write_text("#!/bin/sh\n")
        (programs_of_the_app / name).chmod(0o755)
    programs = [item for item in made.release.programs if item.manager == "systemd"]
    units = [place.filled(file, "v7") for item in programs for file in item.files]
    if not units:
        return  # all of it is supervisor's
    paths = []
    for unit in units:
        paths.append(str(tmp_path / unit.name))
        Path(paths[-1]).write_text(unit.content.replace(made.layout.base, str(tmp_path)))
    command = [place.needed("systemd-analyze"), "verify", "--man=no", "--recursive-errors=one", *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_verify_would_tell_of_a_key_that_systemd_does_not_know(tmp_path: Path) -> None:
    """The test above can fail."""
    unit = tmp_path / "x@v1.service"
    unit.write_text("[Service]\nExecStart=/bin/true\nProtectNothing=yes\n")
    command = [place.needed("systemd-analyze"), "verify", "--man=no", "--recursive-errors=one", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "ProtectNothing" in done.stderr


def test_the_socket_belongs_to_the_app_and_only_the_front_server_may_connect() -> None:
    socket = values(composed(), "web", "seawall-guestbook@@RELEASE@.socket", "Socket")
    assert socket["ListenStream"] == "/run/seawall/guestbook/@RELEASE@.sock"
    assert (socket["SocketUser"], socket["SocketGroup"], socket["SocketMode"]) == ("guestbook", "www-data", "0660")


def test_the_app_can_write_to_its_data_and_to_nothing_else() -> None:
    service = values(composed(), "web", "seawall-guestbook@@RELEASE@.service", "Service")
    assert (service["ProtectSystem"], service["ReadWritePaths"]) == ("strict", "/srv/guestbook/data")
    assert (service["User"], service["NoNewPrivileges"], service["CapabilityBoundingSet"]) == ("guestbook", "yes", "")


def test_every_service_of_a_release_is_in_the_same_sandbox() -> None:
    made = CASES["server-full"]()
    boxes = {
        file.content.partition("# What the app may do")[2].partition("\n[Install]")[0].strip()
        for item in made.release.programs
        for file in item.files
        if file.name.endswith(".service")
    }
    assert len(boxes) == 1


def test_a_process_is_as_many_units_as_asked_all_started_at_boot() -> None:
    found = program(CASES["server-full"](), "worker")
    assert (
        found.units
        == found.boot
        == (
            "seawall-guestbook-staging.worker.1@@RELEASE@.service",
            "seawall-guestbook-staging.worker.2@@RELEASE@.service",
        )
    )


def test_only_the_timer_of_a_scheduled_command_is_started() -> None:
    found = program(CASES["server-full"](), "clean")
    assert found.units == found.boot == ("seawall-guestbook-staging.clean@@RELEASE@.timer",)
    assert len(found.files) == 2


def test_no_two_apps_on_a_host_have_units_of_one_name() -> None:
    """``shop`` with a process ``admin``, and an app ``shop-admin``."""
    shop = composed(project(name="shop", processes={"admin": "run"}))
    admin = composed(project(name="shop-admin"))
    names = [{f.name for p in made.release.programs for f in p.files} for made in (shop, admin)]
    assert not names[0] & names[1]


def test_a_process_and_a_scheduled_command_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="both name 'clean'"):
        composed(project(processes={"clean": "a"}, schedule={"clean": {"command": "b", "at": "daily"}}))


def test_a_process_that_is_called_like_the_app_itself_is_refused() -> None:
    with pytest.raises(ConfigError, match='called "web"'):
        composed(project(processes={"web": "a"}))


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("a", "b c"), 'a "b c"'),
        (("100%", "$HOME", "${X}"), '"100%%" "$$HOME" "$${X}"'),
        (('say "hi"', "back\\slash"), '"say \\"hi\\"" "back\\\\slash"'),
        (("it's", ";", ""), '"it\'s" ";" ""'),
        (("é",), '"é"'),
    ],
)
def test_words_of_a_command_are_quoted_by_systemds_rules(words: tuple[str, ...], line: str) -> None:
    assert unit_command(words) == line


def test_a_line_break_cannot_smuggle_a_setting_into_a_unit() -> None:
    with pytest.raises(ConfigError, match="line break"):
        composed(project(app={"entry": "m:f('\x0bx')"}))
