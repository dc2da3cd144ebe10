"""`seawall down`."""

from __future__ import annotations

from pathlib import Path

import click

from seawall.cli import console, options
from seawall.cli.command import Command


@click.command("down", cls=Command)
@options.directory
@options.as_json
def command(directory: Path, as_json: bool) -> None:
    """Stop what `seawall up` started.

    Releases and data stay in .seawall/local; `seawall up` starts them again.

    \b
    Examples:
      seawall down
    """
    from seawall.cli.sessions import connected_to
    from seawall.config.load import load
    from seawall.config.model import LOCAL
    from seawall.operations import local

    project = load(directory, LOCAL)
    with connected_to(project) as hosts:
        was_running = any(host.app.get("running") for host in hosts)
        local.down(project, hosts)
    if as_json:
        console.document({"app": project.app_id, "was_running": was_running})
    elif was_running:
        console.show(f"{project.name} is stopped; its releases and data stay, and `seawall up` starts it again")
    else:
        console.show(f"{project.name} was not running here")
