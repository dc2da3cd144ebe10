"""The checklist: the whole of it when a person asks, and the quick part before a deployment."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from seawall.checks.catalogue import STATIC, every_rule
from seawall.checks.finding import Finding
from seawall.checks.rule import chosen
from seawall.checks.static.checklist import look_through
from seawall.config.document import FILE, Document, find
from seawall.config.load import load
from seawall.config.model import Project
from seawall.errors import ConfigError, ProjectError
from seawall.operations.tree import list_tree


@dataclass(frozen=True)
class Report:
    """What was found. ``rules`` is how many were looked at, ``ignored`` how many breaches a comment allows, ``notes``
    what could not be looked at."""

    findings: list[Finding]
    rules: int
    ignored: int
    notes: tuple[str, ...] = ()


def check_project(directory: Path, environment: str, only: Sequence[str], skip: Sequence[str]) -> Report:
    """Go through the static rules in the project that ``directory`` belongs to; without a seawall.toml, in the folder
    itself. Raises ConfigError and ConfigErrors for a configuration that is wrong."""
    checks = chosen(STATIC, only, skip)
    known = [rule.id for rule in every_rule()]
    document = _document(directory)
    if document is None:
        judged = look_through(directory.absolute(), None, None, checks, known=known)
        notes = (f"there is no {FILE} here; its keys were not looked at", *judged.notes)
        return Report(judged.findings, len(checks), judged.ignored, notes)
    project = load(directory, environment)
    judged = look_through(document.directory, project, document, checks, known=known, travels=_travels(project))
    return Report(judged.findings, len(checks), judged.ignored, judged.notes)


def check_quickly(project: Project, travels: Collection[str]) -> list[Finding]:
    """What the rules find that start no other program and read no history, for a deployment."""
    checks = [check for check in STATIC if not check.slow]
    known = [check.rule.id for check in STATIC]
    document = find(project.directory)
    return look_through(project.directory, project, document, checks, known=known, travels=travels).findings


def _travels(project: Project) -> Collection[str] | None:
    """The files that go to a host; None where that cannot be said, as the deployment will tell."""
    try:
        return {entry.path for entry in list_tree(project.directory, project.app.root, project.app.exclude).entries}
    except ProjectError:
        return None


def _document(directory: Path) -> Document | None:
    """The configuration; None where there is none, here or above. Raises ConfigError if it is not readable."""
    try:
        return find(directory)
    except ConfigError:
        above = (directory.absolute(), *directory.absolute().parents)
        if any((folder / FILE).is_file() for folder in above):
            raise
        return None
