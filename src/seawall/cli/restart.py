"""`seawall restart`."""

from __future__ import annotations

from pathlib import Path

import click

from seawall.cli import console, options
from seawall.cli.command import Command


@click.command("restart", cls=Command)
@options.project
@options.hosts
@options.as_json
def command(directory: Path, environment: str, hosts: tuple[str, ...], as_json: bool) -> None:
    """Start the live release anew, without losing a request.

    It is started a second time beside itself, as a release of its own with the same content, and takes over once it is
    healthy.

    \b
    Examples:
      seawall restart
      seawall restart -e staging
    """
    from seawall.cli.bringing_up import bring_up
    from seawall.cli.sessions import connected_to_change

    with connected_to_change(directory, environment, hosts) as there:
        from seawall.operations.rollback import next_id, restart

        done = bring_up(restart(there), next_id(there), there)
    if as_json:
        console.document(done.data())
    else:
        console.show(done.lines())
