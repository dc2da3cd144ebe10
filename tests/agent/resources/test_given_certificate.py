"""Certificates that somebody else puts on the host: what is wrong with one is found before anything changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.agent.errors import CertificateUnfit
from seawall.agent.resources import given_certificate
from seawall.agent.vocabulary import GivenCertificate

from ..certificates.making import DAY, NOW, Pair, pair

NAMES = ("shop.example.org", "www.example.org")


@pytest.fixture
def given(tmp_path: Path) -> GivenCertificate:
    return GivenCertificate(str(tmp_path / "fullchain.pem"), str(tmp_path / "privkey.pem"), NAMES)


def lay(given: GivenCertificate, made: Pair, *chain: Pair, key: bytes = b"") -> None:
    Path(given.certificate).write_bytes(b"".join(one.pem for one in (made, *chain)))
    path = Path(given.key)
    path.write_bytes(key or made.key())
    path.chmod(0o600)


def complaint(given: GivenCertificate) -> CertificateUnfit:
    with pytest.raises(CertificateUnfit) as caught:
        given_certificate.observe(given)
    assert caught.value.state == "nothing was changed"
    assert caught.value.remedy
    return caught.value


def test_a_good_one_is_left_alone(given: GivenCertificate) -> None:
    signer = pair(called="the signer")
    lay(given, pair("*.example.org", by=signer), signer)
    assert given_certificate.diff(given, given_certificate.observe(given)) is None
    assert given_certificate.doubt(given) == ""


def test_one_that_signs_itself_is_somebodys_choice(given: GivenCertificate) -> None:
    lay(given, pair(*NAMES))
    given_certificate.observe(given)
    assert given_certificate.doubt(given) == ""


def test_without_domains_any_name_will_do(given: GivenCertificate) -> None:
    lay(given, pair("whatever.org"))
    given_certificate.observe(GivenCertificate(given.certificate, given.key, ()))


def test_missing_files_and_nonsense_are_named(given: GivenCertificate) -> None:
    error = complaint(given)
    assert (error.fact, error.place) == ("the certificate cannot be read: No such file or directory", given.certificate)
    Path(given.certificate).write_text("nonsense")
    assert complaint(given).fact == "there is no certificate in this file"
    lay(given, pair(*NAMES))
    Path(given.key).unlink()
    error = complaint(given)
    assert (error.fact, error.place) == ("the key cannot be read: No such file or directory", given.key)
    lay(given, pair(*NAMES), key=b"nonsense")
    assert "cannot be used" in complaint(given).fact


def test_the_key_of_another_certificate_is_told(given: GivenCertificate) -> None:
    lay(given, pair(*NAMES), key=pair(*NAMES).key())
    error = complaint(given)
    assert (error.fact, error.place) == (f"the key is not that of the certificate {given.certificate}", given.key)


def test_a_key_behind_a_passphrase_is_told_and_nobody_is_asked_for_it(given: GivenCertificate) -> None:
    made = pair(*NAMES)
    lay(given, made, key=made.key(b"secret"))
    assert "passphrase" in complaint(given).fact


def test_a_key_that_everybody_may_read_is_refused(given: GivenCertificate) -> None:
    lay(given, pair(*NAMES))
    Path(given.key).chmod(0o644)
    error = complaint(given)
    assert "mode 0644" in error.fact
    assert error.remedy == f"chmod 600 {given.key}"
    Path(given.key).chmod(0o640)
    given_certificate.observe(given)


def test_an_expired_one_and_one_from_the_future_are_told_with_the_day(given: GivenCertificate) -> None:
    lay(given, pair(*NAMES, begins=NOW - 100 * DAY, days=90))
    assert complaint(given).fact == f"the certificate expired on {NOW - 10 * DAY:%Y-%m-%d}"
    lay(given, pair(*NAMES, begins=NOW + 3 * DAY))
    assert complaint(given).fact == f"the certificate is not valid before {NOW + 3 * DAY:%Y-%m-%d}"


def test_one_for_another_domain_is_told_with_both(given: GivenCertificate) -> None:
    lay(given, pair("shop.example.org"))
    assert complaint(given).fact == "the certificate is not for www.example.org, but for shop.example.org"


def test_a_file_without_whoever_signed_may_be_right_and_is_told(given: GivenCertificate) -> None:
    """A company's root is in its visitors' browsers; an authority's intermediate is not."""
    signer, another = pair(called="the signer"), pair(called="another")
    lay(given, pair(*NAMES, by=signer), another)
    given_certificate.observe(given)
    assert "not that of Tests, the signer, which signed it" in given_certificate.doubt(given)


def test_an_issuer_that_the_host_trusts_need_not_be_in_the_file(
    given: GivenCertificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = pair(called="a root")
    (tmp_path / "roots.pem").write_bytes(root.pem)
    monkeypatch.setattr(given_certificate, "TRUSTED", str(tmp_path / "roots.pem"))
    lay(given, pair(*NAMES, by=root))
    assert given_certificate.doubt(given) == ""
