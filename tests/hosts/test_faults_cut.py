"""Deployments that are cut off: the connection breaks, the person presses Ctrl-C, the agent is killed.

All tests go on with the same host, one after the other: each begins with a tidy one and must leave a tidy one.
"""

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count

import pytest

from .conftest import BootHost
from .faults import Faults, cut_connection, deployed, ended, press_ctrl_c, visited
from .image import WARM_PACKAGES
from .machine import Host
from .product import Project, eventually, tiny_project, visit

BEFORE_THE_SWITCH = (
    "begin",
    "applied start",
    "applied done",
    "staged start",
    "stage._settings before",
    "staged done",
    "built start",
    "venvs.Builder._compile_code before",
    "built done",
    "migrated start",
    "migrated done",
    "started start",
    "started done",
    "gated start",
    "gated done",
)
COMMITTED = (
    "switched start",
    "reload",
    "deployment.replace_link after",
    "switched done",
    "drained start",
    "drained done",
    "pruned start",
    "deployment.remove_tree before",
    "pruned done",
)


@dataclass
class Site:
    """A deployed app with all kinds of programs, a migration, and the pages it has served so far."""

    host: Host
    project: Project
    faults: Faults
    words: Iterator[int]

    def change(self) -> str:
        """A new version of the app, and of nginx's configuration; the page it would show."""
        word = f"number-{next(self.words)}"
        self.project.release(word)
        self.project.configure(proxy={"max_body": f"{next(self.words)}m"})
        return f"version {word}"

    @property
    def page(self) -> str:
        return visit(self.host).text

    @property
    def live(self) -> str:
        return self.faults.look().live

    def deploys(self) -> str:
        """The next deployment works and leaves everything in order; what it said."""
        said = self.project.deploy().said
        self.faults.assert_tidy(self.live)
        return said


