"""`seawall plan`."""

from __future__ import annotations

from pathlib import Path

import click

from seawall.cli import console, options
from seawall.cli.command import Command

#: What `--exit-code` answers when there are changes.
CHANGES = 3


@click.command("plan", cls=Command)
@options.project
@options.hosts
@click.option("--exit-code", is_flag=True, help="Exit with 3 if there are changes.")
@options.as_json
@click.pass_context
def command(
    ctx: click.Context, *, directory: Path, environment: str, hosts: tuple[str, ...], exit_code: bool, as_json: bool
) -> None:
    """Show what a deploy would change, and change nothing.

    Everything is shown: packages, users, files as diffs, and the release with the files that travel. Of secrets only
    the names are.

    \b
    Examples:
      seawall plan
      seawall plan -e staging --exit-code
      seawall plan --json | jq .empty
    """
    from seawall.cli.render.plan import plan_data, plan_lines
    from seawall.cli.sessions import planned

    with planned(directory, environment, hosts) as plan:
        if as_json:
            console.document(plan_data(plan))
        else:
            console.show(plan_lines(plan))
        if exit_code and not plan.empty:
            ctx.exit(CHANGES)
