"""Findings as plain lines, for where there is no room for more."""

from __future__ import annotations

from collections.abc import Iterable

from seawall.checks.finding import Finding, InFile


def plain_lines(findings: Iterable[Finding]) -> str:
    """Each finding's place, rule, title and remedy."""
    return "\n".join(line for finding in findings for line in _lines(finding))


def _lines(finding: Finding) -> list[str]:
    rule, evidence = finding.rule, finding.evidence
    shown = evidence.text if isinstance(evidence, InFile) else evidence.answer
    lines = [f"{evidence.place}: {rule.severity} {rule.id}: {rule.title}"]
    lines += [f"    {text}" for text in (shown, evidence.fact and f"({evidence.fact})") if text]
    return [*lines, f"    do:  {rule.remedy}"]
