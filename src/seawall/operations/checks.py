"""The checklist: the whole of it when a person asks, and the quick part before a deployment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seawall.checks.catalogue import STATIC
from seawall.checks.finding import Finding
from seawall.checks.rule import chosen
from seawall.checks.static.checklist import look_through
from seawall.config.document import FILE, Document, find
from seawall.config.load import load
from seawall.config.model import Project
from seawall.errors import ConfigError


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
    document = _document(directory)
    project: Project | None = load(directory, environment) if document else None
    checks = chosen(STATIC, only, skip)
    judged = look_through(document.directory if document else directory.absolute(), project, document, checks)
    notes = () if document else (f"there is no {FILE} here, so what it would say was not looked at",)
    return Report(judged.findings, len(checks), judged.ignored, notes)


def _document(directory: Path) -> Document | None:
    """The configuration; None where there is none, here or above. Raises ConfigError if it is not readable."""
    try:
        return find(directory)
    except ConfigError:
        above = (directory.absolute(), *directory.absolute().parents)
        if any((folder / FILE).is_file() for folder in above):
            raise
        return None
