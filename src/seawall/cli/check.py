"""`seawall check`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seawall.cli import console, options
from seawall.cli.command import Command
from seawall.errors import UsageError

if TYPE_CHECKING:
    from seawall.checks.finding import Finding
    from seawall.operations.live import Looked

SEVERITIES = click.Choice(["error", "warning", "note"])
#: What is answered when something is as grave as `--fail-on`.
FOUND = 1


@click.command("check", cls=Command)
@options.project
@click.option("--severity", type=SEVERITIES, default="note", help="Show only what is as grave as this, or graver.")
@click.option("--fail-on", type=SEVERITIES, default="error", help="Exit with 1 from this severity on.")
@click.option("--only", multiple=True, metavar="RULE", help="Only this rule; may be repeated.")
@click.option("--skip", multiple=True, metavar="RULE", help="Not this rule; may be repeated.")
@click.option("--list", "listing", is_flag=True, help="List all rules.")
@click.option("--explain", metavar="RULE", help="Say what a rule is about, and what to do.")
@click.option("--sarif", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write SARIF 2.1.0 too.")
@click.option("--live", is_flag=True, help="Look at the deployed site and its hosts instead of the project.")
@options.hosts
@click.option("--ca", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Trust this authority too.")
@click.option("--propose-csp", is_flag=True, help="Propose a Content-Security-Policy from the live pages.")
@options.as_json
@click.pass_context
def command(
    ctx: click.Context,
    *,
    directory: Path,
    environment: str,
    live: bool,
    hosts: tuple[str, ...],
    ca: Path | None,
    propose_csp: bool,
    severity: str,
    fail_on: str,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    listing: bool,
    explain: str | None,
    sarif: Path | None,
    as_json: bool,
) -> None:
    """Go through the production checklist.

    The project is read, not run. `# seawall: ignore[RULE] reason` on a line, or alone above it, says that a rule may be
    broken there.

    With --live the deployed site is looked at from outside, by a few dozen requests within half a minute, and its hosts
    over ssh where that lets you in. Nothing is changed.

    \b
    Examples:
      seawall check
      seawall check --live
      seawall check --live --propose-csp
      seawall check --severity warning --sarif seawall.sarif
      seawall check --explain SW101
    """
    from seawall.checks import catalogue
    from seawall.checks.finding import Severity
    from seawall.checks.rule import must_exist
    from seawall.checks.run import at_least
    from seawall.cli.render import check as render
    from seawall.cli.render.check_live import proposal_data, proposal_lines
    from seawall.operations import checks

    rules = catalogue.every_rule()
    must_exist([*only, *skip, *([explain] if explain else [])], [rule.id for rule in rules])
    if listing or explain:
        wanted = [rule for rule in rules if explain in (None, rule.id)]
        if as_json:
            console.document(render.rules_data(wanted))
        else:
            console.show(render.rule_lines(wanted[0]) if explain else render.list_lines(wanted))
        return
    looked = None
    if live or propose_csp:
        looked = _live(directory, environment, hosts=hosts, ca=ca, only=only, skip=skip)
    elif hosts or ca:
        raise UsageError("--host and --ca are for --live")
    report = looked.report if looked else checks.check_project(directory, environment, only, skip)
    shown = at_least(report.findings, Severity(severity))
    if sarif:
        _write_sarif(sarif, shown)
    if as_json:
        proposed = {"proposal": proposal_data(looked.proposal)} if looked and propose_csp else {}
        console.document({**render.report_data(shown, report), **proposed})
    else:
        console.show(render.finding_lines(shown))
        if looked and propose_csp:
            console.show(proposal_lines(looked.proposal))
        console.say(render.summary_lines(shown, report))
    if at_least(report.findings, Severity(fail_on)):
        ctx.exit(FOUND)


def _live(directory: Path, environment: str, **options: Any) -> Looked:
    from seawall.config.load import load
    from seawall.operations.live import check_live

    return check_live(load(directory, environment), console.ask_password, **options)


def _write_sarif(path: Path, findings: list[Finding]) -> None:
    """Raises UsageError if the file cannot be written."""
    from importlib.metadata import version

    from seawall.checks import catalogue
    from seawall.checks.sarif import sarif

    text = json.dumps(sarif(findings, catalogue.every_rule(), version("seawall")), indent=2)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", place=str(path)) from error