@pytest.fixture(scope="module")
def site(
    boot_module_host: BootHost, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Site:
    host = boot_module_host(packages=WARM_PACKAGES)
    project = tiny_project(
        tmp_path_factory.mktemp("cut"),
        ssh_environment,
        host.name,
        release={"migrate": "echo migrating", "keep": 2},
        schedule={"clean": {"command": "true", "at": "daily"}},
    )
    faults = deployed(host, project)
    found = Site(host, project, faults, count(2))
    found.change()
    found.deploys()
    return found


@pytest.mark.parametrize("place", BEFORE_THE_SWITCH)
def test_a_connection_cut_before_the_switch_is_undone_by_the_host_itself(site: Site, place: str) -> None:
    live, page = site.live, site.page
    wanted = site.change()
    with visited(site.host) as seen:
        with site.faults.held(site.project, place) as process:
            cut_connection(process)
            time.sleep(0.1)
            site.faults.release()
        told = ended(process)
        assert told.code == 4
        assert "connection to web1 broke" in told.err
        site.faults.assert_tidy(live)
        assert seen.answers == [page]
        site.project.deploy()
    assert seen.answers == [page, wanted]
    site.faults.assert_tidy(site.live)


@pytest.mark.parametrize("place", COMMITTED)
def test_a_connection_cut_after_the_commit_is_finished_by_the_host_itself(site: Site, place: str) -> None:
    live = f"v{int(site.live[1:]) + 1}"
    page, wanted = site.page, site.change()
    with visited(site.host) as seen:
        with site.faults.held(site.project, place) as process:
            cut_connection(process)
            time.sleep(0.1)
            site.faults.release()
        assert ended(process).code == 4
        site.faults.assert_tidy(live)
        site.page  # noqa: B018 - so that the visitors were there once more
    assert seen.answers in ([page, wanted], [wanted])
    assert "nothing to do" in site.project.deploy().said.lower()


@pytest.mark.parametrize(
    "place", ["begin", "staged done", "built start", "migrated start", "started done", "gated done"]
)
def test_ctrl_c_before_the_switch_waits_until_all_is_as_it_was(site: Site, place: str) -> None:
    live, page = site.live, site.page
    wanted = site.change()
    with visited(site.host) as seen:
        with site.faults.held(site.project, place) as process:
            press_ctrl_c(process)
            time.sleep(0.1)
            site.faults.release()
        told = ended(process)
        assert told.code == 1, told
        what = {"begin": "everything", "started done": "everything else", "gated done": "everything else"}
        # While it is built, Ctrl-C may be heard just before the migration or in it.
        assert re.search(f"{what.get(place, 'everything( else)?')} is as it was", told.err), told.err
        assert ("everything else" in told.err) == ("is not taken back" in told.err)
        assert "stopped" in told.err
        site.faults.assert_tidy(live)
        assert seen.answers == [page]
        site.project.deploy()
    assert seen.answers == [page, wanted]


@pytest.mark.parametrize("place", ["switched start", "switched done", "drained start", "pruned start"])
def test_ctrl_c_after_the_commit_lets_the_release_go_live(site: Site, place: str) -> None:
    wanted = site.change()
    with visited(site.host):
        with site.faults.held(site.project, place) as process:
            press_ctrl_c(process)
            time.sleep(0.1)
            site.faults.release()
        told = ended(process)
    assert told.code == 0, told
    assert site.page == wanted
    site.faults.assert_tidy(site.live)


@pytest.mark.parametrize("place", ["migrated start", "gated start", "switched done"])
def test_ctrl_c_twice_leaves_at_once_and_the_host_still_ends_well(site: Site, place: str) -> None:
    live = site.live
    wanted = site.change()
    with visited(site.host):
        with site.faults.held(site.project, place) as process:
            press_ctrl_c(process)
            time.sleep(0.15)
            press_ctrl_c(process)
            told = ended(process, timeout=10)
            site.faults.release()
        assert told.code == 130, told
        assert "Traceback" not in told.err
        site.faults.assert_tidy(site.live if place == "switched done" else live)
        site.project.deploy()
    assert site.page == wanted


@pytest.mark.parametrize("place", [*BEFORE_THE_SWITCH, "switched start", "reload"])
def test_an_agent_killed_before_the_switch_is_undone_by_the_next_command(site: Site, place: str) -> None:
    live, page = site.live, site.page
    wanted = site.change()
    with visited(site.host) as seen:
        site.faults.arm(place, "kill")
        assert site.project.deploy(check=False).code == 4
        again = site.project.deploy()
        site.page  # noqa: B018 - so that the visitors were there once more
    assert seen.answers == [page, wanted]
    (line,) = [line for line in again.err.splitlines() if "cut off" in line]
    assert f"was undone: {live} is live" in line
    site.faults.assert_tidy(site.live)


@pytest.mark.parametrize("place", COMMITTED[2:-1])
def test_an_agent_killed_after_the_switch_is_finished_by_the_next_command(site: Site, place: str) -> None:
    wanted = site.change()
    with visited(site.host):
        site.faults.arm(place, "kill")
        assert site.project.deploy(check=False).code == 4
        again = site.project.deploy()
    (line,) = [line for line in again.err.splitlines() if "cut off" in line]
    assert "was finished: v" in line
    assert "nothing to do" in again.said.lower()
    assert site.page == wanted
    site.faults.assert_tidy(site.live)


@pytest.mark.parametrize("place", ["gated start", "drained start"])
def test_status_and_plan_tell_of_a_killed_agent_and_change_nothing(site: Site, place: str) -> None:
    site.change()
    site.faults.arm(place, "kill")
    assert site.project.deploy(check=False).code == 4
    before = site.faults.look()
    assert "cut off at" in site.project.seawall("status", check=False).out
    assert "cut off at" in site.project.seawall("plan").said
    assert site.faults.look() == before
    assert "cut off at" in site.project.seawall("restart").err
    site.faults.assert_tidy(site.live)


def test_an_agent_killed_while_it_undoes_is_undone_by_the_next_command(site: Site) -> None:
    live, page = site.live, site.page
    site.change()
    site.project.configure(health={"path": "/nowhere", "timeout": 1})
    try:
        for place in ("undoing.remove_tree before", "undo.UndoLog.roll_back before", "undo.UndoLog.roll_back after"):
            site.faults.arm(place, "kill")
            assert site.project.deploy(check=False).code == 4
            assert site.page == page
    finally:
        site.project.configure(health={"path": None, "timeout": None})
    assert f"was undone: {live} is live" in site.deploys()


def test_a_migration_does_not_outlive_its_killed_agent(site: Site) -> None:
    """Else it would go on beside the one of the next deployment."""
    site.change()
    site.project.configure(release={"migrate": "sleep 300; true"})
    try:
        process = site.project.start("deploy", "--yes")
        eventually(lambda: site.faults.runs("sleep 300"), "the migration")
        site.faults.kill_agent()
        assert ended(process).code == 4
        assert site.faults.runs("sleep 300")
    finally:
        site.project.configure(release={"migrate": "echo migrating"})
    site.deploys()
    assert not site.faults.runs("sleep 300")
