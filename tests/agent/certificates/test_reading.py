"""What is read from certificates, against what `cryptography` reads from them."""

from __future__ import annotations

import contextlib
import datetime
import warnings
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from seawall.agent.certificates import reading

from .making import NOW, pair

SYSTEM = Path("/etc/ssl/certs/ca-certificates.crt")


def test_names_times_issuer_and_fingerprint_are_those_of_the_certificate() -> None:
    signer = pair("ca.example.org", called="the signer")
    made = pair("Shop.Example.org", "*.example.org", "192.0.2.7", "2001:db8::1", by=signer)
    found = reading.read(made.certificate.public_bytes(Encoding.DER))
    assert found.names == ("shop.example.org", "*.example.org", "192.0.2.7", "2001:db8::1")
    assert found.begins == made.certificate.not_valid_before_utc.timestamp()
    assert found.ends == made.certificate.not_valid_after_utc.timestamp()
    assert found.fingerprint == made.certificate.fingerprint(hashes.SHA256()).hex()
    assert found.by == "Tests, the signer"
    assert not found.self_signed
    assert found.issuer == reading.read(signer.certificate.public_bytes(Encoding.DER)).subject


def test_one_that_signs_itself_is_known_by_that_and_one_without_names_has_none() -> None:
    found = reading.read_pem(pair().pem)[0]
    assert found.self_signed
    assert found.names == ()


def test_a_year_beyond_2049_is_written_in_another_way_and_read_all_the_same() -> None:
    made = pair("a.org", begins=NOW, days=365 * 40).certificate
    assert reading.read(made.public_bytes(Encoding.DER)).ends == made.not_valid_after_utc.timestamp()


@pytest.mark.skipif(not SYSTEM.exists(), reason="this machine has no list of authorities (ca-certificates)")
def test_all_certificates_that_this_machine_trusts_are_read_as_cryptography_reads_them() -> None:
    data = SYSTEM.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some old authorities have odd serial numbers
        others = x509.load_pem_x509_certificates(data)
    found = reading.read_pem(data)
    assert [one.fingerprint for one in found] == [other.fingerprint(hashes.SHA256()).hex() for other in others]
    assert [one.ends for one in found] == [other.not_valid_after_utc.timestamp() for other in others]
    assert [one.self_signed for one in found] == [other.subject == other.issuer for other in others]


@given(st.data())
def test_whatever_is_no_certificate_is_a_value_error_and_nothing_else(data: st.DataObject) -> None:
    whole = bytearray(GOOD)
    for _ in range(data.draw(st.integers(0, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with contextlib.suppress(ValueError):
        reading.read(cut)


GOOD = pair("a.example.org", "192.0.2.7").certificate.public_bytes(Encoding.DER)


def test_a_chain_is_read_in_its_order_and_what_is_around_it_is_not() -> None:
    first, second = pair("a.org"), pair("b.org")
    found = reading.read_pem(b"Subject: whoever\n" + first.pem.replace(b"\n", b"\r\n") + second.key() + second.pem)
    assert [one.names for one in found] == [("a.org",), ("b.org",)]
    assert reading.read_pem(b"nonsense") == ()


@pytest.mark.parametrize(
    ("name", "domain", "good"),
    [
        ("a.org", "A.org", True),
        ("*.a.org", "www.a.org", True),
        ("*.a.org", "a.org", False),
        ("*.a.org", "deep.www.a.org", False),
        ("*.a.org", "*.a.org", True),
        ("a.org", "*.a.org", False),
        ("2001:db8::1", "2001:0db8::0001", True),
        ("a.org", "b.org", False),
    ],
)
def test_a_star_stands_for_one_label(name: str, domain: str, good: bool) -> None:
    assert reading.covers((name,), domain) is good


def test_a_day_is_said_in_utc() -> None:
    assert reading.date(datetime.datetime(2027, 2, 19, 23, 59, tzinfo=datetime.UTC).timestamp()) == "2027-02-19"
