"""The certificate that a host's PostgreSQL shows other hosts, and its key, which only PostgreSQL reads."""

from __future__ import annotations

from pathlib import Path

from seawall.agent import files
from seawall.agent.data import psql
from seawall.agent.data.wanted import PostgresqlCertificate
from seawall.agent.errors import ApplyFailed
from seawall.agent.resources import texts
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change


def observe(resource: PostgresqlCertificate) -> str:
    """The certificate that is there; "" for none, or one without its key."""
    certificate, key = resource.paths
    return (files.read_text(certificate) or "") if Path(key).exists() else ""


def diff(resource: PostgresqlCertificate, found: str) -> Change | None:
    """What must change, or None. The key is never shown."""
    if found == resource.certificate:
        return None
    certificate, key = resource.paths
    told = f"made for this host, with its key in {key} (secret)"
    return Change("certificate", certificate, "update" if found else "create", told, texts.digest(found))


def apply(resource: PostgresqlCertificate, _found: str, _work: Work) -> None:
    """Write both; they stay when a deployment is taken back, and the next one takes them up.

    Raises ApplyFailed where the key is not known: the host has lost what it had.
    """
    certificate, key = resource.paths
    if not resource.key:
        raise ApplyFailed("the key of the database's certificate is gone", place=key, remedy="run it again")
    uid, gid = texts.ids(psql.ADMIN, psql.ADMIN)
    files.write_atomic(key, resource.key.encode(), 0o600, uid, gid)
    files.write_atomic(certificate, resource.certificate.encode(), 0o644, uid, gid)
