"""The local authority: its certificate is accepted where it is trusted, and renewed in time."""

from __future__ import annotations

import datetime
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from seawall.operations.authority import AUTHORITY_DAYS, LEAF_DAYS, RENEW_DAYS, LeafFiles, ensure

NOW = datetime.datetime.now(datetime.UTC)


def in_days(days: float) -> datetime.datetime:
    return NOW + datetime.timedelta(days=days)


def contents(files: LeafFiles) -> tuple[bytes, bytes, bytes, bytes]:
    return (
        files.certificate.read_bytes(),
        files.key.read_bytes(),
        files.authority.read_bytes(),
        files.authority_key.read_bytes(),
    )


def greet(files: LeafFiles, name: str, trusted: Path) -> None:
    """A TLS handshake with a server that uses the leaf, by a client that trusts only ``trusted``."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate, files.key)
    near, far = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(far, server_side=True).close()
        except (ssl.SSLError, OSError):
            far.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        context = ssl.create_default_context(cafile=str(trusted))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        context.wrap_socket(near, server_hostname=name).close()
    finally:
        near.close()
        thread.join()


@pytest.fixture
def files(tmp_path: Path) -> LeafFiles:
    return ensure(tmp_path, NOW)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_who_trusts_the_authority_accepts_this_machine(files: LeafFiles, name: str) -> None:
    greet(files, name, files.authority)


def test_another_name_is_not_accepted(files: LeafFiles) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        greet(files, "example.com", files.authority)


def test_who_trusts_another_authority_does_not(files: LeafFiles, tmp_path: Path) -> None:
    other = ensure(tmp_path / "other", NOW)
    with pytest.raises(ssl.SSLCertVerificationError):
        greet(files, "localhost", other.authority)


def test_openssl_finds_the_chain_in_order(files: LeafFiles) -> None:
    done = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", files.authority, files.certificate],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_keys_are_their_owners_alone(files: LeafFiles) -> None:
    assert files.key.stat().st_mode & 0o777 == 0o600
    assert files.authority_key.stat().st_mode & 0o777 == 0o600
    assert files.key.parent.stat().st_mode & 0o777 == 0o700


def test_what_lasts_is_kept(tmp_path: Path, files: LeafFiles) -> None:
    before = contents(files)
    assert contents(ensure(tmp_path, in_days(LEAF_DAYS - RENEW_DAYS - 1))) == before


def test_the_leaf_is_renewed_in_time_by_the_same_authority(tmp_path: Path) -> None:
    files = ensure(tmp_path, in_days(RENEW_DAYS - LEAF_DAYS - 1))
    before = contents(files)
    after = contents(ensure(tmp_path, NOW))
    assert after[0] != before[0]
    assert after[2:] == before[2:]
    greet(files, "localhost", files.authority)


def test_the_authority_is_renewed_with_its_leaf(tmp_path: Path, files: LeafFiles) -> None:
    before = contents(files)
    after = contents(ensure(tmp_path, in_days(AUTHORITY_DAYS - RENEW_DAYS + 1)))
    assert all(new != old for new, old in zip(after, before, strict=True))


@pytest.mark.parametrize("damage", ["lost key", "torn certificate", "torn authority", "lost authority key"])
def test_what_was_lost_or_damaged_is_made_anew(tmp_path: Path, files: LeafFiles, damage: str) -> None:
    if damage == "lost key":
        files.key.unlink()
    elif damage == "torn certificate":
        files.certificate.write_bytes(files.certificate.read_bytes()[:100])
    elif damage == "torn authority":
        files.authority.write_bytes(b"")
    else:
        files.authority_key.unlink()
        files.certificate.unlink()
    ensure(tmp_path, NOW)
    greet(files, "localhost", files.authority)
