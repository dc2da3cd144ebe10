"""Certificates of an authority: whether there is a good one, and something to show until there is.

What an authority issues cannot be made while the rest of the host is: it looks at the site first. So making this
resource puts something to show where there is nothing, and `certificates.issuing` does the rest once the site is
live.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from seawall.agent.certificates import certbot, reading
from seawall.agent.certificates.reading import Reading
from seawall.agent.errors import CertificateUnfit
from seawall.agent.files import ABSENT, FILE, Found
from seawall.agent.resources import certificate, given_certificate, texts
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import AcmeCertificate, Change, GivenCertificate

#: Seconds before its end at which a certificate is to be renewed, as certbot has it; of short-lived ones a third of
#: their life (Let's Encrypt's advice for certificates of any lifetime).
RENEW = 30 * 86400


@dataclass(frozen=True)
class AcmeFound:
    """The two files; what keeps them from being shown at all, and why the authority is to be asked ("" for neither)."""

    certificate: Found
    key: Found
    unfit: str
    trouble: str


def observe(resource: AcmeCertificate) -> AcmeFound:
    """What is there. Raises ApplyFailed if a folder or the like is in the way."""
    pem, key = certificate.look(resource.certificate), certificate.look(resource.key)
    unfit = certificate.trouble_of_files(pem, key)
    if unfit:
        return AcmeFound(pem, key, unfit, unfit)
    shown = certificate.first_in(resource.certificate)
    if shown is None:
        return AcmeFound(pem, key, "it cannot be read", "it cannot be read")
    return AcmeFound(pem, key, "", _trouble(resource, shown, pem))


def _trouble(resource: AcmeCertificate, shown: Reading, pem: Found) -> str:
    if shown.self_signed:
        return "the one there is self-signed"
    kept = certbot.lineage(resource.name)
    if kept is None:
        return "certbot does not know the one there, so nothing renews it"
    if kept.server != resource.directory:
        return f"the one there is from {kept.server}"
    trouble = trouble_inside(resource, shown)
    if trouble:
        return trouble
    if pem.kind == FILE and pem.content != kept.certificate:
        return "certbot has another one"
    return ""


def trouble_inside(resource: AcmeCertificate, shown: Reading) -> str:
    """Why a certificate of the right authority must be followed by another one; "" if it is good for a while."""
    if set(shown.names) != {reading.normal(domain) for domain in resource.domains}:
        return f"the one there is for {', '.join(sorted(shown.names)) or 'no domain'}"
    if shown.ends - time.time() < min(RENEW, shown.lifetime / 3):
        return f"the one there ends on {reading.date(shown.ends)}"
    return ""


def diff(resource: AcmeCertificate, found: AcmeFound) -> Change | None:
    """What must change, or None; neither file's content is shown."""
    if not found.trouble:
        return None
    authority = urlsplit(resource.directory).hostname
    lines = [f"issued by {authority} for {', '.join(resource.domains)} ({found.trouble}), once the site is there"]
    if found.unfit:
        meanwhile = _meanwhile(resource)
        lines.append(f"that of {resource.meanwhile[0]} until then" if meanwhile else "self-signed until then")
    before = texts.digest(texts.digest_of(found.certificate, True), texts.digest_of(found.key, True), found.trouble)
    action = "create" if found.certificate.kind == ABSENT else "update"
    return Change("certificate", resource.certificate, action, "\n".join(lines), before)


def apply(resource: AcmeCertificate, found: AcmeFound, work: Work) -> None:
    """Put something there that can be shown, where nothing can. Raises ApplyFailed, DiskFull or OSError."""
    if not found.unfit:
        return
    if _meanwhile(resource) is None:
        certificate.make(resource.certificate, resource.key, resource.domains, work)
        return
    pem, key = resource.meanwhile
    work.undo.write_file(resource.key, Path(key).read_bytes(), 0o600, *texts.ids("", ""))
    work.undo.write_file(resource.certificate, Path(pem).read_bytes(), 0o644, *texts.ids("", ""))


def _meanwhile(resource: AcmeCertificate) -> Reading | None:
    """The certificate from before, which visitors accept already, if there is one."""
    if not resource.meanwhile:
        return None
    pem, key = resource.meanwhile
    try:
        return given_certificate.observe(GivenCertificate(pem, key, resource.domains))
    except CertificateUnfit:
        return None
