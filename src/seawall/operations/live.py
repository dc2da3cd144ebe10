"""The live part of the checklist: the deployed site from outside, and its hosts as far as ssh lets us in."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from seawall.checks.finding import Finding
from seawall.checks.live import crawl, csp, outside, tls
from seawall.checks.live.catalogue import HOST, OUTSIDE
from seawall.checks.live.host import HostSeen
from seawall.checks.live.rules_requests import slowness_borne
from seawall.checks.live.seen import Outside, Site
from seawall.checks.live.wire import DRIP
from seawall.checks.rule import chosen
from seawall.checks.run import go_through, ordered
from seawall.config.model import LOCAL, Project
from seawall.errors import ConnectionFailed, ConnectionLost, UsageError
from seawall.operations.checks import Report
from seawall.operations.hosts import AskPassword, Host, address_of, connect, targets
from seawall.operations.look import status
from seawall.stack.tls import of_site


@dataclass(frozen=True)
class Looked:
    """What the live rules found, and the policy that the pages seen would get along with, where there are pages."""

    report: Report
    proposal: csp.Proposal | None


@dataclass(frozen=True)
class Reached:
    """One host: its name, its address from here, and what its agent said, None where ssh did not let us in."""

    name: str
    address: str
    seen: HostSeen | None = None

    @property
    def certificate(self) -> Mapping[str, str]:
        return (self.seen.posture["certificate"] if self.seen else None) or {}

    @property
    def listening(self) -> set[int]:
        """The ports on which something listens for others, but for sshd's."""
        if not self.seen:
            return set()
        ssh = self.seen.posture["sshd"].get("port", "").split()
        return set(self.seen.posture["listening"]) - {int(port) for port in ssh}


def check_live(
    project: Project,
    ask: AskPassword,
    *,
    hosts: Sequence[str] = (),
    ca: Path | None = None,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
) -> Looked:
    """Look at the site of a project, on all its hosts or those named. Raises UsageError."""
    if project.environment == LOCAL:
        raise UsageError(
            "the live rules look at a deployed site, and local is this machine",
            remedy="name another environment: `seawall check --live -e production`",
        )
    authorities = [_text(ca)] if ca else []
    notes: list[str] = []
    reached = list(_reach(project, ask, hosts, notes))
    pins = [one.certificate["pem"] for one in reached if one.certificate] if project.tls.mode == "self-signed" else []
    from_outside, on_host = chosen(OUTSIDE, only, skip), chosen(HOST, only, skip)
    looking = partial(
        outside.look,
        health=project.health.path,
        mounts=tuple(project.static),
        listening=sorted({port for one in reached for port in one.listening}),
        trusted=authorities + pins,
        drip=DRIP if any(check.look is slowness_borne for check in from_outside) else 0,
    )
    seen = [_placed(project, looking(site), reached) for site in sites(project, reached, hosts, notes)]
    notes += dict.fromkeys(note for one in seen for note in one.notes)
    findings: list[Finding] = [found for one in seen for found in go_through(from_outside, one)]
    findings += [found for one in reached if one.seen for found in go_through(on_host, one.seen)]
    rules = len(from_outside) + (len(on_host) if any(one.seen for one in reached) else 0)
    return Looked(Report(ordered(dict.fromkeys(findings)), rules, 0, tuple(notes)), propose(seen))


def sites(project: Project, reached: Sequence[Reached], only: Sequence[str], notes: list[str]) -> Iterator[Site]:
    """Where to look: at the domain as the world resolves it; where it does not resolve, or hosts were named, at each
    host's own address. What differs from a visitor's way is added to ``notes``."""
    https, self_signed = project.tls.mode != "off", project.tls.mode == "self-signed"
    if not project.domains:
        for one in reached:
            yield Site(one.address, one.address, https, self_signed=self_signed)
        return
    domain = project.domains[0].replace("*", "www", 1)
    site = Site(domain, domain, https, aliases=project.redirect_from, self_signed=self_signed)
    if outside.addresses_of(domain) and not only:
        yield site
        return
    for one in reached:
        if not only:
            notes.append(f"{domain} does not resolve from here, so {one.name} was asked for it at {one.address}")
        yield replace(site, address=one.address)


