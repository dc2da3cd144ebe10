"""What all apps of a host share in Apache: modules, ports, and who answers for names that no site has."""

from __future__ import annotations

from seawall.agent import preflight_apache
from seawall.agent.resource import Resource
from seawall.agent.vocabulary import Absent, Certificate, File, Link
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


def resources(facts: Facts, service: str, *, tls: bool) -> tuple[Resource, ...]:
    """What apps share: for all of them, and for those with TLS; and the distribution's welcome page gone."""
    found: list[Resource] = []
    if preflight_apache.STOCK_LINK not in facts.apache_sites:
        found.append(Absent(preflight_apache.STOCK_LINK, preflight_apache.STOCK_TARGET, service=service))
    found += _plain(facts, service)
    found += _with_tls(facts, service) if tls else []
    return tuple(found)


def _plain(facts: Facts, service: str) -> list[Resource]:
    modules = render("apache-host.conf.j2", modules=MODULES, ports=_missing(facts, 80))
    catch_all = render("apache-catch-all.conf.j2", port=80, free=_is_free(facts, 80))
    return [
        *_enabled("conf", preflight_apache.SHARED[0], modules, service),
        *_enabled("sites", preflight_apache.OURS[0], catch_all, service),
    ]


def _with_tls(facts: Facts, service: str) -> list[Resource]:
    certificate, key = NOBODY
    missing = _missing(facts, 443)
    modules = render(
        "apache-host-tls.conf.j2", modules=MODULES_FOR_TLS, ports=missing, without_ssl=() if missing else (443,)
    )
    catch_all = render(
        "apache-catch-all.conf.j2",
        port=443,
        free=_is_free(facts, 443),
        certificate=certificate,
        key=key,
        curves=mozilla.curves(facts),
    )
    return [
        Certificate(certificate, key, ("invalid",), service=service),
        *_enabled("conf", preflight_apache.SHARED[1], modules, service),
        *_enabled("sites", preflight_apache.OURS[1], catch_all, service),
    ]


def _enabled(folder: str, name: str, content: str, service: str) -> tuple[Resource, ...]:
    """A file, and the link by which Debian's Apache reads it (a2enconf(8), a2ensite(8))."""
    return (
        File(f"{ROOT}/{folder}-available/{name}", content, service=service),
        Link(f"{ROOT}/{folder}-enabled/{name}", f"../{folder}-available/{name}", service=service),
    )


def _missing(facts: Facts, port: int) -> tuple[int, ...]:
    """The port, if no file of the host tells Apache to listen on it."""
    there = facts.apache_ports if facts.apache_version else DISTRIBUTED_PORTS
    return () if str(port) in there else (port,)


def _is_free(facts: Facts, port: int) -> bool:
    """Whether no site of somebody else answers for unknown names there."""
    return str(port) not in {entry.partition(" ")[0] for entry in facts.apache_default_servers}


def notes(facts: Facts, *, tls: bool) -> tuple[str, ...]:
    """What a person should know of sites that were there before."""
    others = dict(entry.split(" ", 1) for entry in reversed(facts.apache_default_servers))
    return tuple(
        f"{others[str(port)]} answers for unknown host names on port {port}, and seawall leaves that to it: so its "
        "settings hold for how connections to that port begin"
        for port in ((80, 443) if tls else (80,))
        if str(port) in others
    )
