"""What all apps of a host share in Apache: modules, ports, and who answers for names that no site has."""

from __future__ import annotations

from dataclasses import dataclass

from seawall.agent import preflight_apache
from seawall.agent.vocabulary import Absent, Certificate, File, Link, Resource
from seawall.stack import mozilla
from seawall.stack.facts import Facts
from seawall.stack.nginx_host import NOBODY
from seawall.stack.templates import render

ROOT = "/etc/apache2"
#: What Debian's ports.conf has; the second only where mod_ssl is enabled in Debian's way, before that file is read.
DISTRIBUTED_PORTS = ("80", "443")
#: The modules that sites use, in an order in which each finds those that it needs.
# fmt: off
MODULES = (
    "alias", "mime", "filter", "deflate", "buffer", "headers", "setenvif", "rewrite", "reqtimeout", "unique_id",
    "proxy", "proxy_http", "proxy_uwsgi",
)
# fmt: on
MODULES_FOR_TLS = ("socache_shmcb", "ssl", "http2")


@dataclass(frozen=True)
class Ports:
    """Ports to listen on besides those of Debian's own file: always, and where it was read without mod_ssl."""

    always: tuple[int, ...]
    without_ssl: tuple[int, ...]


def ports(facts: Facts, *, tls: bool) -> Ports:
    """What the host's files do not tell Apache yet."""
    there = facts.apache_ports if facts.apache_version else DISTRIBUTED_PORTS
    missing = tuple(port for port in _ports(tls) if str(port) not in there)
    return Ports(missing, (443,) if tls and 443 not in missing else ())


def catch_all(facts: Facts, *, tls: bool) -> tuple[int, ...]:
    """The ports at which no site of somebody else answers for unknown names."""
    taken = {entry.partition(" ")[0] for entry in facts.apache_default_servers}
    return tuple(port for port in _ports(tls) if str(port) not in taken)


def resources(facts: Facts, service: str, *, tls: bool) -> tuple[Resource, ...]:
    """The two files and what they need, and the distribution's welcome page gone."""
    modules, free = (*MODULES, *(MODULES_FOR_TLS if tls else ())), catch_all(facts, tls=tls)
    certificate, key = NOBODY
    own, shared = preflight_apache.OURS, preflight_apache.SHARED
    found: list[Resource] = []
    if preflight_apache.STOCK_LINK not in facts.apache_sites:
        found.append(Absent(preflight_apache.STOCK_LINK, preflight_apache.STOCK_TARGET, service=service))
    if 443 in free:
        found.append(Certificate(certificate, key, ("invalid",), service=service))
    return (
        *found,
        File(
            f"{ROOT}/conf-available/{shared}",
            render("apache-host.conf.j2", modules=modules, ports=ports(facts, tls=tls)),
            service=service,
        ),
        Link(f"{ROOT}/conf-enabled/{shared}", f"../conf-available/{shared}", service=service),
        File(
            f"{ROOT}/sites-available/{own}",
            render(
                "apache-catch-all.conf.j2",
                catch_all=free,
                certificate=certificate,
                key=key,
                curves=mozilla.curves(facts),
            ),
            service=service,
        ),
        Link(f"{ROOT}/sites-enabled/{own}", f"../sites-available/{own}", service=service),
    )


def notes(facts: Facts, *, tls: bool) -> tuple[str, ...]:
    """What a person should know of sites that were there before."""
    others = dict(entry.split(" ", 1) for entry in reversed(facts.apache_default_servers))
    return tuple(
        f"{others[str(port)]} answers for unknown host names on port {port}, and seawall leaves that to it: so its "
        "settings hold for how connections to that port begin"
        for port in _ports(tls)
        if str(port) in others
    )


def _ports(tls: bool) -> tuple[int, ...]:
    return (80, 443) if tls else (80,)
