"""The live rules: SW8xx look at the site from outside, SW9xx at its hosts."""

from __future__ import annotations

from typing import Any

from seawall.checks.live import (
    host,
    rules_headers,
    rules_pages,
    rules_ports,
    rules_requests,
    rules_system,
    rules_tls,
    rules_way,
)
from seawall.checks.live.seen import Outside
from seawall.checks.rule import Check

OUTSIDE: tuple[Check[Outside], ...] = (
    *rules_tls.CHECKS,
    *rules_way.CHECKS,
    *rules_headers.CHECKS,
    *rules_pages.CHECKS,
    *rules_requests.CHECKS,
    *rules_ports.CHECKS,
)
HOST: tuple[Check[host.HostSeen], ...] = tuple(
    sorted((*host.CHECKS, *rules_system.CHECKS), key=lambda check: check.rule.id)
)
LIVE: tuple[Check[Any], ...] = (*OUTSIDE, *HOST)
