"""TLS of an app's site: which certificate it shows, where that comes from, and what browsers are told of it."""

from __future__ import annotations

from dataclasses import dataclass

from seawall.agent.owned import RENEWAL
from seawall.agent.resource import Resource
from seawall.agent.vocabulary import (
    AcmeCertificate,
    Certificate,
    Directory,
    File,
    GivenCertificate,
    Link,
    Package,
    Service,
    Unit,
)
from seawall.config.model import Project
from seawall.config.security import Tls
from seawall.errors import ConfigError
from seawall.stack.templates import render
from seawall.stack.unit_files import UNIT_DIR, UNITS

#: Where the site is asked on the host itself.
HTTPS_HERE = "127.0.0.1:443"
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


def resources(project: Project, hosts: tuple[str, ...], service: Service, address: str = "") -> tuple[Resource, ...]:
    """What must lie on the host so that the site has a certificate for ``hosts``.

    ``service`` shows it to visitors and must hear when it changes; ``address`` is the one that people know the host by.
    """
    shown = certificate(project, hosts, service, address)
    if shown is None or isinstance(shown, GivenCertificate):
        return () if shown is None else (shown,)
    folder = Directory(CERTIFICATES, 0o755, "root", "root")
    if isinstance(shown, Certificate):
        return (folder, shown)
    return (
        Package("certbot"),
        folder,
        Directory(CHALLENGES, 0o755, "root", "root"),
        _install(project, shown, service),
        *_private_authority(project),
        shown,
        UNITS,
        Unit("certbot.timer"),
    )


def certificate(
    project: Project, hosts: tuple[str, ...], service: Service, address: str = ""
) -> AcmeCertificate | Certificate | GivenCertificate | None:
    """The certificate that the site shows, None for plain http."""
    site = of_site(project)
    if site is None:
        return None
    tls, domains = project.tls, tuple(host.strip("[]") for host in hosts)
    if tls.mode == "files":
        # Without a domain the site goes by the host's address, which few certificates name.
        return GivenCertificate(site.certificate, site.key, domains if project.domains else ())
    if tls.mode == "self-signed":
        return Certificate(site.certificate, site.key, domains, service=service.name)
    return AcmeCertificate(
        name=lineage(project.app_id),
        certificate=site.certificate,
        key=site.key,
        domains=domains,
        challenges=CHALLENGES,
        install=f"{CERTIFICATES}/{project.app_id}.install",
        directory=tls.directory,
        directory_ca=tls.directory_ca,
        email=tls.email,
        address=address,
        meanwhile=(tls.certificate, tls.key) if tls.certificate and tls.key else (),
        service=service.name,
    )


def lineage(app: str) -> str:
    """certbot's name for the app's certificate."""
    return f"seawall-{app}"


def _install(project: Project, shown: AcmeCertificate, service: Service) -> File:
    """What certbot runs when it has a new certificate."""
    content = render(
        "install-certificate.sh.j2",
        app=project.app_id,
        renewal=f"{RENEWAL}/{shown.name}.conf",
        lineage=f"/etc/letsencrypt/live/{shown.name}",
        certificate=shown.certificate,
        key=shown.key,
        folder=CERTIFICATES,
        units=UNIT_DIR,
        domains=shown.domains,
        service=service.name,
        check=service.check,
        reload=service.reload,
        running=service.running,
        address=HTTPS_HERE,
    )
    return File(shown.install, content, mode=0o700)


def _private_authority(project: Project) -> tuple[Resource, ...]:
    """certbot's own timer renews all certificates of the host in one run, so it must trust every app's authority."""
    if not project.tls.directory_ca:
        return ()
    drop_in = render("certbot-authorities.conf.j2", folder=CERTIFICATES)
    return (
        Link(f"{CERTIFICATES}/{project.app_id}.authority", project.tls.directory_ca),
        File(f"/etc/systemd/system/certbot.service.d/seawall-{project.app_id}.conf", drop_in, service=UNITS.name),
    )


def notes(project: Project) -> tuple[str, ...]:
    """What a person should know of it."""
    if project.tls.mode == "self-signed":
        return ('the certificate is self-signed: browsers warn of it until tls.mode is "acme" or "files"',)
    if project.tls.mode == "off":
        return ("without TLS, everything that visitors and the app say can be read on the way",)
    return ()
