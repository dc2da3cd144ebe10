"""A rule of the checklist, and choosing among rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from seawall.checks.finding import Evidence, Severity
from seawall.errors import UsageError

S_contra = TypeVar("S_contra", contravariant=True)


@dataclass(frozen=True)
class Rule:
    """What a rule says, whatever it looks at. ``title`` states the fault as a fact; ``why`` what can come of it;
    ``remedy`` what to do; ``reference`` is a page that says so too."""

    id: str
    severity: Severity
    title: str
    why: str
    remedy: str
    reference: str


@dataclass(frozen=True)
class Check(Generic[S_contra]):
    """A rule and the function that looks for breaches of it in a subject. A slow one starts other programs or reads
    much; `deploy` leaves it out."""

    rule: Rule
    look: Callable[[S_contra], Iterable[Evidence]]
    slow: bool = False


def chosen(checks: Sequence[Check[S_contra]], only: Iterable[str], skip: Iterable[str]) -> list[Check[S_contra]]:
    """The checks to run: ``only`` those if any are named, without those to ``skip``."""
    wanted, unwanted = set(only), set(skip)
    return [c for c in checks if (not wanted or c.rule.id in wanted) and c.rule.id not in unwanted]


def must_exist(ids: Iterable[str], known: Iterable[str]) -> None:
    """Raises UsageError for an id that no rule has."""
    there = set(known)
    for name in ids:
        if name not in there:
            raise UsageError(f"there is no rule {name}", remedy="`seawall check --list` names them all")
