"""`seawall restore`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from seawall.cli import console, options
from seawall.cli.command import Command


@click.command("restore", cls=Command)
@options.project
@options.hosts
@click.argument("backup", required=False, default="", metavar="[ID]")
@click.option("--to", metavar="DIR|DATABASE", default="", help="There instead: a folder on the host, or a database.")
@click.option("--table", metavar="TABLE", default="", help="Only this table, beside the live one.")
@click.option("--snapshot", is_flag=True, help="Not a backup, but the database as it was before a migration.")
@click.option("--at", metavar="MOMENT", default="", help="The database as it was then ([backup] pitr); or `latest`.")
@click.option("--replace", is_flag=True, help="Go over what is there; it is kept under another name.")
@options.yes
@options.as_json
def command(
    *,
    directory: Path,
    environment: str,
    hosts: tuple[str, ...],
    backup: str,
    to: str,
    table: str,
    replace: bool,
    snapshot: bool,
    at: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Restore a backup.

    The newest, or the one of this ID. It is restored beside the live data and compared with what was backed up; only
    then does it take its place. The app is stopped for that moment, and visitors get the maintenance page. What was
    there is kept under another name.

    With --at the database is brought to that moment (in UTC, unless it says otherwise) in a server of its own first.
    Files and Redis have no past there: they stay as they are, or come from the backup of an ID.

    \b
    Examples:
      seawall restore --replace
      seawall restore 20261128-030000 --to yesterday
      seawall restore --to /root/look
      seawall restore --table orders
      seawall restore --snapshot v12
      seawall restore --at "2026-11-28 14:00" --replace
      seawall restore --at latest --to look
    """
    from seawall.cli.deploying import accept
    from seawall.cli.following import follow
    from seawall.cli.render.restore import outlook_lines, restored_lines
    from seawall.cli.sessions import connected_to_data
    from seawall.operations.data.backup import must_not_be_here

    must_not_be_here(environment)
    if at and snapshot:
        raise click.UsageError("--at and --snapshot are two states of the database: say one")
    with connected_to_data(directory, environment, hosts) as there:
        from seawall.operations.data import restore as restoring

        host, wanted = restoring.the_one(there), restoring.Wanted(backup, to, table, replace, snapshot, at)
        outlook = restoring.look(host, wanted)
        console.say(outlook_lines(outlook, wanted))
        if not yes:
            console.must_ask("restore", "say --yes")
            accept("Restore it?")
        done = follow(restoring.restore(host, wanted), "", [host])
    if as_json:
        console.document(asdict(done))
    else:
        console.show(restored_lines(done, at))
