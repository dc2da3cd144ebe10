"""Looking at a site from outside: everything at once, each question bounded in time. Rules judge what comes of it."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from seawall.checks.live import crawl, tls, wire
from seawall.checks.live.questions import STRANGER, questions
from seawall.checks.live.seen import Answer, Outside, Request, Site

#: How many questions are under way at once; far below what one visitor is allowed.
AT_ONCE = 8
#: How long to wait after an answer that it was too much at once, seconds.
PAUSES = (0.5, 1.5)
TOO_MANY = 429
#: Ports on which nothing should answer the world, and what usually does.
PORTS = {
    21: "FTP",
    23: "telnet",
    25: "mail",
    111: "rpcbind",
    139: "Samba",
    445: "Samba",
    873: "rsync",
    2049: "NFS",
    2375: "Docker without TLS",
    2376: "Docker",
    2379: "etcd",
    3000: "a development server",
    3306: "MySQL",
    3389: "remote desktop",
    4000: "a development server",
    4369: "Erlang's epmd",
    5000: "Flask's development server",
    5432: "PostgreSQL",
    5555: "Flower",
    5672: "RabbitMQ",
    5900: "VNC",
    5984: "CouchDB",
    6379: "Redis",
    6443: "Kubernetes",
    8000: "an app server",
    8001: "an app server",
    8080: "an app server",
    8443: "an app server",
    8888: "Jupyter",
    9000: "an app server",
    9001: "supervisor",
    9090: "Prometheus",
    9100: "Prometheus's node exporter",
    9191: "uWSGI's statistics",
    9200: "Elasticsearch",
    10250: "Kubernetes",
    11211: "memcached",
    15672: "RabbitMQ",
    27017: "MongoDB",
}


def look(
    site: Site,
    *,
    health: str = "/",
    mounts: tuple[str, ...] = (),
    listening: Sequence[int] = (),
    trusted: Sequence[str] = (),
    drip: float = wire.DRIP,
) -> Outside:
    """Look at a site.

    ``health`` is asked for where the first page is not there; ``mounts`` are prefixes of static folders; ``listening``
    the ports on which its host says that something listens; ``trusted`` certificates in PEM form to trust besides those
    of this machine; ``drip`` how many seconds to watch a slow client, 0 for not at all.
    """
    ask = _patiently(site)
    first = ask(Request())
    if not first.status:
        return Outside(site, datetime.now(UTC), pages=(first,), notes=tuple(_notes(site, [first])))
    ports = sorted({*PORTS, *listening} - {site.port, site.http_port})
    with ThreadPoolExecutor(AT_ONCE + 4) as pool, ThreadPoolExecutor(20) as scanning:
        slow = pool.submit(wire.drip, site, drip)
        open_ports = [(port, scanning.submit(wire.takes_connections, site.address, port)) for port in ports]
        spoken = pool.submit(tls.look, site, trusted) if site.https else None
        stranger = pool.submit(wire.speaks_tls_as, site, STRANGER) if site.https else None
        answers = {kind: [pool.submit(ask, one) for one in asked] for kind, asked in questions(site, mounts).items()}
        pages = crawl.pages(site, ask, "/" if first.status < 400 else health)
        pages = pages if first.status < 400 else [first, *pages]
        assets = crawl.assets(site, ask, pages)
        return Outside(
            site=site,
            now=datetime.now(UTC),
            pages=tuple(pages),
            assets=tuple(assets),
            asked={kind: tuple(answer.result() for answer in asked) for kind, asked in answers.items()},
            tls=spoken.result() if spoken else None,
            stranger=stranger.result() if stranger else None,
            slow=slow.result(),
            ports=tuple(port for port, is_open in open_ports if is_open.result()),
            notes=tuple(_notes(site, pages)),
        )


def _patiently(site: Site) -> crawl.Ask:
    """Asks the site, and again after a while where that was too much at once."""

    def ask(request: Request) -> Answer:
        for pause in PAUSES:
            answer = wire.ask(site, request)
            if answer.status != TOO_MANY:
                return answer
            time.sleep(pause)
        return wire.ask(site, request)

    return ask


def _notes(site: Site, pages: Sequence[Answer]) -> Iterator[str]:
    """What could not be looked at."""
    if site.https and not tls.has_sslyze():
        yield tls.NOT_ALL
    if not any(page.good for page in pages):
        yield f"{pages[0].request}: {pages[0].said}, so headers, cookies and pages were not looked at"


def addresses_of(domain: str) -> tuple[str, ...]:
    """The addresses that a name resolves to from here; none if it does not."""
    try:
        return tuple(
            dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(domain, 443, type=socket.SOCK_STREAM))
        )
    except (OSError, UnicodeError):
        return ()
