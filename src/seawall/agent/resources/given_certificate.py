"""Certificates that somebody else puts on the host: never written, but never shown either before they are fit."""

from __future__ import annotations

import time
from pathlib import Path

from seawall.agent.certificates import reading
from seawall.agent.certificates.reading import Reading
from seawall.agent.errors import CertificateUnfit
from seawall.agent.vocabulary import GivenCertificate

#: What this host trusts (update-ca-certificates(8)).
TRUSTED = "/etc/ssl/certs/ca-certificates.crt"
STATE = "nothing was changed"


def observe(resource: GivenCertificate) -> Reading:
    """The certificate. Raises CertificateUnfit, with file and remedy, for one that visitors would not accept."""
    chain = _read(resource.certificate)
    _check_key(resource)
    shown = chain[0]
    _check_time(resource, shown)
    _check_names(resource, shown)
    return shown


def doubt(resource: GivenCertificate) -> str:
    """What a person should know of its chain, "" for nothing. Raises CertificateUnfit.

    Browsers know roots only: whoever signed the site's certificate must be in the file, or be a root. A company's own
    root need not be one that this host trusts, so what is missing is no error.
    """
    first, *others = _read(resource.certificate)
    if first.self_signed or any(other.subject == first.issuer for other in others):
        return ""
    try:
        roots = reading.read_pem(Path(TRUSTED).read_bytes())
    except (OSError, ValueError):
        roots = ()
    if any(root.subject == first.issuer for root in roots):
        return ""
    return (
        f"{resource.certificate} holds the site's certificate and not that of {first.by or 'its issuer'}, which signed "
        "it: append that, unless it is a root that your visitors have"
    )


def diff(_resource: GivenCertificate, _found: Reading) -> None:
    """Nothing: it is somebody else's."""


def _read(path: str) -> tuple[Reading, ...]:
    remedy = "put the certificate there with its chain, in PEM form, or correct tls.certificate"
    try:
        chain = reading.read_pem(Path(path).read_bytes())
    except OSError as error:
        raise _unfit(f"the certificate cannot be read: {error.strerror}", path, remedy) from error
    except ValueError as error:
        raise _unfit(f"the certificate cannot be read: {error}", path, remedy) from error
    if not chain:
        raise _unfit("there is no certificate in this file", path, remedy)
    return chain


def _check_key(resource: GivenCertificate) -> None:
    """The key, by the program that will use it: OpenSSL finds out whether the two belong together."""
    import ssl  # late: slow to import, and only sites with such a certificate need it

    path = Path(resource.key)
    remedy = "put the certificate's own key there, in PEM form and without a passphrase, or correct tls.key"
    try:
        mode = path.stat().st_mode
        text = path.read_bytes()
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(resource.certificate, resource.key, password=lambda: "")
    except ssl.SSLError as error:
        if "ENCRYPTED" in text.decode("ascii", "replace"):
            fact = "the key is locked with a passphrase, which nginx would have to be told at each start"
        elif error.reason == "KEY_VALUES_MISMATCH":
            fact = f"the key is not that of the certificate {resource.certificate}"
        else:
            fact = f"the key cannot be used with the certificate {resource.certificate}: {error.reason or error}"
        raise _unfit(fact, resource.key, remedy) from error
    except OSError as error:
        raise _unfit(f"the key cannot be read: {error.strerror}", resource.key, remedy) from error
    if mode & 0o007:
        raise _unfit(
            f"everybody on the host may read the key (mode {mode & 0o7777:04o})", resource.key, f"chmod 600 {path}"
        )


def _check_time(resource: GivenCertificate, shown: Reading) -> None:
    now = time.time()
    if shown.ends < now:
        raise _unfit(
            f"the certificate expired on {reading.date(shown.ends)}", resource.certificate, "put a new one there"
        )
    if shown.begins > now:
        raise _unfit(
            f"the certificate is not valid before {reading.date(shown.begins)}",
            resource.certificate,
            "put one there that is valid now, or set the host's clock",
        )


def _check_names(resource: GivenCertificate, shown: Reading) -> None:
    missing = [domain for domain in resource.domains if not reading.covers(shown.names, domain)]
    if missing:
        raise _unfit(
            f"the certificate is not for {', '.join(missing)}, but for {', '.join(shown.names) or 'no name'}",
            resource.certificate,
            "put one there that is for all of `domains` and `redirect_from`, or take the name out of them",
        )


def _unfit(fact: str, place: str, remedy: str) -> CertificateUnfit:
    return CertificateUnfit(fact, place=place, state=STATE, remedy=remedy)