def propose(seen: Sequence[Outside]) -> csp.Proposal | None:
    """A Content-Security-Policy for the pages that were seen; None without any."""
    pages = [page for one in seen for page in crawl.read(one.pages)]
    scripts = (asset.body for one in seen for asset in one.assets if "javascript" in asset.kind)
    sheets = {asset.url: asset.body for one in seen for asset in one.assets if asset.kind == "text/css"}
    return csp.propose(pages, scripts, sheets) if pages else None


def _placed(project: Project, seen: Outside, reached: Sequence[Reached]) -> Outside:
    """What was seen, with where the name leads and where it should."""
    resolved = outside.addresses_of(seen.site.domain) if project.domains else ()
    return seen.but(resolved=resolved, hosts=tuple(one.address for one in reached))


def _reach(project: Project, ask: AskPassword, only: Sequence[str], notes: list[str]) -> Iterator[Reached]:
    """Every host with what it says of itself. One that does not let us in is looked at from outside alone."""
    names = [name for name, _ in targets(project, only)]
    there: dict[str, Host] = {}
    for name in names:
        try:
            there[name] = connect(project, ask, [name])[0]
        except (ConnectionFailed, ConnectionLost) as error:
            notes.append(f"{error.fact}, so what only the host itself knows was not looked at")
    try:
        with ThreadPoolExecutor(8) as pool:
            asked = {name: pool.submit(_ask_host, project, host) for name, host in there.items()}
            for name in names:
                yield asked[name].result() if name in asked else Reached(name, _resolved(address_of(name)))
    finally:
        for host in there.values():
            host.session.close()


def _ask_host(project: Project, host: Host) -> Reached:
    address = str(host.session.facts.get("address") or "") or _resolved(address_of(host.name))
    site = of_site(project)
    posture = host.session.request(
        "posture", certificate=site.certificate if site else "", keys=[site.key] if site else []
    )
    app = status([host])[0]
    seen = HostSeen(
        name=host.name,
        now=datetime.now(UTC),
        posture=posture,
        interrupted=app.interrupted,
        live=app.live,
        unwell=tuple(_unwell(app.live, app.health, {one.name: one.broken for one in app.programs})),
        served=_served(project, address),
    )
    return Reached(host.name, address, seen)


def _unwell(live: str, health: str, programs: Mapping[str, str]) -> Iterable[str]:
    if not live:
        yield "no release is live"
    elif health != "healthy":
        yield health
    yield from (f"{name}: {broken}" for name, broken in programs.items() if broken)


def _served(project: Project, address: str) -> str:
    """The hash of the certificate that this very host shows for the site; "" if it shows none."""
    if project.tls.mode == "off":
        return ""
    domain = project.domains[0].replace("*", "www", 1) if project.domains else address
    shown = tls.served_certificate(Site(domain, address))
    return shown.sha256 if shown else ""


def _resolved(name: str) -> str:
    """A host's address as this machine resolves it; the name itself where it does not."""
    try:
        found: list[Any] = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return name
    return str(found[0][4][0])


def _text(path: Path) -> str:
    """Raises UsageError if there is no certificate in it."""
    try:
        text = path.read_text(encoding="ascii")
        ssl.create_default_context(cadata=text or " ")
    except OSError as error:  # ssl's errors are such, too
        said = "" if isinstance(error, ssl.SSLError) else f": {error.strerror}"
        raise UsageError(f"is no file of certificates in PEM form{said}", place=str(path)) from error
    except ValueError as error:
        raise UsageError("is no file of certificates in PEM form", place=str(path)) from error
    return text
