"""Sessions with a project's hosts for the length of a command.

Connecting takes longer than anything else, so it begins first: before the configuration is read, and before what reads
it is imported. What plans is imported when the hosts have been asked their first question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from seawall.cli import console

if TYPE_CHECKING:
    from seawall.config.model import Project
    from seawall.operations.early import Early
    from seawall.operations.hosts import Host
    from seawall.operations.plan import Plan


@contextmanager
def connected(directory: Path, environment: str, only: Sequence[str] = ()) -> Iterator[list[Host]]:
    """The hosts of the app in ``directory``, greeted; their sessions end with the block."""
    with _chosen(directory, environment, only, _the_apps) as hosts:
        yield hosts


@contextmanager
def connected_everywhere(directory: Path, environment: str, only: Sequence[str] = ()) -> Iterator[list[Host]]:
    """The hosts, those that are the database's own too."""
    with _chosen(directory, environment, only, _all) as hosts:
        yield hosts


@contextmanager
def connected_to(project: Project, only: Sequence[str] = (), early: Early | None = None) -> Iterator[list[Host]]:
    """The hosts of a project that is loaded already, greeted; their sessions end with the block."""
    from seawall.operations.hosts import connect

    hosts = connect(project, console.ask_password, only, early)
    try:
        yield hosts
    finally:
        for host in hosts:
            host.session.close()


@contextmanager
def connected_to_change(directory: Path, environment: str, only: Sequence[str] = ()) -> Iterator[list[Host]]:
    """The hosts; a deployment that was cut off there is finished or undone first, and that is said."""
    with _chosen(directory, environment, only, _the_apps) as hosts:
        _recover(hosts)
        yield hosts


@contextmanager
def connected_to_data(directory: Path, environment: str, only: Sequence[str] = ()) -> Iterator[list[Host]]:
    """The same for the hosts that have the data."""
    with _chosen(directory, environment, only, _the_datas) as hosts:
        _recover(hosts)
        yield hosts


@contextmanager
def planned(directory: Path, environment: str, only: Sequence[str] = ()) -> Iterator[Plan]:
    """A plan to look at; a deployment that was cut off is left as it is."""
    with _begun(directory, environment, only) as early:
        from seawall.config.load import load_to_deploy
        from seawall.operations.hosts import begin

        project = load_to_deploy(directory, environment)
        begun = begin(project, only, early)
        from seawall.operations.plan import make_plan

        plan = make_plan(project, begun, console.ask_password)
        try:
            plan.refuse_stale()
            yield plan
        finally:
            plan.close()


@contextmanager
def planned_to_deploy(
    directory: Path, environment: str, only: Sequence[str] = (), *, skip_checks: Sequence[str] = ()
) -> Iterator[Plan]:
    """A plan to carry out; a deployment that was cut off is finished or undone first, and that is said. Where others
    than oneself will see it, the production checklist must hold, without the rules in ``skip_checks``."""
    with _begun(directory, environment, only) as early:
        from seawall.config.load import load_to_deploy
        from seawall.config.model import LOCAL
        from seawall.operations.hosts import begin

        project = load_to_deploy(directory, environment)
        if project.environment == LOCAL:
            from seawall.operations import local  # late: it makes certificates, which no server needs from here

            local.prepare(project)
        begun = begin(project, only, early)
        from seawall.operations.checking import Checking
        from seawall.operations.plan import make_plan

        checking = None if project.environment == LOCAL else Checking(skip_checks)
        plan = make_plan(project, begun, console.ask_password, recover=hear_recovery, checking=checking)
        try:
            plan.refuse_stale()
            yield plan
        finally:
            plan.close()


@contextmanager
def rehearsed(project: Project, *, skip_checks: Sequence[str] = ()) -> Iterator[Plan]:
    """The plan of a project whose file is yet to be written: all that could keep a deployment from being begun is found
    before anything else is done."""
    from seawall.operations.checking import Checking
    from seawall.operations.hosts import begin
    from seawall.operations.plan import make_plan

    plan = make_plan(project, begin(project), console.ask_password, checking=Checking(skip_checks))
    try:
        yield plan
    finally:
        plan.close()


def hear_recovery(host: Host, done: str) -> None:
    """Say what became of a deployment that was cut off."""
    if done:
        console.say(f"{host.name}: {done}")


@contextmanager
def _chosen(
    directory: Path, environment: str, only: Sequence[str], where: Callable[[Project], Sequence[str]]
) -> Iterator[list[Host]]:
    """Those that are named, or else those ``where`` the project has what the command is about."""
    with _begun(directory, environment, only) as early:
        from seawall.config.load import load

        project = load(directory, environment)
        with connected_to(project, only or where(project), early) as hosts:
            yield hosts


def _the_apps(_project: Project) -> Sequence[str]:
    return ()


def _all(project: Project) -> Sequence[str]:
    from seawall.operations.hosts import all_hosts

    return all_hosts(project)


def _the_datas(project: Project) -> Sequence[str]:
    from seawall.operations.hosts import data_hosts

    return data_hosts(project)


def _recover(hosts: Sequence[Host]) -> None:
    from seawall.operations.hosts import finish_or_undo

    for host in hosts:
        finish_or_undo(host, hear_recovery)


@contextmanager
def _begun(directory: Path, environment: str, only: Sequence[str]) -> Iterator[Early]:
    """Connections under way; those that nobody took end with the block."""
    from seawall.operations import early

    begun = early.begin(directory, environment, only)
    try:
        yield begun
    finally:
        begun.close()
