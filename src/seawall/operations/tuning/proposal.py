"""What to write into ``seawall.toml`` for a candidate, and how that differs from what is written there."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from seawall.config.document import ALWAYS_KNOWN, Document
from seawall.config.edit import Value, with_values
from seawall.config.model import Project
from seawall.operations.tuning.candidates import LD_PRELOAD, Candidate, has_threads


@dataclass(frozen=True)
class Proposal:
    """The file as it would be, and its diff; both "" where nothing is proposed. ``notes`` are what goes with it."""

    text: str = ""
    diff: str = ""
    notes: tuple[str, ...] = ()


def propose(document: Document, project: Project, now: Candidate, best: Candidate, *, counts: bool) -> Proposal:
    """From what runs now to the best. ``counts`` says that the number of workers is meant for the project's host.

    Raises ConfigError where the file cannot be changed automatically.
    """
    if best == now:
        return Proposal()
    text, path = document.text, document.path.name
    for table, values in (("server", _server(project, now, best, counts=counts)), ("env", _env(now, best))):
        for where, part in _places(document, project, table, values).items():
            text = with_values(text, where, part, path)
    diff = difflib.unified_diff(document.text.splitlines(), text.splitlines(), path, path, lineterm="")
    return Proposal(text, "\n".join(diff), _notes(best))


def _server(project: Project, now: Candidate, best: Candidate, *, counts: bool) -> dict[str, Value]:
    values: dict[str, Value] = {}
    if best.kind != now.kind:
        values["kind"] = best.kind
        kept = best.server(project).model_fields_set
        values |= dict.fromkeys(sorted(project.server.model_fields_set - kept - {"kind", "preload"}))
    if best.workers != now.workers and counts:
        values["workers"] = best.workers
    elif best.kind != now.kind and project.server.workers != "auto":
        values["workers"] = "auto"
    if best.threads != now.threads and has_threads(project, best.kind):
        values["threads"] = best.threads
    if best.preload != now.preload:
        values["preload"] = best.preload or None
    return values


def _env(now: Candidate, best: Candidate) -> dict[str, Value]:
    return {LD_PRELOAD: best.allocator or None} if best.allocator != now.allocator else {}


def _places(
    document: Document, project: Project, table: str, values: dict[str, Value]
) -> dict[tuple[str, ...], dict[str, Value]]:
    """Where each value belongs: into the table that all environments share, unless the environment's own names it
    already, or the environment is one beside production: what was found on its host says nothing of the others."""
    overlay = document.environments.get(project.environment, {})
    named = overlay.get(table, {}) if isinstance(overlay, dict) else {}
    own = (*document.prefix, "environments", project.environment, table)
    beside = project.environment not in ALWAYS_KNOWN
    found: dict[tuple[str, ...], dict[str, Value]] = {}
    for name, value in values.items():
        where = own if name in named or beside else (*document.prefix, table)
        found.setdefault(where, {})[name] = value
    return found


def _notes(best: Candidate) -> tuple[str, ...]:
    if not best.allocator:
        return ()
    return (f"the host needs the package that has {best.allocator} (Debian: libjemalloc2, in `packages`)",)
