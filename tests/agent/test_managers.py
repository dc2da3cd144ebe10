"""Which service manager runs a program is a property of its release; an app is asked about at all of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.sample import layout, places, release
from seawall.agent.errors import BadRequest
from seawall.agent.files import replace_link
from seawall.agent.managers import manager_for, manager_of
from seawall.agent.managers.supervisor import Supervisor
from seawall.agent.managers.systemd import Systemd
from seawall.agent.places import Places
from seawall.agent.releases import live_id
from seawall.agent.stage import stage
from seawall.agent.vocabulary import BEGINS, Program, UnitFile

SOCKET = "seawall-tiny@@RELEASE@.socket"
UNDER_SYSTEMD = Program("web", "web", (SOCKET,), (SOCKET,), (UnitFile(SOCKET, ""),), "systemd")
GROUP = "seawall-tiny@@RELEASE@"
UNDER_SUPERVISOR = Program("web", "web", (GROUP,), (GROUP,), (UnitFile(f"{GROUP}.conf", ""),), "supervisor")
TIMER = Program("schedule", "clean", ("seawall-tiny.clean@@RELEASE@.timer",), (), (), "systemd")


@pytest.fixture
def there(tmp_path: Path) -> Places:
    """A server's places: both managers are at hand."""
    made = places(tmp_path / "base", units=str(tmp_path / "systemd"), user="tiny")
    (tmp_path / "systemd").mkdir()
    return made


def install(there: Places, *names: str) -> None:
    for name in names:
        folder = there.layout.fragments if name.endswith((".conf", ".ini")) else there.layout.units
        Path(folder, name).touch()


def test_each_release_is_stopped_by_the_manager_it_was_started_by(
    there: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = []
    for manager in (Systemd, Supervisor):
        monkeypatch.setattr(manager, "stop", lambda self, at, _program: stopped.append((type(self), at.id)))
    manager = manager_for(there)
    manager.stop(there.release("v1"), UNDER_SYSTEMD)
    manager.stop(there.release("v2"), UNDER_SUPERVISOR)
    assert stopped == [(Systemd, "v1"), (Supervisor, "v2")]


def test_a_persons_units_of_another_folder_are_not_taken_for_the_apps(tmp_path: Path) -> None:
    """On a person's own machine apps of two folders may have one name."""
    there = places(tmp_path / "base", units=str(tmp_path / "systemd"))
    (tmp_path / "systemd").mkdir()
    for name, base in (("seawall-tiny@v1.service", there.base), ("seawall-tiny@v2.service", tmp_path / "other")):
        (tmp_path / "systemd" / name).write_text(f"WorkingDirectory={base}/releases/v1/code\n")
    assert manager_for(there).installed(there) == ["v1"]


def test_what_is_installed_is_asked_of_both_managers(there: Places) -> None:
    install(there, "seawall-tiny@v1.service", "seawall-tiny@v1.socket", "seawall-tiny.worker@v2.conf")
    assert manager_for(there).installed(there) == ["v1", "v2"]


def test_files_of_other_apps_and_of_other_people_are_not_taken_for_the_apps(there: Places) -> None:
    others = ("seawall-tiny-admin@v3.service", "seawall-tiny-admin@v4.conf", "tiny-web-v5.conf", "shop.conf", "v6.conf")
    install(there, *others)
    assert manager_for(there).installed(there) == []


def test_a_release_of_supervisor_runs_only_while_supervisord_does(there: Places) -> None:
    install(there, "seawall-tiny@v1.service", "seawall-tiny@v2.conf")
    assert manager_for(there).running(there) == ["v1"]


def test_without_a_systemd_at_hand_only_supervisor_is_asked(tmp_path: Path) -> None:
    there = places(tmp_path / "base")
    install(there, "tiny-web-v1.ini", "seawall-tiny@v2.ini")
    assert manager_for(there).installed(there) == ["v1", "v2"]


@pytest.mark.parametrize(
    ("units", "manager"),
    [(("a@v1.socket", "a@v1.service"), "systemd"), (("a@v1.timer",), "systemd"), (("a-web-v1",), "supervisor")],
)
def test_the_manager_of_an_older_record_is_told_by_the_names_of_its_units(units: tuple[str, ...], manager: str) -> None:
    assert manager_of(Program("web", "web", units, (), ())) == manager


def test_a_manager_that_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(BadRequest, match="'runit'"):
        manager_of(replace(TIMER, manager="runit"))


def test_the_logs_of_a_release_are_read_where_its_managers_put_them(there: Places) -> None:
    """Its timers are systemd's, whoever runs the rest."""
    stage(there, "v1", release(programs=(UNDER_SUPERVISOR, TIMER)), "now")
    replace_link(str(there.live), "releases/v1")
    assert live_id(there) == "v1"
    there.logs.mkdir()
    log = there.logs / "seawall-tiny@v1.log"
    for name in (log.name, "seawall-tiny@v12.log", "seawall-tiny.worker@v1.log"):
        (there.logs / name).touch()
    tail, journal = manager_for(there).log_commands(there, [], 5, "")
    assert tail == ["tail", "-q", "-n", "5", str(log)]
    assert journal[-2:] == ["-u", "seawall-tiny@*"]
    assert manager_for(there).log_commands(there, ["web"], 5, "") == [tail]
    assert [command[0] for command in manager_for(there).log_commands(there, ["clean"], 5, "")] == ["journalctl"]


def test_of_a_program_that_was_started_again_the_words_before_its_end_are_shown_too(there: Places) -> None:
    """What a server says at its start is longer than what is shown of a log."""
    there.logs.mkdir()
    start = [BEGINS, *(f"option {number}" for number in range(40))]
    why = "ValueError: no such table"
    (there.logs / "seawall-tiny@v1-1.log").write_text("\n".join([*start, why, *start]) + "\n")
    (there.logs / "seawall-tiny@v1-2.log").touch()
    said = Supervisor(there).log_tail(there.release("v1"), UNDER_SUPERVISOR, 2).splitlines()
    assert said == ["option 39", why, "option 38", "option 39"]


def test_apps_take_turns_in_the_folder_of_systemds_units_on_a_server_and_nobody_waits_locally(tmp_path: Path) -> None:
    server = Places(layout(tmp_path, units="/etc/systemd/system", user="tiny"))
    assert server.shared == Path("/etc/systemd/system")
    assert Places(layout(tmp_path)).shared == tmp_path
