"""The checklist before a deployment: its quick part, while the hosts are being reached.

What was found is kept in ``.seawall/checks.json`` for as long as nothing changes that was looked at, so that a deploy
with nothing to do reads one small file. This module stays light: the rules are imported only when they are needed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from seawall import checks
from seawall.checks.finding import Finding, InFile, Severity
from seawall.checks.plain import plain_lines
from seawall.checks.rule import Rule
from seawall.config import migrated
from seawall.config.document import FILE, PYPROJECT
from seawall.config.folder import NAME, own_folder
from seawall.config.git import index_of, repository_of
from seawall.config.model import Project
from seawall.errors import ChecklistFailed
from seawall.operations.tree import Tree

CACHE = "checks.json"
SHOWN = 10  # rules named in the remedy


class Checking:
    """A look at one project, begun and then waited for. ``skip`` are the rules that may be broken this time."""

    def __init__(self, skip: Sequence[str] = ()) -> None:
        self._skip = frozenset(skip)
        self._answer: Callable[[], list[Finding]] = list

    def begin(self, project: Project, tree: Tree) -> None:
        """Take what was found before, if nothing has changed since; else look, in a thread of its own: it has time
        while the hosts are waited for."""
        mark = _mark(project, tree)
        known = _read(project.directory).get(project.environment)
        if isinstance(known, dict) and known.get("mark") == mark:
            self._answer = lambda: [_from_cache(each) for each in known["findings"]]
            return
        from concurrent.futures import ThreadPoolExecutor

        pool = ThreadPoolExecutor(1, "checklist")
        self._answer = pool.submit(_look, project, tree, mark).result
        pool.shutdown(wait=False)

    def notes(self) -> list[str]:
        """What is to be known of the findings that stop nothing. Raises ChecklistFailed for errors."""
        findings = [finding for finding in self._answer() if finding.rule.id not in self._skip]
        errors = [finding for finding in findings if finding.severity is Severity.ERROR]
        if errors:
            raise _failed(errors)
        warnings = sum(finding.severity is Severity.WARNING for finding in findings)
        counted = f"{warnings} warnings" if warnings > 1 else "1 warning"
        return [f"the production checklist has {counted}: `seawall check` shows them"] if warnings else []


def _failed(errors: list[Finding]) -> ChecklistFailed:
    rules = sorted({finding.rule.id for finding in errors})
    options = " ".join(f"--skip-check {rule}" for rule in rules[:SHOWN])
    return ChecklistFailed(
        f"the production checklist has {len(errors)} {'error' if len(errors) == 1 else 'errors'}",
        state="nothing was changed",
        remedy=f"mend what is said below (`seawall check --explain {rules[0]}` tells more); or all the same: {options}",
        output=plain_lines(errors),
    )


def _look(project: Project, tree: Tree, mark: str) -> list[Finding]:
    from seawall.operations.checks import check_quickly

    found = check_quickly(project, {entry.path for entry in tree.entries})
    _keep(project, mark, found)
    return found


def _mark(project: Project, tree: Tree) -> str:
    """A hash of all that the quick rules look at, and of the rules."""
    digest = hashlib.sha256(f"{project.environment} {date.today():%Y-%m}".encode())
    for entry in tree.entries:
        digest.update(f"{entry.path}\0{entry.sha256}\0{entry.target}\n".encode(errors="surrogateescape"))
    for path in _beside(project):
        digest.update(str(path).encode())
        digest.update(_state(path))
    return digest.hexdigest()


def _beside(project: Project) -> Iterator[Path]:
    """Files that are looked at and do not travel, git's list of what it keeps, and the rules themselves."""
    yield from (project.directory / name for name in (FILE, PYPROJECT))
    yield project.directory / NAME / migrated.FILE
    yield from sorted({*project.directory.glob(".env*"), *project.root.glob(".env*")})
    repository = repository_of(project.root.resolve())
    if repository is not None:
        yield index_of(repository)
    yield from sorted(Path(checks.__path__[0]).rglob("*.py"))


def _state(path: Path) -> bytes:
    try:
        status = path.stat()
    except OSError:
        return b"-"
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ino}".encode()


def _read(directory: Path) -> dict[str, Any]:
    try:
        known = json.loads((directory / NAME / CACHE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _keep(project: Project, mark: str, found: list[Finding]) -> None:
    """Best done always: a project on a read-only disk is only slower for it."""
    known = _read(project.directory)
    known[project.environment] = {"mark": mark, "findings": [asdict(finding) for finding in found]}
    try:
        path = own_folder(project.directory) / CACHE
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(known), encoding="utf-8")
        fresh.replace(path)
    except OSError:
        return


def _from_cache(kept: dict[str, Any]) -> Finding:
    rule = kept["rule"]
    return Finding(Rule(**{**rule, "severity": Severity(rule["severity"])}), InFile(**kept["evidence"]))
