"""Secrets by name, in words and as JSON; never a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seawall.cli.render.lines import Line, count, table

if TYPE_CHECKING:
    from seawall.config.secrets import Secret

#: Names and the commands that print their values, by environment.
Provided = Mapping[str, Mapping[str, str]]


def key_lines(made: Path) -> list[Line]:
    """Where a new key is, and that it must be kept."""
    return [
        Line(f"the key that opens it was made: {made}", "title"),
        Line("  keep a copy of it somewhere safe: without it the secrets are lost"),
        Line("  another machine needs it in the same place, or in SEAWALL_KEY"),
    ]


def secret_lines(kept: Sequence[Secret], missing: Sequence[tuple[str, str]], provided: Provided) -> list[Line]:
    """The secrets by environment, and below what is missing."""
    rows = [(one.environment, one.name, _described(one)) for one in kept]
    rows += [
        (environment, name, f"asked for by `{commands[name].split()[0]}` at each deployment")
        for environment, commands in provided.items()
        for name in commands
    ]
    if not rows and not missing:
        return [Line("No secrets: `seawall secret set NAME` keeps the first.")]
    lines = [Line(text) for text in table(sorted(rows), "")]
    for environment, name in missing:
        option = "" if environment == "production" else f" -e {environment}"
        lines.append(Line(f"missing: {name} of {environment} (seawall secret set {name}{option})", "bad"))
    return lines


def list_data(kept: Sequence[Secret], missing: Sequence[tuple[str, str]], provided: Provided) -> dict[str, Any]:
    return {
        "secrets": [
            {"name": one.name, "environment": one.environment, "changed": one.changed, "retired": list(one.retired)}
            for one in kept
        ],
        "provided": [
            {"name": name, "environment": environment} for environment, names in provided.items() for name in names
        ],
        "missing": [{"name": name, "environment": environment} for environment, name in missing],
    }


def fallback_notes(kept: Sequence[Secret]) -> list[Line]:
    """Old values that are kept for longer than they are of use."""
    from seawall.config.rotation import KEPT_FOR, days_since
    from seawall.config.secrets import FALLBACKS

    lines = []
    for one in kept:
        oldest = max((days_since(time) for time in one.retired), default=0)
        if oldest > KEPT_FOR.days:
            option = "" if one.environment == "production" else f" -e {one.environment}"
            name = one.name.removesuffix(FALLBACKS)
            lines += [
                Line(f"note: an old value of {name} of {one.environment} is kept for {oldest} days by now", "careful"),
                Line(f"  seawall secret rotate {name}{option} --drop-fallbacks"),
            ]
    return lines


def rotated_lines(name: str, environment: str, kept: int, dropped: int) -> list[Line]:
    """What a rotation did."""
    also = f"; {count(dropped, 'older one')} dropped" if dropped else ""
    return [
        Line(f"{name} of {environment} has a new value"),
        Line(f"  {count(kept, 'old value')} kept in {name}_FALLBACKS{also}"),
    ]


def diff_lines(one: str, other: str, first: set[str], second: set[str]) -> list[Line]:
    """The names that only one of two environments has."""
    rows = [(f"only {one}", name) for name in sorted(first - second)]
    rows += [(f"only {other}", name) for name in sorted(second - first)]
    if not rows:
        return [Line(f"{one} and {other} have the same {count(len(first), 'name')}")]
    return [Line(text) for text in table(rows, "")]


def diff_data(one: str, other: str, first: set[str], second: set[str]) -> dict[str, Any]:
    return {
        "environments": [one, other],
        "only": {one: sorted(first - second), other: sorted(second - first)},
        "both": sorted(first & second),
    }


def _described(one: Secret) -> str:
    if not one.retired:
        return f"changed {one.changed}"
    return f"{count(len(one.retired), 'old value')}, the oldest since {min(one.retired)}"
