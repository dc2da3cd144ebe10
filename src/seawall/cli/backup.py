"""`seawall backup`."""

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
    from seawall.operations.hosts import Host


@click.group("backup")
def command() -> None:
    """Make backups of the app's data, list them, remove some.

    The hosts make them by their own clock ([backup] in seawall.toml); `seawall status` says how that goes.
    """


@command.command("now", cls=Command)
@options.project
@options.hosts
@options.as_json
def now(directory: Path, environment: str, hosts: tuple[str, ...], as_json: bool) -> None:
    """Make a backup on each host now.

    \b
    Examples:
      seawall backup now
      seawall backup now -e staging --json
    """
    from seawall.cli.following import follow
    from seawall.cli.render.backups import made_data, made_lines
    from seawall.config.load import load
    from seawall.operations.data import backup

    project = load(directory, environment)
    backup.must_have_backups(project)
    with _connected(project, hosts) as there:
        made = follow(backup.back_up(there), "", there)
    if as_json:
        console.document(made_data(project.app_id, made))
    else:
        console.show(made_lines(made))


@command.command("list", cls=Command)
@options.project
@options.hosts
@options.as_json
def list_(directory: Path, environment: str, hosts: tuple[str, ...], as_json: bool) -> None:
    """List the backups that there are, oldest first, and which of them were proven by a drill.

    \b
    Examples:
      seawall backup list
      seawall backup list --json | jq -r '.backups[-1].id'
    """
    from seawall.cli.render.backups import backups_data, backups_lines
    from seawall.config.load import load
    from seawall.operations.data import backup

    project = load(directory, environment)
    backup.must_have_backups(project)
    with _connected(project, hosts) as there:
        found = backup.backups(there)
    if as_json:
        console.document(backups_data(project.app_id, found))
    else:
        console.show(backups_lines(found))


@command.command("forget", cls=Command)
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@options.project
@options.hosts
@options.yes
@options.as_json
def forget(
    *, ids: tuple[str, ...], directory: Path, environment: str, hosts: tuple[str, ...], yes: bool, as_json: bool
) -> None:
    """Remove backups for good.

    Old ones go by themselves (keep_daily, keep_weekly and keep_monthly in [backup]): this is for one that must not be
    kept. The only backup that was proven is not removed: have another one proven first, by `seawall drill`.

    \b
    Examples:
      seawall backup forget 20261128-030412
      seawall backup forget 20261127-030412 20261128-030412 --yes
    """
    from seawall.cli.deploying import accept
    from seawall.cli.following import follow
    from seawall.cli.render.backups import forgotten_data, forgotten_lines
    from seawall.config.load import load
    from seawall.operations.data import backup

    project = load(directory, environment)
    backup.must_have_backups(project)
    if not yes:
        console.must_ask("backup forget", "say --yes")
        accept(f"Remove {', '.join(ids)} for good?")
    with _connected(project, hosts) as there:
        gone = follow(backup.forget(there, ids), "", there)
    if as_json:
        console.document(forgotten_data(project.app_id, gone))
    else:
        console.show(forgotten_lines(gone))


@contextmanager
def _connected(project: Project, hosts: tuple[str, ...]) -> Iterator[list[Host]]:
    """Sessions with these hosts, or else with all that backups are made on."""
    from seawall.cli.sessions import connected_to
    from seawall.operations.hosts import backed_up_hosts

    with connected_to(project, hosts or backed_up_hosts(project)) as there:
        yield there
