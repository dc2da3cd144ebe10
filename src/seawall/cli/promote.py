"""`seawall database promote`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seawall.cli import console, options
from seawall.cli.command import Command

if TYPE_CHECKING:
    from seawall.config.model import Project
    from seawall.config.promoted import Change
    from seawall.operations.data.promotable import There
    from seawall.operations.data.promote import Promoted
    from seawall.operations.hosts import Host
    from seawall.operations.plan import Plan


@click.command("promote", cls=Command)
@click.argument("host", metavar="HOST")
@options.project
@click.option("--primary-is-gone", is_flag=True, help="Say that the old primary is off, and that losses are accepted.")
@click.option("--skip-check", "skip_checks", multiple=True, metavar="RULE", help="Deploy though this rule is broken.")
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@options.yes
@options.as_json
def command(
    *,
    host: str,
    directory: Path,
    environment: str,
    primary_is_gone: bool,
    skip_checks: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Have the replica take the place of the database's primary, which is fenced first.

    The old primary is ended in order, and nothing starts it again. The replica must have come to the very end of its
    log; if it has not, the old one serves on. Then HOST takes changes, seawall.toml is changed to say so, and a release
    is made that goes there. From the fence to that release, what the app writes fails.

    Where the old primary is not reached, it cannot be fenced from here: see to it that it is off and stays off, and say
    --primary-is-gone. What the replica has not received is lost then. Every host that is reached is asked whether it
    still hears from it. What was cut off goes on where it stands when the command is run again.

    \b
    Examples:
      seawall database promote root@db2.example.com
      seawall database promote root@db2.example.com --dry-run
      seawall database promote root@db2.example.com --primary-is-gone --yes
    """
    if not (yes or dry_run):
        console.must_ask("database promote", "look at it with --dry-run, then say --yes")
    from seawall.cli.deploying import accept
    from seawall.cli.following import follow
    from seawall.cli.render import promoted as render
    from seawall.operations.data import promotable
    from seawall.operations.data.promote import promote

    project, change = _read(directory, environment, host)
    with _reached(project, change, gone=primary_is_gone, skip_checks=skip_checks) as (there, plan):
        outlook = promotable.look(there)
        promotable.refuse(outlook, there)
        if dry_run:
            if as_json:
                console.document(render.outlook_data(outlook, plan, change))
            else:
                console.show(render.outlook_lines(outlook, plan, change))
            return
        console.say(render.outlook_lines(outlook, plan, change))
        if not yes:
            accept(f"Have {host} be the primary in the place of {there.of}?")
        done = None if outlook.done else follow(promote(there, outlook), "", [there, plan])
    _deploy(directory, environment, skip_checks, change, done, as_json=as_json)


def _read(directory: Path, environment: str, host: str) -> tuple[Project, Change]:
    """The project as the file has it now, and the change of the file. Raises UsageError, ConfigError."""
    from seawall.config.document import find
    from seawall.config.load import load_to_deploy
    from seawall.config.promoted import promoted, unchanged
    from seawall.operations.data.databases import must_be_servers
    from seawall.operations.data.promotable import must_be_of_the_database

    document, project = find(directory), load_to_deploy(directory, environment)
    must_be_servers(project)
    must_be_of_the_database(project, host)
    if host == project.database.replica:
        return project, promoted(document, project)
    return project, unchanged(document)


@contextmanager
def _reached(
    project: Project, change: Change, *, gone: bool, skip_checks: tuple[str, ...]
) -> Iterator[tuple[There, Plan]]:
    """The hosts, and the plan of the deployment that follows; everything that can be wrong with it is found here."""
    from seawall.cli.sessions import rehearsed
    from seawall.config.load import to_deploy
    from seawall.operations.data.promotable import There, place_of

    after = to_deploy(change.document, project.environment)
    with rehearsed(after, skip_checks=skip_checks) as plan:
        new, apps = plan.databases[0].host, tuple(item.host for item in plan.hosts)
        of = project.database.host if change.diff else place_of(new, after)
        old, unreached = _old(project, of)
        try:
            yield There(after, new, apps, of, old, unreached, gone), plan
        finally:
            if old is not None:
                old.session.close()


def _old(project: Project, name: str) -> tuple[Host | None, str]:
    """The old primary's host; None and why, where it is not reached."""
    from seawall.errors import ConnectionFailed, ConnectionLost
    from seawall.operations.hosts import connect_to

    try:
        return connect_to(project, name, console.ask_password), ""
    except (ConnectionFailed, ConnectionLost) as error:
        return None, error.fact


def _deploy(
    directory: Path,
    environment: str,
    skip_checks: tuple[str, ...],
    change: Change,
    done: Promoted | None,
    *,
    as_json: bool,
) -> None:
    """Write the file, and make the release that goes to the new primary."""
    from seawall.cli.deploying import carry_out
    from seawall.cli.render import promoted as render
    from seawall.cli.render.deployed import deployed_lines
    from seawall.cli.sessions import planned_to_deploy
    from seawall.config.writing import replace
    from seawall.operations.data.promote import without_snapshot

    if change.diff:
        replace(change.document.path, change.document.text)
        console.say(f"{change.document.path.name} is changed: commit it")
    with (
        render.told_where_it_stands(done),
        planned_to_deploy(directory, environment, (), skip_checks=skip_checks) as whole,
    ):
        plan = without_snapshot(whole)
        live = carry_out(plan)
        if as_json:
            console.document(render.promoted_data(plan, live, done, change))
        else:
            console.show([*render.promoted_lines(done), *deployed_lines(plan, render.without_a_way_back(live, done))])
