"""`seawall releases`."""

from __future__ import annotations

from pathlib import Path

import click

from seawall.cli import console, options
from seawall.cli.command import Command


@click.command("releases", cls=Command)
@options.project
@options.hosts
@options.as_json
def command(directory: Path, environment: str, hosts: tuple[str, ...], as_json: bool) -> None:
    """List the releases that the hosts keep.

    \b
    Examples:
      seawall releases
      seawall releases --json | jq -r '.releases[] | select(.live).id'
    """
    from seawall.cli.render.look import releases_data, releases_lines
    from seawall.cli.sessions import connected

    with connected(directory, environment, hosts) as there:
        from seawall.operations.look import releases

        found = releases(there)
    if as_json:
        console.document(releases_data(found))
    else:
        console.show(releases_lines(found))
