"""Going through the checklist."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from seawall.checks.finding import Finding, InFile, Severity
from seawall.checks.rule import Check

S = TypeVar("S")


def go_through(checks: Sequence[Check[S]], subject: S) -> list[Finding]:
    """Every breach of every rule, each once, in :func:`ordered`'s order."""
    found = {Finding(check.rule, evidence): None for check in checks for evidence in check.look(subject)}
    return ordered(found)


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """By file and line; what is not in a file comes last, by rule."""
    return sorted(findings, key=_order)


def at_least(findings: Iterable[Finding], severity: Severity) -> list[Finding]:
    """Those that are as grave as ``severity``, or graver."""
    return [finding for finding in findings if finding.severity.at_least(severity)]


def _order(finding: Finding) -> tuple[int, str, int, int, str, str]:
    evidence = finding.evidence
    if isinstance(evidence, InFile):
        return (0, evidence.path, evidence.line, finding.severity.rank, finding.rule.id, evidence.fact)
    return (1, finding.rule.id, 0, finding.severity.rank, evidence.request, evidence.fact)
