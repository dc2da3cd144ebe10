"""`seawall maintenance`."""

from __future__ import annotations

from pathlib import Path

import click

from seawall.cli import console, options
from seawall.cli.command import Command


@click.command("maintenance", cls=Command)
@options.project
@options.hosts
@options.as_json
@click.argument("state", type=click.Choice(["on", "off"]))
def command(directory: Path, environment: str, hosts: tuple[str, ...], as_json: bool, state: str) -> None:
    """Show visitors a calm page, or let them in again.

    While it is on the front server answers 503; the app runs on, and deploys go on working.

    \b
    Examples:
      seawall maintenance on
      seawall maintenance off
    """
    from seawall.cli.sessions import connected

    with connected(directory, environment, hosts) as there:
        from seawall.operations.stop import set_maintenance

        set_maintenance(there, on=state == "on")
        app, names = there[0].layout.app, [host.name for host in there]
    if as_json:
        console.document({"app": app, "maintenance": state == "on", "hosts": names})
    elif state == "on":
        console.show("maintenance is on: visitors get a page that says so; the app runs on")
    else:
        console.show("maintenance is off: visitors are let in")
