"""systemd on this machine: where its units lie, and what is said where it cannot run the app."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from seawall.agent.vocabulary import File
from seawall.errors import ProjectError
from stack.cases import CASES, LOCAL, composed, project

SETTINGS = {"process": {"manager": "systemd"}}
WITH_SYSTEMD = replace(LOCAL, runtime="/run/user/1000")


def test_what_lies_outside_of_the_project_is_gone_with_the_user_manager() -> None:
    made = CASES["local-systemd"]()
    outside = [r.path for r in made.resources if isinstance(r, File) and not r.path.startswith(LOCAL.directory)]
    assert outside == ["/run/user/1000/systemd/user/seawall-guestbook.front.service"]
    assert made.layout.units == "/run/user/1000/systemd/user"


def test_units_of_this_machine_name_no_user_and_no_target_of_the_system() -> None:
    for item in CASES["local-systemd"]().release.programs:
        for file in item.files:
            assert not re.search(r"^(User|SocketUser|WantedBy|ProtectSystem)=", file.content, re.M)


def test_supervisor_is_the_manager_of_this_machine_unless_another_is_asked_for() -> None:
    for settings in ({}, {"process": {"manager": "auto"}}, {"process": {"manager": "supervisor"}}):
        made = composed(project(**settings), WITH_SYSTEMD)
        assert {item.manager for item in made.release.programs} == {"supervisor"}


def test_systemd_is_the_manager_of_servers_unless_another_is_asked_for() -> None:
    for settings in ({}, {"process": {"manager": "auto"}}, {"process": {"manager": "systemd"}}):
        assert {item.manager for item in composed(project(**settings)).release.programs} == {"systemd"}


def test_without_a_user_manager_the_remedy_is_supervisor() -> None:
    with pytest.raises(ProjectError) as refused:
        composed(project(**SETTINGS), LOCAL)
    assert refused.value.fact == "no systemd runs for you on this machine, as it does in a login session"
    assert 'manager = "supervisor" in [environments.local.process]' in refused.value.remedy


def test_another_folders_app_of_the_same_name_keeps_its_units() -> None:
    """Their names are one person's, whatever the folder. supervisor has a folder of its own for each."""
    target = replace(WITH_SYSTEMD, elsewhere="/home/ada/old/.seawall/local")
    with pytest.raises(ProjectError, match="another app of this name") as refused:
        composed(project(**SETTINGS), target)
    assert refused.value.place == "/home/ada/old/.seawall/local"
    assert composed(project(), target)


@pytest.mark.parametrize(("running", "wanted"), [("supervisor", "systemd"), ("systemd", "supervisor")])
def test_while_the_app_runs_here_under_the_other_manager_it_has_to_go_down_first(running: str, wanted: str) -> None:
    target = replace(WITH_SYSTEMD, runs_under=running)
    with pytest.raises(ProjectError, match=f"runs here under {running}") as refused:
        composed(project(process={"manager": wanted}), target)
    assert "`seawall down`" in refused.value.remedy
    assert composed(project(process={"manager": running}), target)
