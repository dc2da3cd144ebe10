"""SW863 to SW866: what else answers at the site's address, and whether it is the right one."""

from __future__ import annotations

from collections.abc import Iterator

from seawall.checks.finding import Evidence, Exchange, Severity
from seawall.checks.live.outside import PORTS
from seawall.checks.live.seen import Outside
from seawall.checks.rule import Check, Rule


def dangerous_ports(seen: Outside) -> Iterator[Evidence]:
    for port in seen.ports:
        if port in PORTS:
            yield Exchange(f"connect to {seen.site.address} port {port}", f"accepted; usually {PORTS[port]}")


def other_ports(seen: Outside) -> Iterator[Evidence]:
    for port in seen.ports:
        if port not in PORTS and port != 22:
            yield Exchange(f"connect to {seen.site.address} port {port}", "accepted")


def no_contact(seen: Outside) -> Iterator[Evidence]:
    for answer in seen.of("notes"):
        if answer.request.endswith("security.txt") and not ("contact:" in answer.body.lower() and answer.good):
            yield answer.evidence()


def leads_elsewhere(seen: Outside) -> Iterator[Evidence]:
    if seen.resolved and seen.hosts and not set(seen.hosts) & set(seen.resolved):
        yield Exchange(f"look up {seen.site.domain}", ", ".join(seen.resolved), f"the host is {', '.join(seen.hosts)}")


CHECKS: tuple[Check[Outside], ...] = (
    Check(
        Rule(
            "SW863",
            Severity.ERROR,
            "A service that is not meant for the world takes connections from it",
            "Databases and app servers behind a proxy trust whoever reaches them.",
            "Let it listen on 127.0.0.1 or a unix socket, and close the port: `seawall server setup`.",
            "https://cheatsheetseries.owasp.org/cheatsheets/Database_Security_Cheat_Sheet.html",
        ),
        dangerous_ports,
    ),
    Check(
        Rule(
            "SW864",
            Severity.WARNING,
            "Another port takes connections",
            "Each is one more way in.",
            "If nobody needs it from outside, close it: `seawall server setup`.",
            "https://cheatsheetseries.owasp.org/cheatsheets/Attack_Surface_Analysis_Cheat_Sheet.html",
        ),
        other_ports,
    ),
    Check(
        Rule(
            "SW865",
            Severity.NOTE,
            "There is no security.txt",
            "Who finds a hole does not know whom to tell.",
            "Serve /.well-known/security.txt with Contact and Expires.",
            "RFC 9116, 3",
        ),
        no_contact,
    ),
    Check(
        Rule(
            "SW866",
            Severity.NOTE,
            "The domain leads to another address than the hosts'",
            "Visitors see what is there: another server, or a proxy in front that was not looked past.",
            "Change the DNS record, if that is not what you want.",
            "docs/guides/live-check.md",
        ),
        leads_elsewhere,
    ),
)
