"""The set-up of a server in words, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seawall.cli.render.lines import Line, count, seconds
from seawall.cli.render.plan import change_data, change_lines

if TYPE_CHECKING:
    from seawall.operations.setup import SetUp, SetupPlan


def setup_lines(plan: SetupPlan, *, audited: bool = False) -> list[Line]:
    """Every change, what only a person can put right, the notes, and a line that sums it up."""
    lines: list[Line] = []
    if plan.calm:
        lines += [Line(plan.destination, "title"), *change_lines(plan.calm), Line("")]
    if plan.guarded:
        title = f"{plan.destination}, taken back unless a new connection gets in"
        lines += [Line(title, "title"), *change_lines(plan.guarded), Line("")]
    lines += [Line(f"wrong: {finding}", "bad") for finding in plan.setup.findings]
    lines += [Line(f"note: {note}", "careful") for note in _notes(plan, audited)]
    return [*lines, Line(summary(plan), "title")]


def summary(plan: SetupPlan) -> str:
    """`12 changes on root@web1`."""
    parts = [f"{count(len(plan.changes), 'change')} on {plan.destination}"] if plan.changes else []
    if plan.setup.findings:
        parts.append(f"{count(len(plan.setup.findings), 'thing')} only you can put right")
    return ", ".join(parts) or f"Nothing to do: {plan.destination} is as it should be."


def _notes(plan: SetupPlan, audited: bool) -> tuple[str, ...]:
    if audited and plan.facts.profile is None:
        return (f"it was never set up: `seawall server setup {plan.destination}` would do this", *plan.setup.notes)
    return plan.setup.notes if plan.changes or not audited else ()


def done_lines(plan: SetupPlan, done: SetUp) -> list[Line]:
    """How to log in from now on."""
    lines = [Line(f"{plan.destination} is set up ({seconds(done.seconds)})", "good")]
    if plan.destination != plan.login:
        lines += [
            Line(f"  log in with `ssh {plan.login}`; in seawall.toml:"),
            Line(f'    hosts = ["{plan.login}"]'),
        ]
    return lines


def setup_data(plan: SetupPlan, done: SetUp | None = None) -> dict[str, Any]:
    """The plan, and what came of it, for programs (docs/reference/json.md)."""
    return {
        "host": plan.destination,
        "login": plan.login,
        "set_up_before": plan.facts.profile is not None,
        "empty": plan.empty,
        "changes": [change_data(change) | {"guarded": False} for change in plan.calm]
        + [change_data(change) | {"guarded": True} for change in plan.guarded],
        "findings": list(plan.setup.findings),
        "notes": list(plan.setup.notes),
        "done": done is not None,
        "confirmed": done is not None and done.confirmed,
    }
