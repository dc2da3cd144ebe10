"""The live rules: SW8xx look at the site from outside, SW9xx at its hosts."""

from __future__ import annotations

from typing import Any

from seawall.checks.live import host, rules_headers, rules_pages, rules_requests, rules_tls, rules_way
from seawall.checks.live.seen import Outside
from seawall.checks.rule import Check

OUTSIDE: tuple[Check[Outside], ...] = (
    *rules_tls.CHECKS,
    *rules_way.CHECKS,
    *rules_headers.CHECKS,
    *rules_pages.CHECKS,
    *rules_requests.CHECKS,
)
HOST: tuple[Check[host.HostSeen], ...] = host.CHECKS
LIVE: tuple[Check[Any], ...] = (*OUTSIDE, *HOST)
