"""Self-signed certificates, made by the host's openssl: something to serve https with until there is a better one."""

from __future__ import annotations

import ipaddress
import re
import time
from dataclasses import dataclass
from pathlib import Path

from seawall.agent import files, process
from seawall.agent.certificates import reading
from seawall.agent.certificates.reading import Reading
from seawall.agent.errors import ApplyFailed, CommandFailed
from seawall.agent.files import ABSENT, FILE, LINK, Found
from seawall.agent.resources import texts
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Certificate, Change

DAYS = 365  #: how long one is valid: verifiers, and browsers by and by, find fault with more
RENEW = 30 * 86400  #: seconds before its end at which a new one is made
NAME = re.compile(r"[A-Za-z0-9._*:-]+")
PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\n.+?\n-----END \1-----\n", re.DOTALL)


@dataclass(frozen=True)
class CertificateFound:
    """The two files, and what is wrong with them ("" if nothing is)."""

    certificate: Found
    key: Found
    trouble: str


def observe(resource: Certificate) -> CertificateFound:
    """What is there, and whether it serves. Raises ApplyFailed if a folder or the like is in the way."""
    certificate, key = look(resource.certificate), look(resource.key)
    return CertificateFound(certificate, key, _trouble(resource, certificate, key))


def look(path: str) -> Found:
    files.refuse_foreign_links(path)
    found = files.look(path)
    if found.kind not in (FILE, LINK, ABSENT):
        raise texts.refuse_kind(path, found, "file")
    return found


def _trouble(resource: Certificate, certificate: Found, key: Found) -> str:
    return trouble_of_files(certificate, key) or _trouble_inside(resource)


def trouble_of_files(certificate: Found, key: Found) -> str:
    """Why the two files cannot serve, as far as one sees from outside; "" if nothing is wrong."""
    if certificate.kind == ABSENT:
        return "there is none"
    if key.kind == ABSENT:
        return "its key is missing"
    if key.kind == FILE and key.mode & 0o077:
        return f"others may read its key (mode {key.mode:04o})"
    return ""


def _trouble_inside(resource: Certificate) -> str:
    found = first_in(resource.certificate)
    if found is None:
        return "it cannot be read"
    if not found.self_signed:
        return f"it is issued by {found.by or 'somebody'}"
    if set(found.names) != {reading.normal(domain) for domain in resource.domains}:
        return f"it is for {', '.join(sorted(found.names)) or 'no domain'}"
    now = time.time()
    if found.begins > now:
        return f"it is not valid before {reading.date(found.begins)}"
    return "it has expired or is about to" if found.ends - now < RENEW else ""


def first_in(path: str) -> Reading | None:
    """The site's own certificate in a PEM file, or None if it cannot be read."""
    try:
        found = reading.read_pem(Path(path).read_bytes())
    except (OSError, ValueError):
        return None
    return found[0] if found else None


def diff(resource: Certificate, found: CertificateFound) -> Change | None:
    """What must change, or None; neither file's content is shown."""
    if not found.trouble:
        return None
    lines = [
        f"self-signed, for {', '.join(resource.domains)} ({found.trouble})",
        f"{resource.certificate} {_fate(found.certificate)}",
        f"{resource.key} {_fate(found.key)}",
    ]
    action = "create" if found.certificate.kind == ABSENT else "update"
    before = texts.digest(texts.digest_of(found.certificate, True), texts.digest_of(found.key, True))
    return Change("certificate", resource.certificate, action, "\n".join(lines), before)


def _fate(found: Found) -> str:
    return f"{texts.HIDDEN} {'created' if found.kind == ABSENT else 'changed'}"


def apply(resource: Certificate, _found: CertificateFound, work: Work) -> None:
    """Make key and certificate. Raises ApplyFailed, DiskFull or OSError."""
    make(resource.certificate, resource.key, resource.domains, work)


def make(certificate_path: str, key_path: str, domains: tuple[str, ...], work: Work) -> None:
    """Make key and certificate. The key goes from openssl through memory into a file that was 0600 from the start.

    Raises ApplyFailed, DiskFull or OSError.
    """
    # ecparam and req(1): the key is written to the same pipe as the certificate, never to a file of openssl's making
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256"]
    command += ["-days", str(DAYS), "-config", "/dev/stdin", "-keyout", "/dev/stdout"]
    try:
        completed = process.check(command, timeout=60, input=_config(domains))
    except CommandFailed as error:
        raise _failure(certificate_path, domains, process.tail(error.output)) from error
    blocks = {match[1]: match[0].encode() for match in PEM.finditer(completed.stdout)}
    certificate = blocks.get("CERTIFICATE")
    key = blocks.get("PRIVATE KEY") or blocks.get("EC PRIVATE KEY")
    if certificate is None or key is None:
        raise _failure(certificate_path, domains, completed.stderr)
    work.undo.write_file(key_path, key, 0o600, *texts.ids("", ""))
    work.undo.write_file(certificate_path, certificate, 0o644, *texts.ids("", ""))


def _failure(path: str, domains: tuple[str, ...], output: str) -> ApplyFailed:
    return ApplyFailed(
        f"openssl could not make a certificate for {', '.join(domains)}",
        place=path,
        output=PEM.sub(texts.HIDDEN, output),
    )


def _config(domains: tuple[str, ...]) -> str:
    """What openssl reads instead of the host's openssl.cnf (x509v3_config(5)); it is no certificate authority."""
    names = []
    for domain in domains:
        if not NAME.fullmatch(domain):
            raise ApplyFailed(f"{domain!r} cannot be a certificate's domain")
        normal = reading.normal(domain)
        names.append(f"IP:{normal}" if _is_address(normal) else f"DNS:{normal}")
    return f"""[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = {domains[0] if len(domains[0]) <= 64 else "seawall"}
[extensions]
subjectAltName = {",".join(names)}
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
"""


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
