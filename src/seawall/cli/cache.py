"""`seawall cache`."""

from __future__ import annotations

from pathlib import Path

import click

from seawall.cli import console, options
from seawall.cli.command import Command


@click.group("cache")
def command() -> None:
    """Look after the pages that the front server keeps."""


@command.command("purge", cls=Command)
@options.project
@options.hosts
@options.as_json
def purge(directory: Path, environment: str, hosts: tuple[str, ...], as_json: bool) -> None:
    """Forget all pages that the front server keeps ([proxy.cache]): the app is asked for each anew.

    A release needs no purge: its pages are kept apart from those of the one before.

    \b
    Examples:
      seawall cache purge
      seawall cache purge -e staging
    """
    from seawall.cli.sessions import connected

    with connected(directory, environment, hosts) as there:
        from seawall.operations import cache

        app, found = there[0].layout.app, cache.purge(there)
    if as_json:
        console.document({"app": app, "hosts": [{"host": one.host, "pages": one.pages} for one in found]})
    else:
        for one in found:
            console.show(f"{one.host}: {one.pages} {'page' if one.pages == 1 else 'pages'} forgotten")
