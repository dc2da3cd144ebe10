"""What the checklist finds: how grave it is, and what shows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seawall.checks.rule import Rule


class Severity(StrEnum):
    """How grave a finding is, the gravest first."""

    ERROR = "error"  # must not go online: a hole that anybody can use, or an app that cannot work
    WARNING = "warning"  # to be mended before it hurts
    NOTE = "note"  # worth knowing

    @property
    def rank(self) -> int:
        """0 for the gravest."""
        return tuple(Severity).index(self)

    def at_least(self, other: Severity) -> bool:
        """Whether this is as grave as the other, or graver."""
        return self.rank <= other.rank


@dataclass(frozen=True)
class InFile:
    """A line of a file that shows it. ``path`` is relative to the folder that was checked; ``line`` counts from 1, and
    0 means the file as a whole. ``fact`` says what is so here, where the rule's title does not say it all."""

    path: str
    line: int
    text: str = ""
    fact: str = ""

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


@dataclass(frozen=True)
class Exchange:
    """What a live site or host was asked, and what it answered. ``request`` is written as a person would ask it
    (``GET https://example.com/.env``)."""

    request: str
    answer: str
    fact: str = ""

    @property
    def place(self) -> str:
        return self.request


Evidence = InFile | Exchange


@dataclass(frozen=True)
class Finding:
    """One piece of evidence that a rule is broken."""

    rule: Rule
    evidence: Evidence

    @property
    def severity(self) -> Severity:
        return self.rule.severity
