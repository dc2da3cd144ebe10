"""`seawall logs`."""

from __future__ import annotations

from pathlib import Path

import click

from seawall.cli import console, options
from seawall.cli.command import Command


@click.command("logs", cls=Command)
@options.project
@options.hosts
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option("-n", "--lines", type=click.IntRange(0), default=100, show_default=True, metavar="N", help="Last lines.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
def command(
    *,
    directory: Path,
    environment: str,
    hosts: tuple[str, ...],
    follow: bool,
    lines: int,
    as_json: bool,
    names: tuple[str, ...],
) -> None:
    """Show what the app has logged.

    NAME is a program of the app: web, or one of [processes] or [schedule]. Without one, all are shown.

    \b
    Examples:
      seawall logs -f
      seawall logs -n 20 worker
    """
    from seawall.cli.sessions import connected

    with connected(directory, environment, hosts) as there:
        from seawall.operations.events import Progress
        from seawall.operations.look import logs

        for happening in logs(there, names, lines, follow=follow):
            if not isinstance(happening, Progress) or happening.event.kind != "output":
                continue
            host, text = happening.host, happening.event.text
            if as_json:
                console.record({"host": host, "text": text})
            else:
                console.show(f"{host}: {text}" if len(there) > 1 else text)
