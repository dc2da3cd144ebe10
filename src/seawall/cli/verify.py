"""`seawall verify`."""

from __future__ import annotations

from pathlib import Path

import click

from seawall.cli import console, options
from seawall.cli.command import Command

#: Something is not as it was sent, or nothing is there.
DIFFERS = 1


@click.command("verify", cls=Command)
@options.project
@options.hosts
@click.option("--all", "every", is_flag=True, help="Every release that is kept, not only the live one.")
@options.as_json
@click.pass_context
def command(
    ctx: click.Context, *, directory: Path, environment: str, hosts: tuple[str, ...], every: bool, as_json: bool
) -> None:
    """Check that what lies and runs on the hosts is what was sent.

    Every file of the live release is read again and compared with what the release was made from: code, static files,
    settings, units, variables (by their hash; they are not shown), packages, and the processes that run. The exit code
    is 0 if nothing differs, 1 if something does. Nothing is changed.

    \b
    Examples:
      seawall verify
      seawall verify --all --json
    """
    from seawall.cli.render.verify import verify_data, verify_lines
    from seawall.cli.sessions import connected

    with connected(directory, environment, hosts) as there:
        from seawall.operations.verify import verify

        found = verify(there, every=every)
    if as_json:
        console.document(verify_data(found))
    else:
        console.show(verify_lines(found, environment))
    if not all(one.well for one in found):
        ctx.exit(DIFFERS)
