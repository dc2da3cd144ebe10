"""What certbot is asked, and what is made of its failures."""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path

import pytest

from seawall.agent import process
from seawall.agent.certificates import certbot
from seawall.agent.errors import CertificateFailed
from seawall.agent.vocabulary import AcmeCertificate

from ..fake_programs import Programs
from .making import pair

WANTED = AcmeCertificate(
    name="seawall-shop",
    certificate="/etc/ssl/seawall/shop.crt",
    key="/etc/ssl/seawall/shop.key",
    domains=("shop.example.org", "www.shop.example.org"),
    challenges="/var/lib/seawall/challenges",
    install="/etc/ssl/seawall/shop.install",
    directory="https://ca.example.org/dir",
)

LOG = """\
2026-11-21 10:00:00,000:DEBUG:acme.client:Received response:
HTTP 429
Server: nginx
Content-Type: application/problem+json
Retry-After: {after}

{{
  "type": "urn:ietf:params:acme:error:{kind}",
  "detail": "{detail}",
  "status": 429
}}
"""


def log(kind: str, detail: str, after: str = "3600") -> str:
    return LOG.format(kind=kind, detail=detail, after=after)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setattr(process, "PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(certbot, "LOG", tmp_path / "letsencrypt.log")
    return Programs(folder)


def test_it_asks_for_every_name_with_an_elliptic_key_through_the_running_site_and_never_a_person() -> None:
    words = certbot.command(WANTED)
    assert [word for option, word in itertools.pairwise(words) if option == "-d"] == list(WANTED.domains)
    assert {"--non-interactive", "--agree-tos", "--webroot", "--register-unsafely-without-email"} <= set(words)
    assert words[words.index("--key-type") + 1] == "ecdsa"
    assert words[words.index("--server") + 1] == WANTED.directory
    assert words[words.index("--deploy-hook") + 1] == WANTED.install
    with_email = certbot.command(AcmeCertificate(**{**vars(WANTED), "email": "ada@example.org"}))
    assert with_email[with_email.index("--email") + 1] == "ada@example.org"
    assert "--register-unsafely-without-email" not in with_email


def test_a_private_authority_is_trusted_by_this_run_alone(programs: Programs, tmp_path: Path) -> None:
    programs.add("certbot", f'echo "$REQUESTS_CA_BUNDLE" > {tmp_path}/trusted')
    certbot.obtain(AcmeCertificate(**{**vars(WANTED), "directory_ca": "/etc/ssl/ca.pem"}), lambda _: None)
    assert (tmp_path / "trusted").read_text() == "/etc/ssl/ca.pem\n"
    certbot.obtain(WANTED, lambda _: None)
    assert (tmp_path / "trusted").read_text() == "\n"


def test_another_run_of_certbot_is_waited_for(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: (tmp_path / "ended").touch())
    programs.add("certbot", f"test -e {tmp_path}/ended || {{ echo '{certbot.ANOTHER}.'; exit 1; }}")
    certbot.obtain(WANTED, lambda _: None)
    assert len(programs.called()) == 2


def test_a_rate_limit_is_told_in_the_authoritys_words_with_the_time_to_try_again() -> None:
    error = certbot.failure("An unexpected error occurred", log("rateLimited", "too many certificates (5)"))
    assert error.fact == "the authority issues no more certificates for now (rate limit): too many certificates (5)"
    soon = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 3600))
    assert error.remedy.startswith(f"try again after {soon}")
    dated = certbot.failure("", log("rateLimited", "too many", "Sun, 22 Nov 2026 10:00:00 GMT"))
    assert "after Sun, 22 Nov 2026 10:00:00 GMT" in dated.remedy


def test_the_last_thing_the_authority_said_counts() -> None:
    both = log("badNonce", "try again with another") + log("caa", "CAA record for shop.example.org prevents issuance")
    error = certbot.failure("", both)
    assert error.fact == "the authority refused (caa): CAA record for shop.example.org prevents issuance"


def test_without_a_word_of_the_authority_certbots_own_are_shown() -> None:
    error = certbot.failure("line\nThe disk is full", "")
    assert "got no certificate" in error.fact
    assert error.output == "line\nThe disk is full"


def test_a_failed_run_is_a_failure_with_what_the_log_holds(programs: Programs, tmp_path: Path) -> None:
    programs.add("certbot", "echo nothing doing; exit 1")
    (tmp_path / "letsencrypt.log").write_text(log("unauthorized", "Invalid response"))
    with pytest.raises(CertificateFailed, match=r"refused \(unauthorized\): Invalid response"):
        certbot.obtain(WANTED, lambda _: None)


def test_the_log_of_an_older_run_is_not_taken_for_this_ones(programs: Programs, tmp_path: Path) -> None:
    programs.add("certbot", "echo no module named certbot; exit 1")
    (tmp_path / "letsencrypt.log").write_text(log("unauthorized", "Invalid response"))
    os.utime(tmp_path / "letsencrypt.log", (0, time.time() - 3600))
    with pytest.raises(CertificateFailed, match="certbot got no certificate") as caught:
        certbot.obtain(WANTED, lambda _: None)
    assert "no module named" in caught.value.output


def test_a_host_without_certbot_is_told_so(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PATH", str(programs.folder))
    with pytest.raises(CertificateFailed, match="certbot is not installed"):
        certbot.must_be_there()


def test_what_certbot_keeps_goes_only_when_it_renews_it_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certbot, "CONFIGURATION", tmp_path)
    monkeypatch.setattr(certbot, "RENEWAL", str(tmp_path / "renewal"))
    for folder in ("live/seawall-shop", "archive/seawall-shop", "live/other"):
        (tmp_path / folder).mkdir(parents=True)
    settings = tmp_path / "renewal" / "seawall-shop.conf"
    settings.parent.mkdir()
    settings.write_text("[renewalparams]\nserver = https://ca.example.org/dir\n")
    (tmp_path / "live/seawall-shop/fullchain.pem").write_bytes(b"PEM")
    kept = certbot.lineage("seawall-shop")
    assert kept == certbot.Lineage(b"PEM", "https://ca.example.org/dir")
    certbot.forget("seawall-shop")
    assert (tmp_path / "live/seawall-shop").exists()
    settings.unlink()
    assert certbot.lineage("seawall-shop") is None
    certbot.forget("seawall-shop")
    assert sorted(path.name for path in tmp_path.glob("*/*")) == ["other"]


@pytest.mark.parametrize(
    "emptied", ["live/seawall-shop/fullchain.pem", "live/seawall-shop/privkey.pem", "renewal/seawall-shop.conf", ""]
)
def test_what_a_power_cut_left_of_a_certificate_is_removed_before_certbot_stumbles_over_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, emptied: str
) -> None:
    monkeypatch.setattr(certbot, "CONFIGURATION", tmp_path)
    monkeypatch.setattr(certbot, "RENEWAL", str(tmp_path / "renewal"))
    made = pair("shop.example.org")
    contents = {
        "live/seawall-shop/fullchain.pem": made.pem,
        "live/seawall-shop/privkey.pem": made.key(),
        "archive/seawall-shop/privkey1.pem": made.key(),
        "renewal/seawall-shop.conf": b"server = https://ca.example.org/dir\n",
    }
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"" if name == emptied else content)
    certbot.mend("seawall-shop")
    left = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(left) == ([] if emptied else sorted(contents))
