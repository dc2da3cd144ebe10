"""A replica that takes the primary's place: what would be done, and what was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from seawall.cli.render.deployed import Done, deployed_data
from seawall.cli.render.lines import Line, diff_lines, size
from seawall.cli.render.plan import plan_data, plan_lines
from seawall.errors import SeawallError

if TYPE_CHECKING:
    from seawall.config.promoted import Change
    from seawall.operations.data.promotable import Outlook
    from seawall.operations.data.promote import Promoted
    from seawall.operations.plan import Plan


def outlook_lines(outlook: Outlook, plan: Plan, change: Change) -> list[Line]:
    """How the two are now, each step, the change of the file, and the plan of the deployment."""
    lines = [Line(f"{outlook.new} becomes the primary of the database, in the place of {outlook.of}", "title")]
    if outlook.promoted:
        lines = [Line(f"{outlook.new} is the primary of the database, in the place of {outlook.of}", "title")]
    lines += [Line(f"  now: {now}") for now in _now(outlook)]
    lines += [Line(f"  {number}. {step}") for number, step in enumerate(_steps(outlook), 1)]
    lines.append(Line(f"  lost: {_lost(outlook)}", "" if outlook.lossless or outlook.promoted else "careful"))
    if plan.project.backup.repository.startswith("/") and not outlook.promoted:
        kept = (
            f"  note: the backups in {plan.project.backup.repository} are on {outlook.of} alone: copy them, or name a "
        )
        lines.append(Line(f"{kept}repository elsewhere", "careful"))
    if change.diff:
        lines += [Line(""), *diff_lines(change.diff, "  ")]
    return [*lines, Line(""), Line("then it is deployed:", "title"), *plan_lines(plan)]


def outlook_data(outlook: Outlook, plan: Plan, change: Change) -> dict[str, Any]:
    primary = outlook.primary
    return {
        "app": plan.project.app_id,
        "environment": plan.project.environment,
        "host": outlook.new,
        "of": outlook.of,
        "promoted": outlook.promoted,
        "fenced": outlook.fenced,
        "reached": primary is not None,
        "lossless": outlook.lossless,
        "lag_bytes": primary.lag_bytes if primary else -1,
        "lag_seconds": primary.lag_seconds if primary else -1.0,
        "unmade_bytes": outlook.replica.lag_bytes,
        "changed": outlook.replica.changed,
        "steps": _steps(outlook),
        "diff": change.diff,
        "plan": plan_data(plan),
    }


def promoted_lines(done: Promoted | None) -> list[Line]:
    """Which of the two takes changes, what was lost, and how the other comes back."""
    if done is None:
        return []
    lines = [Line(f"{done.new} is the primary", "good")]
    if done.lossless:
        lines = [Line(f"{done.new} is the primary, with all that {done.of} had", "good")]
    if done.fenced:
        back = f'to have it back as a replica: replica = "{done.of}" under [database], and deploy'
        return [*lines, Line(f"{done.of} is fenced: its PostgreSQL is down, and stays so"), Line(f"  {back}")]
    return [
        *lines,
        Line(f"{done.of} is not fenced: nobody may write to it, should it come back", "bad"),
        Line(f"  it is fenced then by running this again: seawall database promote {done.new}"),
    ]


def promoted_data(plan: Plan, live: Done, done: Promoted | None, change: Change) -> dict[str, Any]:
    told = None
    if done is not None:
        told = {"host": done.new, "of": done.of, "fenced": done.fenced, "lossless": done.lossless}
        told["timeline"] = done.timeline
    return {**deployed_data(plan, live), "promoted": told, "diff": change.diff}


def without_a_way_back(live: Done, done: Promoted | None) -> Done:
    """No release of before the promotion can be gone back to."""
    return live if done is None else replace(live, before={})


@contextmanager
def told_where_it_stands(done: Promoted | None) -> Iterator[None]:
    """If the deployment fails, the replica has taken the primary's place all the same."""
    try:
        yield
    except SeawallError as error:
        if done is not None:
            fenced = "is fenced" if done.fenced else "is not fenced: nobody may write to it"
            stands = f"{done.new} is the primary, {done.of} {fenced}, and the release that is live still goes there"
            error.state = "; ".join(filter(None, (error.state, stands)))
            error.remedy = "; ".join(filter(None, (error.remedy, "then `seawall deploy` does what is left")))
            error.exit_code = 4
        raise


def _now(outlook: Outlook) -> Iterator[str]:
    replica, primary = outlook.replica, outlook.primary
    if outlook.promoted:
        yield f"{outlook.new} takes changes since {(replica.promoted or {})['at']}"
        return
    if primary is None:
        yield f"{outlook.of} is not reached"
    elif primary.role == "primary":
        seconds = f", {primary.lag_seconds:.1f} s" if primary.lag_seconds >= 0 else ""
        yield f"{outlook.of} takes changes, and the replica is {size(primary.lag_bytes)}{seconds} behind"
    else:
        yield f"PostgreSQL on {outlook.of} is down{', and fenced' if primary.fenced else ''}"
    if replica.changed:
        yield f"the last change that {outlook.new} has made is from {replica.changed}"
    if replica.lag_bytes > 0:
        yield f"{outlook.new} has received {size(replica.lag_bytes)} more, and makes them first"


def _steps(outlook: Outlook) -> list[str]:
    steps = []
    if outlook.to_fence:
        steps.append(
            f"{outlook.of} is fenced: PostgreSQL is stopped in order, start.conf says disabled, and started by hand it "
            "would take no changes"
        )
    if outlook.lossless:
        steps.append(f"{outlook.new} must have all that is in its log; if not, {outlook.of} is the primary again")
    if not outlook.promoted:
        steps.append(
            f"the app's hosts trust {outlook.new} alone with the database, and go back to no release of before"
        )
        steps.append(f"{outlook.new} takes changes")
    return [*steps, "a release of the app goes there; until it is live, what the app writes fails"]


def _lost(outlook: Outlook) -> str:
    if outlook.lossless:
        return "nothing"
    if outlook.promoted:
        kept = "in /var/lib/postgresql on that host"
        return (
            f"nothing by this; what {outlook.of} took after that moment stays {kept}" if outlook.primary else "nothing"
        )
    changed = outlook.replica.changed
    since = f"after {changed}" if changed else "and this replica has not received"
    return f"what {outlook.of} took {since}; how much that is cannot be known while it is not reached"
