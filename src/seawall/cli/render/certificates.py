"""Certificates, in words and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from seawall.cli.render.lines import Line, count, table

if TYPE_CHECKING:
    from seawall.operations.certificates import CertificateStatus, Seen


def certificates_lines(app: str, found: Sequence[CertificateStatus]) -> list[Line]:
    """The certificate on each host: shown, on disk, and what is wrong."""
    lines: list[Line] = []
    for status in found:
        lines += _host_lines(app, status)
    return lines


def renewed_lines(app: str, found: Sequence[CertificateStatus]) -> list[Line]:
    """What a renewal came to, on each host."""
    lines: list[Line] = []
    for status in found:
        was = "renewed" if status.renewed else "not due"
        lines += [Line(f"{status.host}: {was}", "good" if status.renewed else ""), *_host_lines(app, status)]
    return lines


def certificates_data(app: str, found: Sequence[CertificateStatus]) -> dict[str, Any]:
    return {
        "app": app,
        "well": all(status.well for status in found),
        "hosts": [{**asdict(status), "well": status.well} for status in found],
    }


def _host_lines(app: str, status: CertificateStatus) -> list[Line]:
    lines = [Line(f"{app} on {status.host}: {_verdict(status)}", "good" if status.well else "bad")]
    rows = [("shown to visitors", _words(status.served))]
    if status.disk.error or status.disk.fingerprint != status.served.fingerprint:
        rows.append(("on disk", _words(status.disk)))
    rows.append(("file", status.disk.path))
    rows += [("SHA-256", status.served.fingerprint)] if not status.served.error else []
    return [*lines, *(Line(text) for text in table(rows))]


def _verdict(status: CertificateStatus) -> str:
    if status.served.error:
        return f"visitors are shown no certificate ({status.served.error})"
    if status.trouble:
        return f'not as tls.mode = "{status.mode}" wants it: {status.trouble}'
    if status.served.fingerprint != status.disk.fingerprint:
        return "visitors are shown another certificate than the one on disk: `seawall cert renew`"
    if status.served.ending:
        return f"the certificate ends in {count(status.served.days, 'day')}"
    return f"the certificate is good for {count(status.served.days, 'day')}"


def _words(seen: Seen) -> str:
    if seen.error:
        return seen.error
    by = "self-signed" if seen.self_signed else f"by {seen.issuer}"
    return f"for {', '.join(seen.names)}, {by}, {seen.begins} to {seen.ends}"
