"""`seawall drill`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from seawall.cli import console, options
from seawall.cli.command import Command


@click.command("drill", cls=Command)
@options.project
@options.hosts
@options.as_json
def command(directory: Path, environment: str, hosts: tuple[str, ...], as_json: bool) -> None:
    """Prove that the newest backup can be restored.

    The repository is read, the backup is restored into a scratch database and a scratch folder, and compared with what
    it was made of: rows, checksums, hashes of files. Then the app's own check runs against it (`command` in [drill]).
    All of it is removed again; the live data is not touched. The host does the same by itself, once a day.

    \b
    Examples:
      seawall drill
      seawall drill --json
    """
    from seawall.cli.following import follow
    from seawall.cli.render.restore import proven_lines
    from seawall.cli.sessions import connected_to
    from seawall.config.load import load
    from seawall.operations.data.backup import must_have_backups
    from seawall.operations.data.drill import drill
    from seawall.operations.data.restore import the_one
    from seawall.operations.hosts import data_hosts

    project = load(directory, environment)
    must_have_backups(project)
    with connected_to(project, hosts or data_hosts(project)) as there:
        host = the_one(there)
        proven = follow(drill(host), "", [host])
    if as_json:
        console.document(asdict(proven))
    else:
        console.show(proven_lines(proven))
