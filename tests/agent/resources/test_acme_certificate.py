"""Certificates of an authority: when one is asked for, and what is shown meanwhile."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from seawall.agent.certificates import certbot, reading
from seawall.agent.resources import acme_certificate
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import AcmeCertificate, Change

from ..certificates.making import DAY, NOW, Pair, pair

NAMES = ("shop.example.org", "www.example.org")
SERVER = "https://ca.example.org/dir"


@pytest.fixture
def resource(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AcmeCertificate:
    monkeypatch.setattr(certbot, "CONFIGURATION", tmp_path / "letsencrypt")
    monkeypatch.setattr(certbot, "RENEWAL", str(tmp_path / "letsencrypt/renewal"))
    return AcmeCertificate(
        name="seawall-shop",
        certificate=str(tmp_path / "tls/shop.crt"),
        key=str(tmp_path / "tls/shop.key"),
        domains=NAMES,
        challenges=str(tmp_path / "challenges"),
        install=str(tmp_path / "tls/shop.install"),
        directory=SERVER,
    )


def issue(resource: AcmeCertificate, made: Pair, *, server: str = SERVER) -> None:
    """As certbot and the program it runs leave things."""
    keeps(resource, made, server)
    Path(resource.certificate).parent.mkdir(exist_ok=True)
    Path(resource.certificate).write_bytes(made.pem)
    Path(resource.key).write_bytes(made.key())
    Path(resource.key).chmod(0o600)


def keeps(resource: AcmeCertificate, made: Pair, server: str = SERVER) -> None:
    live = certbot.live(resource.name)
    live.mkdir(parents=True, exist_ok=True)
    (live / "fullchain.pem").write_bytes(made.pem)
    settings = Path(certbot.RENEWAL) / f"{resource.name}.conf"
    settings.parent.mkdir(exist_ok=True)
    settings.write_text(f"[renewalparams]\nserver = {server}\n")


def issued(*names: str, days: int = 90, left: int = 80) -> Pair:
    return pair(*(names or NAMES), by=pair(called="an authority"), begins=NOW + (left - days) * DAY, days=days)


def changed(resource: AcmeCertificate) -> Change | None:
    return acme_certificate.diff(resource, acme_certificate.observe(resource))


def trouble(resource: AcmeCertificate) -> str:
    return acme_certificate.observe(resource).trouble


def test_where_there_is_none_a_self_signed_one_is_shown_and_the_authority_asked(
    resource: AcmeCertificate, work: Work
) -> None:
    first = changed(resource)
    assert first is not None
    assert (first.action, first.diff.splitlines()) == (
        "create",
        [
            "issued by ca.example.org for shop.example.org, www.example.org (there is none), once the site is there",
            "self-signed until then",
        ],
    )
    acme_certificate.apply(resource, acme_certificate.observe(resource), work)
    shown = reading.read_pem(Path(resource.certificate).read_bytes())[0]
    assert shown.self_signed
    assert set(shown.names) == set(NAMES)
    then = changed(resource)
    assert then is not None
    assert (then.action, "the one there is self-signed" in then.diff) == ("update", True)
    acme_certificate.apply(resource, acme_certificate.observe(resource), work)
    assert reading.read_pem(Path(resource.certificate).read_bytes())[0] == shown


def test_a_good_one_is_left_alone(resource: AcmeCertificate) -> None:
    issue(resource, issued())
    assert changed(resource) is None


@pytest.mark.parametrize(
    ("days", "left", "due"),
    [(90, 31, False), (90, 29, True), (90, -1, True), (398, 40, False), (398, 29, True), (6, 3, False), (6, 1, True)],
)
def test_it_is_due_a_month_before_its_end_or_in_the_last_third_of_a_short_life(
    resource: AcmeCertificate, days: int, left: int, due: bool
) -> None:
    issue(resource, issued(days=days, left=left))
    assert (changed(resource) is not None) is due


def test_other_names_another_authority_and_one_that_nothing_renews_are_reasons_to_ask(
    resource: AcmeCertificate,
) -> None:
    issue(resource, issued("shop.example.org"))
    assert trouble(resource) == "the one there is for shop.example.org"
    issue(resource, issued(), server="https://staging.example.org/dir")
    assert trouble(resource) == "the one there is from https://staging.example.org/dir"
    issue(resource, issued())
    keeps(resource, issued())
    assert trouble(resource) == "certbot has another one"
    (Path(certbot.RENEWAL) / f"{resource.name}.conf").unlink()
    assert trouble(resource) == "certbot does not know the one there, so nothing renews it"


def test_what_visitors_accepted_before_is_shown_until_the_authority_has_issued_one(
    resource: AcmeCertificate, work: Work, tmp_path: Path
) -> None:
    before = pair(*NAMES)
    (tmp_path / "own.crt").write_bytes(before.pem)
    (tmp_path / "own.key").write_bytes(before.key())
    (tmp_path / "own.key").chmod(0o600)
    with_files = replace(resource, meanwhile=(str(tmp_path / "own.crt"), str(tmp_path / "own.key")))
    change = changed(with_files)
    assert change is not None
    assert f"that of {tmp_path}/own.crt until then" in change.diff
    acme_certificate.apply(with_files, acme_certificate.observe(with_files), work)
    assert Path(resource.certificate).read_bytes() == before.pem
    assert Path(resource.key).stat().st_mode & 0o777 == 0o600


def test_files_that_are_not_fit_are_not_shown(resource: AcmeCertificate, work: Work, tmp_path: Path) -> None:
    missing = replace(resource, meanwhile=(str(tmp_path / "none.crt"), str(tmp_path / "none.key")))
    acme_certificate.apply(missing, acme_certificate.observe(missing), work)
    assert reading.read_pem(Path(resource.certificate).read_bytes())[0].self_signed
