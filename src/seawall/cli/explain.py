"""`seawall explain`."""

from __future__ import annotations

from pathlib import Path

import click

from seawall.cli import console, options
from seawall.cli.command import Command


@click.group("explain")
def command() -> None:
    """Show the sum behind a value that seawall chose.

    `seawall config explain` explains the keys of seawall.toml.
    """


@command.command("server", cls=Command)
@options.project
@options.hosts
@options.as_json
def server(directory: Path, environment: str, hosts: tuple[str, ...], as_json: bool) -> None:
    """Which application server the app gets on each host, with how many workers, and why.

    Shows the sum: cores, memory, what a worker was measured to take, what else is on the host. Changes nothing.

    \b
    Examples:
      seawall explain server
      seawall explain server -e local
      seawall explain server --host root@203.0.113.5 --json
    """
    from seawall.cli.render.explain import server_data, server_lines
    from seawall.cli.sessions import connected_to
    from seawall.config.load import load
    from seawall.operations import explain

    project = load(directory, environment)
    with connected_to(project, hosts) as there:
        found = explain.server(project, there)
    if as_json:
        console.document({"app": project.app_id, "environment": project.environment, **server_data(found)})
    else:
        console.show(server_lines(found))
