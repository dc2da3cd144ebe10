"""`seawall clone-host`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from seawall.cli import console, options
from seawall.cli.command import Command


@click.command("clone-host", cls=Command)
@options.project
@options.yes
@click.option("--backup", default="", metavar="ID", help="This backup instead of the newest.")
@click.option("--at", metavar="MOMENT", default="", help="The database as it was then ([backup] pitr); or `latest`.")
@click.option("--replace", is_flag=True, help="Keep data that is there already under another name, and go on.")
@click.option("--skip-check", "skip_checks", multiple=True, metavar="RULE", help="Deploy though this rule is broken.")
@options.as_json
def command(
    *,
    directory: Path,
    environment: str,
    yes: bool,
    backup: str,
    at: str,
    replace: bool,
    skip_checks: tuple[str, ...],
    as_json: bool,
) -> None:
    """Bring the app up on a fresh host, with the data of the newest backup.

    For a host that is lost, or to be left: write the new one's address under `hosts`, and this makes of it what the old
    one was, from seawall.toml, the secret store and the backups. The host is set up as by `seawall deploy`; then the
    backup is restored and compared with its figures; only then is the release started and anybody served.

    With [backup] pitr the database comes from the archive, up to the last change that it holds, or to a moment that
    --at names (in UTC, unless it says otherwise); with --backup alone, from that backup.

    \b
    Examples:
      seawall clone-host
      seawall clone-host --backup 20261128-030000
      seawall clone-host --at "2026-11-28 14:00"
    """
    if not yes:
        console.must_ask("clone the host", "look at `seawall plan`, then say --yes")
    from seawall.cli.deploying import accept, carry_out
    from seawall.cli.following import follow
    from seawall.cli.render import cloned
    from seawall.cli.render.deployed import deployed_lines
    from seawall.cli.render.plan import plan_lines
    from seawall.cli.sessions import planned_to_deploy
    from seawall.operations.data import clone_host

    with planned_to_deploy(directory, environment, (), skip_checks=skip_checks) as plan:
        clone_host.check(plan)
        moment = clone_host.moment(plan, backup, at)
        console.say(plan_lines(plan))
        if not yes:
            accept(f"Set this host up, and restore {cloned.what(backup, moment)} into it?")
        brought = follow(clone_host.prepare(plan, backup, moment, replace=replace), plan.release_id, plan.hosts)
    now = datetime.now(UTC)
    console.say(cloned.cloned_lines(brought, now))
    with cloned.told_where_it_stands(), planned_to_deploy(directory, environment, (), skip_checks=skip_checks) as plan:
        done = carry_out(plan)
        if as_json:
            console.document(cloned.cloned_data(plan, done, brought, now))
        else:
            console.show(deployed_lines(plan, done))
