"""A plan in words, complete, and as JSON."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from seawall.cli.render.lines import Line, count, diff_lines, size

if TYPE_CHECKING:
    from seawall.agent.vocabulary import Change
    from seawall.operations.front_back import FrontBack
    from seawall.operations.plan import HostPlan, Plan

#: How many paths of a kind are named; the rest is counted.
MOST_NAMES = 20
SIGNS = {
    "create": "+",
    "install": "+",
    "update": "~",
    "delete": "-",
    "start": ">",
    "stop": ">",
    "reload": ">",
    "restart": ">",
}
SIGN_STYLES = {"+": "good", "-": "bad", "~": "careful", ">": "careful"}
OTHER = {
    "static": "the static folders",
    "persist": "the persisted paths",
    "gate": "the health gate",
    "front": "the check through the front door",
    "setup": "the set-up command",
    "migrate": "the migration command",
    "drain": "the drain time",
    "keep": "the number of releases kept",
    "external": "the check of the database",
    "edited": "files of the live release that were edited on the host",
}


def plan_lines(plan: Plan) -> list[Line]:
    """Every change on every host, the notes, and a line that sums it up."""
    lines: list[Line] = []
    for database in plan.databases:
        if database.changes:
            lines += [Line(database.host.name, "title"), *change_lines(database.changes), Line("")]
    for item in plan.hosts:
        if not item.empty:
            lines += [Line(item.host.name, "title"), *_host_lines(plan, item), Line("")]
    lines += [Line(f"note: {note}", "careful") for note in plan.notes]
    return [*lines, Line(summary(plan), "title")]


def summary(plan: Plan) -> str:
    """`3 changes on 1 host, 1 new release (v13): 4 files travel, 12 kB`."""
    if plan.empty:
        lives = ", ".join(sorted({item.host.live for item in plan.hosts} - {""}))
        return f"Nothing to do: {lives} is live and as it should be." if lives else "Nothing to do."
    changes = sum(len(item.changes) for item in plan.databases) + sum(len(item.changes) for item in plan.hosts)
    hosts = sum(not item.empty for item in plan.hosts) + sum(bool(item.changes) for item in plan.databases)
    where = f"on {count(hosts, 'host')}"
    parts = [f"{count(changes, 'change')} {where}"] if changes else []
    if any(item.release.new for item in plan.hosts):
        files = sum(_upload(plan, item)[0] for item in plan.hosts)
        amount = sum(_upload(plan, item)[1] for item in plan.hosts)
        travel = f"{count(files, 'file')} {'travels' if files == 1 else 'travel'}, {size(amount)}"
        travel = travel if files else "no file travels"
        parts.append(f"1 new release ({plan.release_id}){'' if changes else ' ' + where}: {travel}")
    starts = [item.host.live for item in plan.hosts if item.start_only]
    parts += [f"{starts[0]} is started again"] if starts else []
    return ", ".join(parts)


def plan_data(plan: Plan) -> dict[str, Any]:
    """The plan for programs (docs/reference/json.md)."""
    return {
        "app": plan.project.app_id,
        "environment": plan.project.environment,
        "empty": plan.empty,
        "release": plan.release_id if any(item.release.new for item in plan.hosts) else "",
        "notes": list(plan.notes),
        "hosts": [_host_data(plan, item) for item in plan.hosts],
        "databases": [
            {"host": item.host.name, "changes": [change_data(change) for change in item.changes]}
            for item in plan.databases
        ],
    }


def _host_data(plan: Plan, item: HostPlan) -> dict[str, Any]:
    release = item.release
    files, amount = _upload(plan, item)
    return {
        "host": item.host.name,
        "live": item.host.live,
        "changes": [change_data(change) for change in item.changes],
        "start": item.start_only,
        "release": {
            "new": release.new,
            "files": release.files,
            "upload": {"files": files, "bytes": amount},
            "env": release.env,
            "requirements": release.requirements,
            "settings": [
                {"name": entry["name"], "diff": _settings_diff(entry, plan.release_id)} for entry in release.settings
            ],
            "other": release.other,
        },
    }


def change_data(change: Change) -> dict[str, str]:
    """One change for programs."""
    return {"kind": change.kind, "name": change.name, "action": change.action, "diff": change.diff}


def change_lines(changes: Sequence[Change]) -> Iterator[Line]:
    """Changes of a host, each with its diff."""
    for change in changes:
        sign = SIGNS[change.action]
        verb = f"{change.action} " if sign == ">" else ""
        yield Line(f"  {sign} {verb}{change.kind} {change.name}", SIGN_STYLES[sign])
        if change.diff:
            yield from diff_lines(change.diff, "      ")


def front_lines(fronts: Sequence[FrontBack]) -> list[Line]:
    """What hosts change so that the front server of an earlier release is back."""
    lines: list[Line] = []
    for back in fronts:
        lines += [
            Line(f"{back.host.name}: {back.kind} is the front server again", "title"),
            *change_lines(back.changes),
        ]
    return lines


def _host_lines(plan: Plan, item: HostPlan) -> Iterator[Line]:
    yield from change_lines(item.changes)
    if item.start_only:
        yield Line(f"  > start release {item.host.live}, which is live and not running", "careful")
    if item.release.new:
        yield from _release_lines(plan, item)


def _release_lines(plan: Plan, item: HostPlan) -> Iterator[Line]:
    release = item.release
    now = f"{release.live} is live" if release.live else "the first one"
    yield Line(f"  + release {plan.release_id} ({now})", "good")
    files, amount = _upload(plan, item)
    if any(release.files.values()):
        counts = ", ".join(f"{len(names)} {what}" for what, names in release.files.items() if names)
        travel = f"{files} to send, {size(amount)}" if files else "none to send"
        yield Line(f"      files: {counts} ({travel})")
        yield from _named(release.files)
    if any(release.env.values()):
        yield Line("      environment:")
        yield from _named(release.env)
    if release.requirements:
        yield Line(f"      requirements: {'changed' if release.live else _requirements(item)}")
    if release.other:
        yield Line(f"      also changed: {', '.join(OTHER.get(name, name) for name in release.other)}")
    for entry in release.settings:
        yield from diff_lines(_settings_diff(entry, plan.release_id), "      ")


def _named(changes: Mapping[str, Sequence[str]]) -> Iterator[Line]:
    for what, sign in (("added", "+"), ("changed", "~"), ("removed", "-")):
        names = changes[what]
        for name in names[:MOST_NAMES]:
            yield Line(f"        {sign} {name}", SIGN_STYLES[sign])
        if len(names) > MOST_NAMES:
            yield Line(f"          … and {len(names) - MOST_NAMES} more {what}", "faint")


def _requirements(item: HostPlan) -> str:
    """Of a first release: which file, and what is added to it."""
    wanted = item.composition.release.requirements
    return " and ".join(part for part in (wanted.path or "none", ", ".join(wanted.extra)) if part)


def _settings_diff(entry: Mapping[str, str], release_id: str) -> str:
    """A generated file that differs from the live release's; both are shown with the new release's id."""
    from seawall.agent.vocabulary import RELEASE

    name, before, after = (entry[key].replace(RELEASE, release_id) for key in ("name", "before", "after"))
    lines = difflib.unified_diff(
        before.splitlines(),
        after.splitlines(),
        f"{name} (live)" if before else "/dev/null",
        f"{name} (new)" if after else "/dev/null",
        lineterm="",
    )
    return "\n".join(lines)


def _upload(plan: Plan, item: HostPlan) -> tuple[int, int]:
    """How many files and bytes go to the host; of files half sent earlier only the rest."""
    from seawall.agent.store import key

    if not item.release.new:
        return 0, 0
    sizes = {key(entry): entry.size for entry in plan.tree.entries if entry.sha256}
    return len(item.missing), sum(sizes[name] - there for name, there in item.missing.items())
