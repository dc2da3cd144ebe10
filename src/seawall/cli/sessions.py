"""Sessions with a project's hosts for the length of a command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from seawall.cli import console

if TYPE_CHECKING:
    from seawall.config.model import Project
    from seawall.operations.hosts import Host
    from seawall.operations.plan import Plan


@contextmanager
def connected(project: Project, only: Sequence[str] = ()) -> Iterator[list[Host]]:
    """The hosts, greeted; their sessions end with the block."""
    from seawall.operations.hosts import connect

    hosts = connect(project, console.ask_password, only)
    try:
        yield hosts
    finally:
        for host in hosts:
            host.session.close()


@contextmanager
def connected_to_change(project: Project, only: Sequence[str] = ()) -> Iterator[list[Host]]:
    """The hosts; a deployment that was cut off there is finished or undone first, and that is said."""
    from seawall.operations.plan import finish_or_undo

    with connected(project, only) as hosts:
        for host in hosts:
            finish_or_undo(host, hear_recovery)
        yield hosts


@contextmanager
def planned(project: Project, only: Sequence[str] = ()) -> Iterator[Plan]:
    """A plan to look at; a deployment that was cut off is left as it is."""
    from seawall.operations.plan import make_plan

    plan = make_plan(project, console.ask_password, only)
    try:
        yield plan
    finally:
        plan.close()


@contextmanager
def planned_to_deploy(project: Project, only: Sequence[str] = ()) -> Iterator[Plan]:
    """A plan to carry out; a deployment that was cut off is finished or undone first, and that is said."""
    from seawall.config.model import LOCAL
    from seawall.operations import local
    from seawall.operations.plan import make_plan

    if project.environment == LOCAL:
        local.prepare(project)
    plan = make_plan(project, console.ask_password, only, recover=hear_recovery)
    try:
        yield plan
    finally:
        plan.close()


def hear_recovery(host: Host, done: str) -> None:
    """Say what became of a deployment that was cut off."""
    if done:
        console.say(f"{host.name}: {done}")
