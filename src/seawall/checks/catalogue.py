"""All rules there are."""

from __future__ import annotations

from seawall.checks import ignore
from seawall.checks.rule import Check, Rule
from seawall.checks.static import (
    audit,
    cookies,
    crypto,
    data,
    dependencies,
    failing,
    forms,
    front,
    injection,
    kept,
    leaks,
    migrations,
    reaching,
    running,
    secrets,
    workers,
)
from seawall.checks.static.source import Source

#: The rules that need no server.
STATIC: tuple[Check[Source], ...] = (
    *running.CHECKS,
    *failing.CHECKS,
    *cookies.CHECKS,
    *forms.CHECKS,
    *crypto.CHECKS,
    *injection.CHECKS,
    *reaching.CHECKS,
    *secrets.CHECKS,
    *kept.CHECKS,
    *leaks.CHECKS,
    *dependencies.CHECKS,
    *audit.CHECKS,
    *data.CHECKS,
    *migrations.CHECKS,
    *workers.CHECKS,
    *front.CHECKS,
)


def every_rule() -> tuple[Rule, ...]:
    """Every rule in the order of its id, the live ones and those about ignoring included."""
    from seawall.checks.live.catalogue import LIVE

    rules = [*ignore.RULES, *(check.rule for check in STATIC), *(check.rule for check in LIVE)]
    return tuple(sorted(rules, key=lambda rule: rule.id))
