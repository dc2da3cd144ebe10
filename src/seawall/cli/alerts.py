"""`seawall alerts`."""

from __future__ import annotations

from pathlib import Path

import click

from seawall.cli import console, options
from seawall.cli.command import Command

#: There is trouble, or somebody could not be told.
UNWELL = 1


@click.group("alerts")
def command() -> None:
    """See who is told of trouble, and what trouble there is."""


@command.command("status", cls=Command)
@options.project
@options.hosts
@options.as_json
@click.pass_context
def status(ctx: click.Context, directory: Path, environment: str, hosts: tuple[str, ...], as_json: bool) -> None:
    """Show the troubles there are now, and how the last message of each channel went.

    The exit code is 0 if there is no trouble on any host, 1 if there is.

    \b
    Examples:
      seawall alerts status
      seawall alerts status --json -e staging
    """
    from seawall.cli.render.alerts import status_data, status_lines
    from seawall.cli.sessions import connected_everywhere

    with connected_everywhere(directory, environment, hosts) as there:
        from seawall.operations.data import alerts

        app, found = there[0].layout.app, alerts.status(there)
    if as_json:
        console.document(status_data(app, found))
    else:
        console.show(status_lines(app, found))
    if not all(one.well for one in found):
        ctx.exit(UNWELL)


@command.command("test", cls=Command)
@options.project
@options.hosts
@options.as_json
@click.pass_context
def test(ctx: click.Context, directory: Path, environment: str, hosts: tuple[str, ...], as_json: bool) -> None:
    """Have each host send a test message, and show what the servers that took it answered.

    It goes by what was deployed. The exit code is 1 if a message could not be sent.

    \b
    Examples:
      seawall alerts test
      seawall alerts test --host web2
    """
    from seawall.cli.render.alerts import test_data, test_lines
    from seawall.cli.sessions import connected_to
    from seawall.config.load import load
    from seawall.operations.data import alerts
    from seawall.operations.hosts import all_hosts

    project = load(directory, environment)
    with connected_to(project, hosts or all_hosts(project)) as there:
        found = alerts.test(project, there)
    if as_json:
        console.document(test_data(project.app_id, found))
    else:
        console.show(test_lines(found))
    if not all(one.sent for one in found):
        ctx.exit(UNWELL)
