"""`seawall rollback`."""

from __future__ import annotations

from pathlib import Path

import click

from seawall.cli import console, options
from seawall.cli.command import Command


@click.command("rollback", cls=Command)
@options.project
@options.hosts
@click.option("--to", metavar="ID", default="", help="This release, such as v11, instead of the one before.")
@options.as_json
def command(directory: Path, environment: str, hosts: tuple[str, ...], to: str, as_json: bool) -> None:
    """Make an earlier release live again.

    Code, environment and server settings come back together, through the same gate as a deploy, and so does the front
    server, if the release had another one. The database stays as it is.

    \b
    Examples:
      seawall rollback
      seawall rollback --to v11
    """
    from seawall.cli.bringing_up import bring_up
    from seawall.cli.sessions import connected_to_change

    with connected_to_change(directory, environment, hosts) as there:
        from seawall.cli.render.plan import front_lines
        from seawall.config.load import load
        from seawall.operations import front_back
        from seawall.operations.rollback import must_be_there, previous, rollback

        release = to or previous(there)
        must_be_there(there, release)
        fronts = front_back.plan(there, release, lambda: load(directory, environment))
        console.say(front_lines(fronts))
        done = bring_up(rollback(there, release, fronts), release, there)
    if as_json:
        console.document(done.data())
    else:
        console.show(done.lines())
