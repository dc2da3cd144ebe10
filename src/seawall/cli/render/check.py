"""What the checklist found, in words and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from seawall.checks.finding import Evidence, Finding, InFile, Severity
from seawall.cli.render.lines import Line, count, table

if TYPE_CHECKING:
    from seawall.checks.rule import Rule
    from seawall.operations.checks import Report

STYLES = {Severity.ERROR: "bad", Severity.WARNING: "careful", Severity.NOTE: "faint"}
WIDTH = 110


def finding_lines(findings: Sequence[Finding]) -> list[Line]:
    """The findings by file; a rule that is broken several times in a file is explained once there."""
    lines: list[Line] = []
    for path, inside in groupby(findings, key=_file):
        lines.append(Line(path, "title"))
        by_rule: dict[Rule, list[Evidence]] = {}
        for finding in inside:
            by_rule.setdefault(finding.rule, []).append(finding.evidence)
        for rule, shown in by_rule.items():
            lines += [Line(f"  {rule.severity} {rule.id}  {rule.title}", STYLES[rule.severity])]
            lines += [Line(f"    {text}") for one in shown for text in _evidence(one)]
            lines += _wrapped(f"do:  {rule.remedy}", "    ", "         ")
            lines += [Line(f"    see: {rule.reference}", "faint"), Line("")]
    return lines


def summary_lines(shown: Sequence[Finding], report: Report) -> list[Line]:
    """How much there is, and what was not looked at."""
    counts = [(severity, sum(finding.severity is severity for finding in shown)) for severity in Severity]
    said = ", ".join(count(number, str(severity)) for severity, number in counts if number)
    ignored = f"; {report.ignored} ignored by comments" if report.ignored else ""
    style = "good" if not shown else ""
    return [
        Line(f"{said or 'Nothing to mend'} ({count(report.rules, 'rule')} looked at{ignored}).", style),
        *(Line(f"note: {note}", "careful") for note in report.notes),
    ]


def report_data(shown: Sequence[Finding], report: Report) -> dict[str, Any]:
    return {
        "findings": [finding_data(finding) for finding in shown],
        "rules": report.rules,
        "ignored": report.ignored,
        "notes": list(report.notes),
    }


def finding_data(finding: Finding) -> dict[str, Any]:
    """One finding; ``path``, ``line`` and ``text``, or ``request`` and ``answer``, are its evidence."""
    evidence, rule = finding.evidence, finding.rule
    if isinstance(evidence, InFile):
        shown: dict[str, Any] = {"path": evidence.path, "line": evidence.line, "text": evidence.text}
    else:
        shown = {"request": evidence.request, "answer": evidence.answer}
    return {**rule_data(rule), "fact": evidence.fact, "evidence": shown}


def rules_data(rules: Sequence[Rule]) -> dict[str, Any]:
    return {"rules": [{**rule_data(rule), "why": rule.why} for rule in rules]}


def rule_data(rule: Rule) -> dict[str, Any]:
    return {
        "rule": rule.id,
        "severity": str(rule.severity),
        "title": rule.title,
        "remedy": rule.remedy,
        "reference": rule.reference,
    }


def list_lines(rules: Sequence[Rule]) -> list[Line]:
    return [Line(text) for text in table(((rule.id, str(rule.severity), rule.title) for rule in rules), "")]


def rule_lines(rule: Rule) -> list[Line]:
    """One rule in full."""
    return [
        Line(f"{rule.id}  {rule.title}", "title"),
        Line(f"{rule.severity}", STYLES[rule.severity]),
        Line(""),
        *_wrapped(f"why: {rule.why}", "", "     "),
        *_wrapped(f"do:  {rule.remedy}", "", "     "),
        Line(f"see: {rule.reference}"),
        Line(""),
        Line(f"Where it may be broken, say so: # seawall: ignore[{rule.id}] reason", "faint"),
    ]


def _file(finding: Finding) -> str:
    return finding.evidence.path if isinstance(finding.evidence, InFile) else "the live site"


def _evidence(evidence: Evidence) -> Iterator[str]:
    if isinstance(evidence, InFile):
        line = f"{evidence.line}: " if evidence.line else ""
        if evidence.text or line:
            yield f"{line}{evidence.text}"
    else:
        yield f"{evidence.request}: {evidence.answer}"
    if evidence.fact:
        yield f"({evidence.fact})"


def _wrapped(text: str, first: str, rest: str) -> list[Line]:
    filled = textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
    return [Line(line) for line in filled]
