"""Sessions with a project's hosts for the length of a command.

Connecting takes longer than anything else, so it begins first: before the configuration is read, and before what reads
it is imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    """The hosts of the project in ``directory``, greeted; their sessions end with the block."""
    with _begun(directory, environment, only) as early:
        from seawall.config.load import load

        with connected_to(load(directory, environment), only, early) as hosts:
            yield hosts


@contextmanager
def connected_everywhere(directory: Path, environment: str, only: Sequence[str] = ()) -> Iterator[list[Host]]:
    """The hosts, those that are the database's own too."""
    with _begun(directory, environment, only) as early:
        from seawall.config.load import load
        from seawall.operations.hosts import all_hosts

        project = load(directory, environment)
        with connected_to(project, only or all_hosts(project), early) as hosts:
            yield hosts


@contextmanager
def connected_to_data(directory: Path, environment: str, only: Sequence[str] = ()) -> Iterator[list[Host]]:
    """The hosts that have the data; a deployment that was cut off there is finished or undone first."""
    from seawall.config.load import load
    from seawall.operations.hosts import data_hosts

    with connected_to_change(directory, environment, only or data_hosts(load(directory, environment))) as hosts:
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
    with _begun(directory, environment, only) as early:
        from seawall.config.load import load
        from seawall.operations.plan import finish_or_undo

        with connected_to(load(directory, environment), only, early) as hosts:
            for host in hosts:
                finish_or_undo(host, hear_recovery)
            yield hosts


@contextmanager
def planned(directory: Path, environment: str, only: Sequence[str] = ()) -> Iterator[Plan]:
    """A plan to look at; a deployment that was cut off is left as it is."""
    with _begun(directory, environment, only) as early:
        from seawall.config.load import load_to_deploy
        from seawall.operations.plan import make_plan

        plan = make_plan(load_to_deploy(directory, environment), console.ask_password, only, early=early)
        try:
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
        from seawall.operations.checking import Checking
        from seawall.operations.plan import make_plan

        project = load_to_deploy(directory, environment)
        checking = None if project.environment == LOCAL else Checking(skip_checks)
        if project.environment == LOCAL:
            from seawall.operations import local  # late: it makes certificates, which no server needs from here

            local.prepare(project)
        plan = make_plan(project, console.ask_password, only, recover=hear_recovery, early=early, checking=checking)
        try:
            yield plan
        finally:
            plan.close()


def hear_recovery(host: Host, done: str) -> None:
    """Say what became of a deployment that was cut off."""
    if done:
        console.say(f"{host.name}: {done}")


@contextmanager
def _begun(directory: Path, environment: str, only: Sequence[str]) -> Iterator[Early]:
    """Connections under way; those that nobody took end with the block."""
    from seawall.operations import early

    begun = early.begin(directory, environment, only)
    try:
        yield begun
    finally:
        begun.close()
