"""TLS of an app's site: which certificate it shows, where that comes from, and what browsers are told of it."""

from __future__ import annotations

from dataclasses import dataclass

from seawall.agent.vocabulary import Certificate, Directory, Resource
from seawall.config.model import Project
from seawall.config.security import Tls
from seawall.errors import ConfigError

CERTIFICATES = "/etc/ssl/seawall"
#: Where certbot puts the answers to the authority's questions (RFC 8555, 8.3), and nginx serves them over http.
CHALLENGES = "/var/lib/seawall/challenges"


@dataclass(frozen=True)
class SiteTls:
    """What the proxy needs to know. ``certificate`` and ``key`` are paths on the host.

    ``challenges`` is the folder of the authority's questions, "" where nobody asks any. ``hsts`` is the value of
    Strict-Transport-Security, "" where it must not be sent.
    """

    certificate: str
    key: str
    challenges: str = ""
    hsts: str = ""


def of_site(project: Project) -> SiteTls | None:
    """TLS of the project's site, or None for plain http. Raises ConfigError."""
    tls = project.tls
    if tls.mode == "off":
        return None
    if tls.mode == "files":
        if not (tls.certificate and tls.key):
            raise ConfigError(
                "tls.mode is files, and a path is missing", place="[tls]", remedy="set certificate and key"
            )
        return SiteTls(tls.certificate, tls.key, hsts=hsts(tls))
    path = f"{CERTIFICATES}/{project.app_id}"
    if tls.mode == "acme":
        return SiteTls(f"{path}.crt", f"{path}.key", CHALLENGES, hsts(tls))
    return SiteTls(f"{path}.crt", f"{path}.key")


def hsts(tls: Tls) -> str:
    """The value of Strict-Transport-Security (RFC 6797, 6.1), "" for none."""
    if not tls.hsts_seconds:
        return ""
    words = [f"max-age={tls.hsts_seconds}"]
    words += ["includeSubDomains"] if tls.hsts_subdomains else []
    words += ["preload"] if tls.hsts_preload else []
    return "; ".join(words)


def resources(project: Project, hosts: tuple[str, ...], service: str) -> tuple[Resource, ...]:
    """What must lie on the host so that the site has a certificate; ``service`` must hear when it changes."""
    site = of_site(project)
    if site is None or project.tls.mode == "files":
        return ()
    bare = tuple(host.strip("[]") for host in hosts)
    return (
        Directory(CERTIFICATES, 0o755, "root", "root"),
        Certificate(site.certificate, site.key, bare, service=service),
    )


def notes(project: Project) -> tuple[str, ...]:
    """What a person should know of it."""
    if project.tls.mode == "self-signed":
        return ('the certificate is self-signed: browsers warn of it until tls.mode is "acme" or "files"',)
    if project.tls.mode == "off":
        return ("without TLS, everything that visitors and the app say can be read on the way",)
    return ()
