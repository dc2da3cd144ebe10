"""`seawall database`."""

from __future__ import annotations

from pathlib import Path

import click

from seawall.cli import console, options, promote
from seawall.cli.command import Command
from seawall.errors import UsageError

PRODUCTION = "production"


@click.group("database")
def command() -> None:
    """Look after the databases of the environments."""


@command.command("copy", cls=Command)
@options.directory
@click.option("--from", "source", required=True, metavar="NAME", help="The environment whose database is copied.")
@click.option("--to", "target", required=True, metavar="NAME", help="The environment whose database is replaced.")
@click.option(
    "--anonymise",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="SQL that is run in the copy before anybody can see it.",
)
@click.option("--yes-into-production", is_flag=True, help="Say that production's data is to be replaced.")
@options.yes
@options.as_json
def copy(
    *,
    directory: Path,
    source: str,
    target: str,
    anonymise: Path | None,
    yes_into_production: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Copy the database of one environment into another.

    The dump goes from the one host through this machine to the other, in pieces, and nothing is kept on the way. There
    it is restored beside the live database, compared with the original by row counts and checksums, changed by the SQL
    of --anonymise, migrated by the release that is live there, and put in the live one's place in one step; the app
    there is started anew. The database of before is kept under another name.

    \b
    Examples:
      seawall database copy --from production --to staging
      seawall database copy --from production --to staging --anonymise anonymise.sql
    """
    _must_be_meant(source, target, meant=yes_into_production)
    if not yes:
        console.must_ask("copy the database", "say --yes")
    from seawall.cli.deploying import accept
    from seawall.cli.following import follow
    from seawall.cli.render import copied
    from seawall.cli.sessions import connected_to_data
    from seawall.operations.data import copy_database

    script = _text_of(anonymise) if anonymise else ""
    with connected_to_data(directory, source) as ours, connected_to_data(directory, target) as theirs:
        route = copy_database.look(ours[0], theirs[0])
        console.say(copied.route_lines(route, target, str(anonymise or "")))
        if not yes:
            accept(f"Replace the database of {target}?")
        done = follow(copy_database.copy(route, script), "", [route])
        if as_json:
            console.document(copied.copied_data(route, done))
        else:
            console.show(copied.copied_lines(route, done))


@command.command("list", cls=Command)
@options.project
@options.hosts
@options.as_json
def list_(directory: Path, environment: str, hosts: tuple[str, ...], as_json: bool) -> None:
    """Show the app's database, and what restores and copies have kept of before.

    With its size, its age, and until when it is kept: it goes by itself once a backup that was made 30 days after it is
    proven by a drill, or by `seawall database drop`.

    \b
    Examples:
      seawall database list
      seawall database list -e staging --json
    """
    from datetime import UTC, datetime

    from seawall.cli.render import databases as render
    from seawall.cli.sessions import connected_to
    from seawall.config.load import load
    from seawall.operations.data import databases
    from seawall.operations.hosts import data_hosts

    project = load(directory, environment)
    databases.must_be_servers(project)
    with connected_to(project, hosts or data_hosts(project)) as there:
        found = databases.databases(there)
    now = datetime.now(UTC)
    if as_json:
        console.document(render.databases_data(project.app_id, found, now))
    else:
        console.show(render.databases_lines(found, now))


@command.command("drop", cls=Command)
@click.argument("name", metavar="NAME")
@options.project
@options.hosts
@options.yes
@options.as_json
def drop(*, name: str, directory: Path, environment: str, hosts: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """Remove what a restore or a copy has kept, for good.

    NAME is a database or a folder as `seawall database list` shows it; nothing else is ever removed.

    \b
    Examples:
      seawall database drop guestbook_before_20261128_142213
      seawall database drop /srv/guestbook/data_before_20261128_142213 --yes
    """
    from seawall.cli.deploying import accept
    from seawall.cli.following import follow
    from seawall.cli.render.databases import dropped_data, dropped_lines
    from seawall.cli.sessions import connected_to
    from seawall.config.load import load
    from seawall.operations.data import databases
    from seawall.operations.hosts import data_hosts

    project = load(directory, environment)
    databases.must_be_servers(project)
    if not yes:
        console.must_ask("database drop", "say --yes")
        accept(f"Remove {name} for good?")
    with connected_to(project, hosts or data_hosts(project)) as there:
        host, gone = follow(databases.drop(there, name), "", there)
    if as_json:
        console.document(dropped_data(project.app_id, host, gone))
    else:
        console.show(dropped_lines(host, gone))


command.add_command(promote.command)


def _must_be_meant(source: str, target: str, *, meant: bool) -> None:
    """Raises UsageError for a copy onto itself, and for one into production that nobody has asked for twice."""
    if source == target:
        raise UsageError(f"{source} would be copied onto itself", remedy="name two environments")
    if target == PRODUCTION and not meant:
        raise UsageError(
            "this would replace the data of production",
            state="nothing was changed",
            remedy="if that is what you want, say --yes-into-production too",
        )


def _text_of(file: Path) -> str:
    """Raises UsageError for a file that cannot be read."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot be read: {error}", place=str(file)) from error
