"""What all apps of a host share in nginx: who answers for names that no site has, and how connections begin.

nginx takes some settings (TLS protocols and curves, the time limit for a request's head) from a port's *default server*
whichever site is asked for, so they stand there. Distributions set some of them at the level of ``http`` already, where
a second one is an error; in a server there is never a second one.
"""

from __future__ import annotations

from dataclasses import dataclass

from seawall.agent import preflight
from seawall.agent.resource import Resource
from seawall.agent.vocabulary import Absent, Certificate, File, Line
from seawall.stack import mozilla
from seawall.stack.facts import Facts
from seawall.stack.templates import render

FOLDER = "/etc/nginx/conf.d"
HTTP, HTTPS = (f"{FOLDER}/{name}" for name in preflight.CATCH_ALLS)
#: Since 1.19.4 a server can refuse a handshake (ngx_http_ssl_module, ssl_reject_handshake).
REJECTS_HANDSHAKES = (1, 19, 4)
#: For an nginx that must show some certificate before it can refuse.
NOBODY = ("/etc/ssl/seawall/nobody.crt", "/etc/ssl/seawall/nobody.key")


#: Room for the variables of many apps and for long host names, where nginx's defaults fit one or two apps.
SIZES = dict(zip(preflight.SIZES, (4096, 128, 128), strict=True))


#: Files that a worker may have open: two for each of its connections, and those it serves.
OPEN_FILES = 16384


@dataclass(frozen=True)
class CatchAll:
    """The addresses of one port where ours answers for unknown names, and the files of others that do so already."""

    addresses: tuple[str, ...]
    others: tuple[str, ...]


def addresses(facts: Facts, port: int) -> tuple[str, ...]:
    """All addresses of a port, as ``listen`` has them."""
    return (str(port), f"[::]:{port}") if facts.ipv6 else (str(port),)


def catch_all(facts: Facts, port: int, own_site: str = "") -> CatchAll:
    """Where ours can be the default server of a port: nginx has one for each address. ``own_site`` does not count."""
    taken = dict(item.split(" ", 1) for item in facts.default_servers)
    there = {address: taken[address] for address in addresses(facts, port) if taken.get(address, own_site) != own_site}
    free = tuple(address for address in addresses(facts, port) if address not in there)
    return CatchAll(free, tuple(dict.fromkeys(there.values())))


def resources(facts: Facts, service: str, *, own_site: str, tls: bool, own_default: bool) -> tuple[Resource, ...]:
    """The catch-alls, the distribution's welcome page gone, and its old settings in nginx.conf brought up to date.

    Https has one only where a site has ``tls``; with ``own_default`` the app's own site is that, at ``own_site``. The
    file is there even so: another app may have put one there that would be a second.
    """
    found: list[Resource] = list(_main(service))
    http, https = catch_all(facts, 80, own_site), catch_all(facts, 443, own_site)
    if not any(item.endswith(f" {preflight.STOCK_LINK}") for item in facts.default_servers):
        found.append(Absent(preflight.STOCK_LINK, preflight.STOCK_SITE, service=service))
    sizes = {name: size for name, size in SIZES.items() if name not in facts.nginx_sizes}
    found.append(File(HTTP, render("nginx-host.conf.j2", addresses=http.addresses, sizes=sizes), service=service))
    if tls:
        found += _https(facts, () if own_default else https.addresses, service)
    return tuple(found)


def _main(service: str) -> tuple[Line, ...]:
    """What Debian's nginx.conf says and should not: 768 connections a worker, and for TLS what was right in 2014.

    No site of seawall's goes by the latter, yet a site that somebody adds would. Lines that were chosen by somebody
    are not touched: only the distribution's own wording is replaced.
    """

    def stock(line: str, replaces: str) -> Line:
        return Line(preflight.MAIN, line, replaces=replaces, needs="line", service=service)

    return (
        Line(
            preflight.MAIN,
            f"worker_rlimit_nofile {OPEN_FILES};",
            replaces=r"\s*worker_rlimit_nofile\s",
            first=True,
            needs="file",
            service=service,
        ),
        stock("\tworker_connections 4096;", r"\s*worker_connections 768;"),
        stock("\tssl_protocols TLSv1.2 TLSv1.3;", r"\s*ssl_protocols TLSv1 "),
        stock("\tssl_prefer_server_ciphers off;", r"\s*ssl_prefer_server_ciphers on;"),
    )


def notes(facts: Facts, *, own_site: str, tls: bool) -> tuple[str, ...]:
    """What a person should know of those that were there before."""
    said = []
    for port in (80, 443) if tls else (80,):
        others = catch_all(facts, port, own_site).others
        # An app of seawall's that has no domains answers at the address, and keeps to the same settings.
        foreign = [path for path in others if not path.startswith(f"{preflight.SITES[0]}/seawall-")]
        if foreign:
            said.append(
                f"{foreign[0]} answers for unknown host names on port {port}, and seawall leaves that to it: so its "
                "settings hold for how connections to that port begin"
            )
    return tuple(said)


def _https(facts: Facts, at: tuple[str, ...], service: str) -> list[Resource]:
    old = bool(at) and facts.nginx < REJECTS_HANDSHAKES
    certificate, key = NOBODY if old else ("", "")
    content = render(
        "nginx-host-tls.conf.j2", addresses=at, curves=mozilla.curves(facts), certificate=certificate, key=key
    )
    made: list[Resource] = [Certificate(certificate, key, ("invalid",), service=service)] if old else []
    return [*made, File(HTTPS, content, service=service)]
