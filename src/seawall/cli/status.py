"""`seawall status`."""

from __future__ import annotations

from pathlib import Path

import click

from seawall.cli import console, options
from seawall.cli.command import Command

#: The app is not well, or not there.
UNWELL = 1


@click.command("status", cls=Command)
@options.project
@options.hosts
@options.as_json
@click.pass_context
def command(ctx: click.Context, directory: Path, environment: str, hosts: tuple[str, ...], as_json: bool) -> None:
    """Say how the app is.

    The exit code is 0 if all its programs run and it answers well on every host, 1 if not.

    \b
    Examples:
      seawall status
      seawall status -e local
    """
    from seawall.cli.render.look import status_data, status_lines
    from seawall.cli.sessions import connected_everywhere

    with connected_everywhere(directory, environment, hosts) as there:
        from seawall.operations.look import status

        app, found = there[0].layout.app, status(there)
    if as_json:
        console.document(status_data(app, found))
    else:
        console.show(status_lines(app, found))
    if not all(one.well for one in found):
        ctx.exit(UNWELL)
