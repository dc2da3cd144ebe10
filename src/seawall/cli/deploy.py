"""`seawall deploy`."""

from __future__ import annotations

from pathlib import Path

import click

from seawall.cli import console, options
from seawall.cli import plan as plan_command
from seawall.cli.command import Command


@click.command("deploy", cls=Command)
@options.project
@options.hosts
@options.yes
@click.option("--skip-check", "skip_checks", multiple=True, metavar="RULE", help="Deploy though this rule is broken.")
@click.option("--dry-run", is_flag=True, help="Only show the plan, as `seawall plan` does.")
@options.as_json
@click.pass_context
def command(
    ctx: click.Context,
    *,
    directory: Path,
    environment: str,
    hosts: tuple[str, ...],
    yes: bool,
    skip_checks: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Put the project online, or release a new version of it.

    Shows the plan, asks, and carries out exactly that. The new release is started beside the old one and takes traffic
    only once it is healthy; if anything fails before, everything stays as it was. Errors of the production checklist
    (`seawall check`) stop it before anything is changed.

    \b
    Examples:
      seawall deploy
      seawall deploy --yes -e staging
      seawall deploy --host root@203.0.113.5
    """
    if dry_run:
        ctx.invoke(
            plan_command.command,
            directory=directory,
            environment=environment,
            hosts=hosts,
            exit_code=False,
            as_json=as_json,
        )
        return
    if not yes:
        console.must_ask("deploy", "look at `seawall plan`, then say --yes")
    from seawall.cli.deploying import accept, carry_out
    from seawall.cli.render.deployed import deployed_data, deployed_lines
    from seawall.cli.render.plan import plan_lines
    from seawall.cli.sessions import planned_to_deploy

    if skip_checks:
        _must_exist(skip_checks)
    with planned_to_deploy(directory, environment, hosts, skip_checks=skip_checks) as plan:
        console.say(plan_lines(plan))
        if not plan.empty and not yes:
            accept("Deploy this?")
        done = carry_out(plan)
        if as_json:
            console.document(deployed_data(plan, done))
        elif not plan.empty:
            console.show(deployed_lines(plan, done))


def _must_exist(rules: tuple[str, ...]) -> None:
    """Raises UsageError for a rule that there is not."""
    from seawall.checks.catalogue import every_rule
    from seawall.checks.rule import must_exist

    must_exist(rules, [rule.id for rule in every_rule()])
