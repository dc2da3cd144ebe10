"""Getting a certificate: what is done, what is left out, and what is made of each failure.

certbot and the program that puts a certificate in place are stand-ins here; on hosts both are real.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from seawall.agent import process
from seawall.agent.certificates import certbot, issuing, reach, reading, served
from seawall.agent.certificates.reading import Reading
from seawall.agent.errors import CertificateFailed
from seawall.agent.vocabulary import AcmeCertificate, Event

from ..fake_programs import Programs
from .making import DAY, NOW, Pair, pair

NAME = "shop.example.org"
SERVER = "https://ca.example.org/dir"


class Host:
    """The files of one host, with a certbot that does as it is told."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.programs = Programs(root / "programs")
        self.wanted = AcmeCertificate(
            name="seawall-shop",
            certificate=str(root / "shop.crt"),
            key=str(root / "shop.key"),
            domains=(NAME,),
            challenges=str(root / "challenges"),
            install=str(root / "programs" / "install"),
            directory=SERVER,
        )
        self.shown: Pair | None = None

    def holds(self, made: Pair) -> None:
        Path(self.wanted.certificate).write_bytes(made.pem)
        Path(self.wanted.key).write_bytes(made.key())
        Path(self.wanted.key).chmod(0o600)
        self.shown = made

    def kept(self, made: Pair, *, server: str = SERVER) -> None:
        """certbot has it."""
        certbot.live("seawall-shop").mkdir(parents=True, exist_ok=True)
        (certbot.live("seawall-shop") / "fullchain.pem").write_bytes(made.pem)
        (certbot.live("seawall-shop") / "privkey.pem").write_bytes(made.key())
        settings = Path(certbot.RENEWAL) / "seawall-shop.conf"
        settings.parent.mkdir(exist_ok=True)
        settings.write_text(f"server = {server}\n")

    def installs(self) -> None:
        """The program that puts a certificate in place does so."""
        self.programs.add("install", f'cp "$RENEWED_LINEAGE/fullchain.pem" {self.wanted.certificate}')

    def issues(self, made: Pair, then: str = "") -> None:
        """certbot gets this one, and does ``then``."""
        self.kept(pair("before.example.org"))
        (self.root / "next.pem").write_bytes(made.pem)
        live = certbot.live("seawall-shop")
        self.programs.add("certbot", f"cp {self.root}/next.pem {live}/fullchain.pem\n{then}")

    def called(self) -> list[str]:
        return [call.partition(" ")[0] for call in self.programs.called()]


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    (tmp_path / "programs").mkdir()
    monkeypatch.setattr(process, "PATH", f"{tmp_path}/programs:/usr/bin:/bin")
    monkeypatch.setattr(certbot, "CONFIGURATION", tmp_path / "letsencrypt")
    monkeypatch.setattr(certbot, "RENEWAL", str(tmp_path / "letsencrypt/renewal"))
    monkeypatch.setattr(certbot, "LOG", tmp_path / "log")
    monkeypatch.setattr(reach, "check_authority", lambda *_: None)
    monkeypatch.setattr(reach, "check_domains", lambda *_: None)
    monkeypatch.setattr(served, "PATIENCE", 0.05)
    made = Host(tmp_path)

    def shows(_: str) -> Reading:
        return reading.read_pem(Path(made.wanted.certificate).read_bytes())[0]

    monkeypatch.setattr(issuing, "served", shows)
    return made


def issued(**options: int) -> Pair:
    return pair(NAME, by=pair(called="an authority"), **options)


def ignore(_: str) -> None:
    """What programs say."""


def test_a_good_one_is_left_alone(host: Host) -> None:
    made = issued()
    host.holds(made)
    host.kept(made)
    issuing.issue(host.wanted, ignore)
    assert host.called() == []


