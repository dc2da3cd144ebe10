"""Getting a certificate from an authority, and making sure that visitors are shown it.

It happens on a site that serves already, so nothing here may end that: whatever fails, the certificate that was there
stays, and the failure says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from seawall.agent import files, process
from seawall.agent.certificates import certbot, reach, reading
from seawall.agent.certificates.served import comes_to, served
from seawall.agent.errors import AgentError, CertificateFailed, CommandFailed, ErrorRecord
from seawall.agent.resources import acme_certificate, certificate
from seawall.agent.vocabulary import AcmeCertificate, Event

INSTALLING = 120.0  #: seconds that putting a certificate in place may take

Hear = Callable[[str], None]


def issue(wanted: AcmeCertificate, hear: Hear) -> None:
    """See that there is a good certificate and that visitors are shown it; nothing happens where that is so.

    Raises CertificateFailed, with the certificate that was there in place.
    """
    with _explained(wanted):
        if not acme_certificate.observe(wanted).trouble:
            return
        if certbot_has_it(wanted):
            _install(wanted, hear)
        else:
            _obtain(wanted, hear)
        _confirm(wanted)


def step(wanted: AcmeCertificate, report: Callable[[Event], None]) -> list[ErrorRecord]:
    """:func:`issue` as a step of a deployment: what went wrong is told, and ends nothing."""
    if not acme_certificate.observe(wanted).trouble:
        return []
    name, text, begun = "certificate", ", ".join(wanted.domains), time.monotonic()
    report(Event("step", name, "start", text))
    try:
        issue(wanted, lambda line: report(Event("output", name, text=line)))
    except CertificateFailed as error:
        report(Event("step", name, "failed", text, time.monotonic() - begun))
        return [error.record()]
    report(Event("step", name, "done", text, time.monotonic() - begun))
    return []


def renew(wanted: AcmeCertificate, hear: Hear, *, force: bool) -> None:
    """Renew it now if it is due, or with ``force`` in any case. Raises CertificateFailed as :func:`issue` does."""
    if not force:
        issue(wanted, hear)
        return
    with _explained(wanted):
        _obtain(wanted, hear)
        _confirm(wanted)


def certbot_has_it(wanted: AcmeCertificate) -> bool:
    """Whether a good one is on the host already and was only not put in place: nobody need be asked for another."""
    kept = certbot.lineage(wanted.name)
    if kept is None or kept.server != wanted.directory:
        return False
    try:
        first = reading.read_pem(kept.certificate)[0]
    except (ValueError, IndexError):
        return False
    return not acme_certificate.trouble_inside(wanted, first)


def _obtain(wanted: AcmeCertificate, hear: Hear) -> None:
    certbot.must_be_there()
    reach.check_authority(wanted.directory, wanted.directory_ca)
    reach.check_domains(wanted)
    # Whether it is due has been decided: certbot, left to itself, would keep one of another authority.
    certbot.obtain(wanted, hear, "--force-renewal")


def _install(wanted: AcmeCertificate, hear: Hear) -> None:
    """What certbot would have run; it says by its exit code whether it could."""
    try:
        process.check(
            [wanted.install], timeout=INSTALLING, env={"RENEWED_LINEAGE": str(certbot.live(wanted.name))}, on_line=hear
        )
    except CommandFailed as error:
        raise CertificateFailed(
            "the new certificate could not be put in place", place=wanted.install, output=error.output
        ) from error


def _confirm(wanted: AcmeCertificate) -> None:
    """certbot ends well also where the program it ran to put the certificate in place did not: look oneself."""
    kept = certbot.lineage(wanted.name)
    there = files.look(wanted.certificate)
    if kept is None or there.content != kept.certificate:
        raise CertificateFailed(
            "the authority issued a certificate, but it could not be put in place",
            place=wanted.install,
            remedy=f"run {wanted.install} on the host: it says why",
        )
    shown = reading.read_pem(kept.certificate)[0]
    instead = comes_to(shown.fingerprint, lambda: served(wanted.domains[0]))
    if instead:
        raise CertificateFailed(
            f"the new certificate is in place, but visitors are shown {instead}",
            place=wanted.certificate,
            remedy=f"reload {wanted.service} on the host and see its error log",
        )


@contextmanager
def _explained(wanted: AcmeCertificate) -> Iterator[None]:
    """Every failure is of one kind, and says what visitors are shown now."""
    try:
        yield
    except CertificateFailed as error:
        error.state = error.state or _shown_now(wanted)
        raise
    except (AgentError, OSError) as error:
        fact, output = (error.fact, error.output) if isinstance(error, AgentError) else (str(error), "")
        raise CertificateFailed(fact, state=_shown_now(wanted), output=output) from error


def _shown_now(wanted: AcmeCertificate) -> str:
    found = certificate.first_in(wanted.certificate)
    if found is None:
        return "the site is up as before"
    if found.self_signed:
        return "the site is up; visitors are shown a self-signed certificate, which browsers warn of"
    return f"the site is up; visitors are shown the certificate that was there, good until {reading.date(found.ends)}"
