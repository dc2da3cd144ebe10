"""Findings as SARIF 2.1.0, the format that code-scanning services read
(https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from seawall.checks.finding import Exchange, Finding, InFile
from seawall.checks.rule import Rule

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(findings: Sequence[Finding], rules: Sequence[Rule], version: str) -> dict[str, Any]:
    """A log of one run. ``rules`` are those that were looked for, whether they found something or not."""
    index = {rule.id: number for number, rule in enumerate(rules)}
    driver = {"name": "seawall", "version": version, "rules": [_rule(rule) for rule in rules]}
    results = [_result(finding, index) for finding in findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> dict[str, Any]:
    described = {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.remedy} See {rule.reference}"},
        "defaultConfiguration": {"level": str(rule.severity)},
    }
    return {**described, "helpUri": rule.reference} if rule.reference.startswith("https://") else described


def _result(finding: Finding, index: dict[str, int]) -> dict[str, Any]:
    said = [finding.rule.title, finding.evidence.fact]
    if isinstance(finding.evidence, Exchange):
        said += [f"{finding.evidence.request}: {finding.evidence.answer}"]
    result: dict[str, Any] = {
        "ruleId": finding.rule.id,
        "level": str(finding.severity),
        "message": {"text": ". ".join(part.rstrip(".") for part in said if part) + "."},
    }
    if finding.rule.id in index:
        result["ruleIndex"] = index[finding.rule.id]
    if isinstance(finding.evidence, InFile):
        result["locations"] = [{"physicalLocation": _location(finding.evidence)}]
    return result


def _location(place: InFile) -> dict[str, Any]:
    """The file as a URI relative to the folder that was checked (SARIF 3.4.3), and the line."""
    location: dict[str, Any] = {"artifactLocation": {"uri": quote(place.path)}}
    if place.line:
        location["region"] = {"startLine": place.line, **({"snippet": {"text": place.text}} if place.text else {})}
    return location
