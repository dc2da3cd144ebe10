"""What the tool asks about the certificate of an app's site: how it is, and to renew it now."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Union

from seawall.agent.certificates import issuing, reading
from seawall.agent.certificates.reading import Reading
from seawall.agent.certificates.served import comes_to, served
from seawall.agent.errors import AgentError, BadRequest, CertificateFailed
from seawall.agent.resource import resource_from_wire
from seawall.agent.resources import acme_certificate, certificate, given_certificate, service
from seawall.agent.vocabulary import AcmeCertificate, Certificate, Event, GivenCertificate, Service

Wanted = Union[AcmeCertificate, Certificate, GivenCertificate]


def look(message: Mapping[str, Any]) -> dict[str, Any]:
    """The certificate on disk, the one that visitors are shown, and what is wrong with the first ("" for nothing)."""
    wanted = _wanted(message)
    return {
        "disk": _on_disk(wanted),
        "served": _served(str(message["domain"])),
        "trouble": trouble(wanted),
    }


def trouble(wanted: Wanted) -> str:
    """What the next deployment would change, or what a person has to."""
    try:
        if isinstance(wanted, AcmeCertificate):
            return acme_certificate.observe(wanted).trouble
        if isinstance(wanted, Certificate):
            return certificate.observe(wanted).trouble
        given_certificate.observe(wanted)
    except AgentError as error:
        return error.fact
    return ""


def renew(message: Mapping[str, Any], report: Callable[[Event], None]) -> dict[str, Any]:
    """Renew it now, or where somebody else does that have the service read it again. Raises AgentError."""
    wanted = _wanted(message)
    before = _on_disk(wanted)
    if isinstance(wanted, AcmeCertificate):
        issuing.renew(wanted, lambda line: report(Event("output", "certificate", text=line)), force=message["force"])
    elif isinstance(wanted, GivenCertificate):
        _reread(wanted, resource_from_wire(message["service"]), str(message["domain"]))
    now = look(message)
    return {**now, "renewed": now["disk"] != before}


def _reread(wanted: GivenCertificate, front: object, domain: str) -> None:
    if not isinstance(front, Service):
        raise BadRequest("the service of a certificate is none")
    given_certificate.observe(wanted)
    service.check(front, ())
    service.reload(front)
    there = certificate.first_in(wanted.certificate)
    instead = comes_to(there.fingerprint if there else "", lambda: served(domain))
    if instead:
        raise CertificateFailed(
            f"visitors are shown {instead}",
            place=wanted.certificate,
            state="the site is up as before",
            remedy=f"see the error log of {front.name}",
        )


def _wanted(message: Mapping[str, Any]) -> Wanted:
    wanted = resource_from_wire(message["certificate"])
    if not isinstance(wanted, (AcmeCertificate, Certificate, GivenCertificate)):
        raise BadRequest("this is no certificate")
    return wanted


def _on_disk(wanted: Wanted) -> dict[str, Any]:
    try:
        found = reading.read_pem(Path(wanted.certificate).read_bytes())
    except OSError as error:
        return {"path": wanted.certificate, "error": error.strerror}
    except ValueError as error:
        return {"path": wanted.certificate, "error": str(error)}
    return {"path": wanted.certificate, **(facts(found[0]) if found else {"error": "there is no certificate in it"})}


def _served(domain: str) -> dict[str, Any]:
    try:
        return facts(served(domain))
    except (OSError, ValueError) as error:
        return {"error": str(error)}


def facts(found: Reading) -> dict[str, Any]:
    """A certificate for people and programs; ``days`` are those left, by this host's clock."""
    return {
        "names": list(found.names),
        "issuer": found.by,
        "self_signed": found.self_signed,
        "begins": reading.date(found.begins),
        "ends": reading.date(found.ends),
        "days": int((found.ends - time.time()) // 86400),
        "lifetime_days": int(found.lifetime // 86400),
        "fingerprint": found.fingerprint,
    }
