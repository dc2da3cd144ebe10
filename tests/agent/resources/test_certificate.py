"""Self-signed certificates, made by the real openssl."""

from __future__ import annotations

import datetime
import os
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from seawall.agent.errors import ApplyFailed
from seawall.agent.resources import certificate
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Certificate, Change

from ..fake_programs import Programs

DOMAINS = ("shop.example.org", "*.shop.example.org", "192.0.2.7", "2001:db8::1")


@pytest.fixture
def resource(tmp_path: Path) -> Certificate:
    return Certificate(str(tmp_path / "tls" / "cert.pem"), str(tmp_path / "tls" / "key.pem"), DOMAINS)


def changed(resource: Certificate) -> Change | None:
    return certificate.diff(resource, certificate.observe(resource))


def make(resource: Certificate, work: Work) -> x509.Certificate:
    certificate.apply(resource, certificate.observe(resource), work)
    return x509.load_pem_x509_certificate(Path(resource.certificate).read_bytes())


def test_it_serves_its_domains_and_addresses_for_a_p256_key_and_is_no_authority(
    resource: Certificate, work: Work
) -> None:
    made = make(resource, work)
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["shop.example.org", "*.shop.example.org"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.7", "2001:db8::1"]
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    key = load_pem_private_key(Path(resource.key).read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)
    der = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert key.public_key().public_bytes(*der) == made.public_key().public_bytes(*der)


def test_once_made_it_is_left_alone(resource: Certificate, work: Work) -> None:
    make(resource, work)
    assert changed(resource) is None
    upper = Certificate(resource.certificate, resource.key, tuple(name.upper() for name in reversed(DOMAINS)))
    assert changed(upper) is None


def test_the_key_is_never_readable_to_others(
    resource: Certificate, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[str, int, int]] = []
    real = os.open

    def spy(path: str, flags: int, mode: int = 0o777) -> int:
        descriptor = real(path, flags, mode)
        if flags & os.O_CREAT:
            made.append((path, flags & os.O_EXCL, os.fstat(descriptor).st_mode & 0o777))
        return descriptor

    monkeypatch.setattr(os, "open", spy)
    before = os.umask(0)
    try:
        make(resource, work)
    finally:
        os.umask(before)
    assert {mode for _, _, mode in made} == {0o600}
    assert Path(resource.key).stat().st_mode & 0o777 == 0o600
    assert Path(resource.certificate).stat().st_mode & 0o777 == 0o644


def test_the_plan_shows_domains_and_reason_and_no_content(resource: Certificate, work: Work) -> None:
    first = changed(resource)
    assert first is not None
    assert first.action == "create"
    assert first.diff.splitlines() == [
        f"self-signed, for {', '.join(DOMAINS)} (there is none)",
        f"{resource.certificate} (secret: content hidden) created",
        f"{resource.key} (secret: content hidden) created",
    ]
    make(resource, work)
    other = changed(Certificate(resource.certificate, resource.key, ("other.example.org",)))
    assert other is not None
    assert other.action == "update"
    assert "(it is for *.shop.example.org, 192.0.2.7, 2001:db8::1, shop.example.org)" in other.diff
    assert "PRIVATE" not in repr(other)


def test_a_missing_key_a_readable_key_and_nonsense_are_reasons_to_make_it_anew(
    resource: Certificate, work: Work
) -> None:
    def trouble() -> str:
        return certificate.observe(resource).trouble

    make(resource, work)
    Path(resource.key).chmod(0o644)
    assert trouble() == "others may read its key (mode 0644)"
    Path(resource.key).unlink()
    assert trouble() == "its key is missing"
    make(resource, work)
    Path(resource.certificate).write_text("nonsense")
    assert trouble() == "it cannot be read"
    make(resource, work)
    assert trouble() == ""


def test_one_that_is_about_to_expire_is_made_anew(
    resource: Certificate, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificate, "DAYS", 29)
    made = make(resource, work)
    assert made.not_valid_after_utc - made.not_valid_before_utc == datetime.timedelta(days=29)
    change = changed(resource)
    assert change is not None
    assert "has expired or is about to" in change.diff


def test_one_that_was_made_by_a_clock_that_was_ahead_is_made_anew(
    resource: Certificate, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(resource, work)
    yesterday = time.time() - 86400
    monkeypatch.setattr(time, "time", lambda: yesterday)
    change = changed(resource)
    assert change is not None
    assert "it is not valid before" in change.diff


def test_making_it_can_be_taken_back(resource: Certificate, work: Work, tmp_path: Path) -> None:
    make(resource, work)
    work.undo.roll_back()
    assert not (tmp_path / "tls").exists()


def test_a_domain_that_would_write_its_own_configuration_is_refused(tmp_path: Path, work: Work) -> None:
    resource = Certificate(
        str(tmp_path / "cert"), str(tmp_path / "key"), ("a.org\n[extensions]\nbasicConstraints=CA:TRUE",)
    )
    with pytest.raises(ApplyFailed, match="cannot be a certificate's domain"):
        certificate.apply(resource, certificate.observe(resource), work)


def test_openssls_refusal_is_passed_on(resource: Certificate, work: Work, programs: Programs) -> None:
    programs.add("openssl", "echo 'no such curve' >&2; exit 1")
    with pytest.raises(ApplyFailed, match="could not make a certificate") as caught:
        certificate.apply(resource, certificate.observe(resource), work)
    assert caught.value.output == "no such curve"
    assert not Path(resource.key).exists()