def test_a_self_signed_one_gives_way_to_what_certbot_gets(host: Host) -> None:
    host.holds(pair(NAME))
    made = issued()
    host.issues(made, f"cp {host.root}/next.pem {host.wanted.certificate}")
    issuing.issue(host.wanted, ignore)
    assert Path(host.wanted.certificate).read_bytes() == made.pem


def test_what_certbot_has_already_is_put_in_place_and_nobody_asked(host: Host) -> None:
    host.holds(pair(NAME))
    made = issued()
    host.kept(made)
    host.installs()
    issuing.issue(host.wanted, ignore)
    assert host.called() == ["install"]
    assert Path(host.wanted.certificate).read_bytes() == made.pem


@pytest.mark.parametrize(
    "unfit",
    [
        lambda host: host.kept(pair("other.example.org", by=pair(called="an authority"))),
        lambda host: host.kept(pair(NAME, by=pair(called="an authority"), begins=NOW - 80 * DAY)),
        lambda host: host.kept(issued(), server="https://staging.example.org/dir"),
    ],
    ids=["other names", "about to end", "another authority"],
)
def test_what_certbot_has_is_left_where_it_is_not_what_is_wanted(host: Host, unfit: Callable[[Host], None]) -> None:
    unfit(host)
    assert not issuing.certbot_has_it(host.wanted)


def test_certbot_that_ends_well_while_its_hook_did_not_is_a_failure(host: Host) -> None:
    before = pair(NAME)
    host.holds(before)
    host.issues(issued())
    with pytest.raises(CertificateFailed, match="could not be put in place") as caught:
        issuing.issue(host.wanted, ignore)
    assert "self-signed" in caught.value.state
    assert Path(host.wanted.certificate).read_bytes() == before.pem


def test_another_certificate_than_the_one_on_disk_is_a_failure(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    old = reading.read_pem(pair(NAME, called="the old one").pem)[0]
    host.holds(pair(NAME))
    host.issues(issued(), f"cp {host.root}/next.pem {host.wanted.certificate}")
    monkeypatch.setattr(issuing, "served", lambda _: old)
    with pytest.raises(CertificateFailed, match="visitors are shown another certificate, of Tests, the old one"):
        issuing.issue(host.wanted, ignore)


def test_an_authority_is_never_asked_where_it_would_not_find_the_host(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: AcmeCertificate) -> None:
        raise CertificateFailed("shop.example.org does not resolve", remedy="add the record")

    monkeypatch.setattr(reach, "check_domains", refuse)
    host.holds(issued(days=20))
    host.issues(issued())
    with pytest.raises(CertificateFailed, match="does not resolve") as caught:
        issuing.issue(host.wanted, ignore)
    assert "certbot" not in host.called()
    assert caught.value.state.startswith(
        "the site is up; visitors are shown the certificate that was there, good until"
    )


def test_by_force_a_good_one_is_renewed_too(host: Host) -> None:
    host.holds(issued())
    made = issued()
    host.issues(made, f"cp {host.root}/next.pem {host.wanted.certificate}")
    issuing.renew(host.wanted, ignore, force=True)
    assert "--force-renewal" in host.programs.called()[0]
    assert Path(host.wanted.certificate).read_bytes() == made.pem


def test_as_a_step_of_a_deployment_a_failure_is_told_and_ends_nothing(host: Host) -> None:
    told: list[Event] = []
    host.holds(pair(NAME))
    host.kept(pair(NAME), server="")
    host.programs.add("certbot", "exit 1")
    troubles = issuing.step(host.wanted, told.append)
    assert [trouble.code for trouble in troubles] == ["certificate-failed"]
    assert [(event.step, event.state) for event in told] == [("certificate", "start"), ("certificate", "failed")]


def test_a_step_with_nothing_to_do_says_nothing(host: Host) -> None:
    made = issued()
    host.holds(made)
    host.kept(made)
    told: list[Event] = []
    assert issuing.step(host.wanted, told.append) == []
    assert told == []
