"""``# seawall: ignore[SW204] why``: a person knows, and says why it is well here.

The comment stands on the line of the evidence, or alone on the line above. It may name several rules. One without a
reason, of a rule that there is not, or that hides nothing, is itself a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from seawall.checks.finding import Finding, InFile, Severity
from seawall.checks.rule import Rule

SUFFIXES = frozenset(
    {".py", ".html", ".htm", ".jinja", ".jinja2", ".j2", ".xml", ".toml", ".txt", ".in", ".yml", ".yaml"}
)
COMMENT = re.compile(r"(?:#|\{#-?|<!--)\s*seawall:\s*ignore\[([^\]\n]*)\]:?(.*)")
END = re.compile(r"-?#\}|-->")
REFERENCE = "docs/guides/checklist.md"
LONGEST = 160  # characters of a comment that are shown

NO_REASON = Rule(
    "SW001",
    Severity.NOTE,
    "A rule is ignored without a reason",
    "Whoever reads it later cannot tell whether it still holds.",
    "Write why it is well here after the bracket: # seawall: ignore[SW204] reason.",
    REFERENCE,
)
UNKNOWN = Rule(
    "SW002",
    Severity.NOTE,
    "A rule is ignored that there is not",
    "A mistyped id hides nothing, though it looks as if it did.",
    "Take the id from `seawall check --list`.",
    REFERENCE,
)
UNUSED = Rule(
    "SW003",
    Severity.NOTE,
    "A rule is ignored where it finds nothing",
    "It would hide the next breach that somebody adds to that line.",
    "Remove the comment.",
    REFERENCE,
)
RULES = (NO_REASON, UNKNOWN, UNUSED)


@dataclass(frozen=True)
class Ignore:
    """One rule that a comment ignores on some lines of a file."""

    rule: str
    reason: str
    path: str
    line: int
    text: str
    covers: tuple[int, ...]

    def hides(self, finding: Finding) -> bool:
        at = finding.evidence
        return (
            isinstance(at, InFile) and at.path == self.path and at.line in self.covers and finding.rule.id == self.rule
        )


def is_read(path: str) -> bool:
    """Whether comments of this kind are looked for in a file."""
    name = path.rpartition("/")[2]
    return name.startswith(".env") or name == ".flaskenv" or f".{name.rpartition('.')[2]}" in SUFFIXES


def ignores_in(path: str, text: str) -> Iterator[Ignore]:
    """The ignores of one file; lines count from 1."""
    if "seawall:" not in text:
        return
    for number, line in enumerate(text.splitlines(), start=1):
        match = COMMENT.search(line)
        if match:
            alone = not line[: match.start()].strip()
            covers = (number, number + 1) if alone else (number,)
            reason = END.split(match[2], maxsplit=1)[0].strip()
            for name in match[1].split(","):
                yield Ignore(name.strip(), reason, path, number, match[0].strip()[:LONGEST], covers)


@dataclass(frozen=True)
class Judged:
    """What is left of the findings, how many a comment hid, and what could not be read."""

    findings: list[Finding]
    ignored: int
    notes: tuple[str, ...] = ()


def judge(findings: Sequence[Finding], ignores: Iterable[Ignore], ran: Mapping[str, bool]) -> Judged:
    """Leave out what is ignored, and add what is to be said of the ignores themselves. ``ran`` has every rule that
    there is, and whether it was looked for this time: only of those can it be said that they find nothing."""
    every, kept = list(ignores), []
    used: set[Ignore] = set()
    for finding in findings:
        hiding = [ignore for ignore in every if ignore.hides(finding)]
        used.update(hiding)
        if not hiding:
            kept.append(finding)
    hidden = len(findings) - len(kept)
    kept += [Finding(rule, _at(ignore)) for ignore in every for rule in _faults(ignore, used, ran)]
    return Judged(kept, hidden)


def _faults(ignore: Ignore, used: set[Ignore], ran: Mapping[str, bool]) -> Iterator[Rule]:
    if ignore.rule not in ran:
        yield UNKNOWN
    elif ignore not in used and ran[ignore.rule]:
        yield UNUSED
    if not ignore.reason:
        yield NO_REASON


def _at(ignore: Ignore) -> InFile:
    return InFile(ignore.path, ignore.line, ignore.text, ignore.rule)
