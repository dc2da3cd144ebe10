"""Each verifier's parser, on what that verifier really printed about a host before there was `seawall server setup`."""

from dataclasses import replace
from pathlib import Path

import pytest

from hosts.commands import HostError
from verifiers import exposure, gixy, installed, lynis, mozilla, nmap, observatory, slowhttp, ssh_audit, sslyze, testssl
from verifiers.findings import Finding

SAMPLES = Path(__file__).with_name("samples")


def sample(name: str) -> str:
    return (SAMPLES / name).read_text()


def test_sslyze_tells_versions_suites_curves_and_certificates() -> None:
    seen = sslyze.parse(sample("sslyze.json"))
    assert set(seen.versions) == {"TLSv1.2", "TLSv1.3"}
    assert seen.curves == {"X25519", "secp256r1", "secp384r1"}
    assert seen.hsts_seconds == 0
    assert [(c.key, c.days, c.trusted) for c in seen.certificates] == [("ecdsa secp256r1", 825, False)]
    assert "maximum_certificate_lifespan" in {finding.id for finding in seen.complaints}


def test_a_scan_that_sslyze_could_not_finish_is_an_error() -> None:
    with pytest.raises(HostError, match="refused"):
        sslyze.parse('{"reached": false, "problems": {"connection": "refused"}}')


def compliant() -> sslyze.Tls:
    """The sample with what it lacks."""
    seen = sslyze.parse(sample("sslyze.json"))
    good = replace(seen.certificates[0], trusted=True, days=90)
    return replace(seen, hsts_seconds=63_072_000, certificates=(good,))


def test_a_server_that_follows_mozilla_departs_in_nothing() -> None:
    assert mozilla.intermediate(compliant()) == []


def _with_suites(version: str, *suites: str) -> sslyze.Tls:
    seen = compliant()
    return replace(seen, versions={**seen.versions, version: seen.versions.get(version, frozenset()) | set(suites)})


def _with_certificate(**changes: object) -> sslyze.Tls:
    seen = compliant()
    return replace(seen, certificates=(replace(seen.certificates[0], **changes),))  # type: ignore[arg-type]


DEPARTURES = {
    "TLSv1.1": (_with_suites("TLSv1.1", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"), "versions"),
    "no TLS 1.3": (replace(compliant(), versions={"TLSv1.2": mozilla.TLS12["ECDSA"]}), "versions"),
    "a CBC suite": (_with_suites("TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"), "TLS 1.2 suites"),
    "DHE": (_with_suites("TLSv1.2", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"), "TLS 1.2 suites"),
    "another curve": (replace(compliant(), curves=mozilla.CURVES | {"secp521r1"}), "curves"),
    "no X25519": (replace(compliant(), curves=mozilla.CURVES - {"X25519"}), "curves"),
    "HSTS of a year": (replace(compliant(), hsts_seconds=31_536_000), "HSTS"),
    "an unknown authority": (_with_certificate(trusted=False), "certificate"),
    "a small key": (_with_certificate(key="RSAPublicKey", rsa_bits=1024), "certificate"),
    "SHA-1": (_with_certificate(hash="sha1"), "certificate"),
    "two years": (_with_certificate(days=730), "certificate"),
    "stapling": (_with_certificate(stapled=True), "certificate"),
    "a chain out of order": (_with_certificate(chain_in_order=False), "certificate"),
}


@pytest.mark.parametrize("what", DEPARTURES)
def test_a_departure_from_mozilla_is_found(what: str) -> None:
    tls, where = DEPARTURES[what]
    assert where in {finding.id for finding in mozilla.intermediate(tls)}


def test_the_observatory_gives_a_score_a_grade_and_marks() -> None:
    score = observatory.parse(sample("observatory.json"))
    assert (score.score, score.grade) == (30, "D")
    assert score.marks["content-security-policy"] == -25
    assert {finding.id for finding in score.findings} == {
        "content-security-policy",
        "strict-transport-security",
        "x-content-type-options",
        "x-frame-options",
    }


def test_gixy_names_the_check_and_the_line() -> None:
    findings = gixy.parse(sample("gixy.json"))
    assert len(findings) == 6
    assert "HIGH version_disclosure" in str(findings[2])
    assert "/etc/nginx/sites-enabled/default:205" in findings[2].text


def test_gixy_is_excused_from_judging_the_way_to_the_app_and_nothing_else() -> None:
    said = {
        'Directive "uwsgi_pass" is not safe to use in "if in location" context (x:1)': "if_is_evil",
        "'proxy_pass' uses a variable but no 'resolver' directive found! (x:2)": "missing_resolver",
        'Directive "alias" is not safe to use in "if in location" context (x:3)': "if_is_evil",
        "'proxy_pass' uses a name (x:4)": "missing_resolver",
    }
    findings = [Finding("gixy", id_, "HIGH", text) for text, id_ in said.items()]
    assert gixy.counted(findings) == findings[2:]


def test_ssh_audit_names_what_departs_from_its_policy() -> None:
    findings = ssh_audit.parse(sample("ssh-audit.json"))
    fields = [finding.id for finding in findings]
    assert {"Host keys", "Key exchanges", "Ciphers", "MACs"} <= set(fields)
    assert "3072 instead of 4096" in [finding.text for finding in findings]


def test_ssh_audit_finds_nothing_where_the_policy_passes() -> None:
    assert ssh_audit.parse('{"errors": [], "passed": true, "policy": "x", "warnings": []}') == []


def test_testssl_counts_from_medium_and_excuses_only_the_test_authority() -> None:
    findings = testssl.parse(sample("testssl.json"))
    assert [f.id for f in findings] == ["cert_extlifeSpan", "cert_revocation", "security_headers", "BREACH"]
    assert [f.id for f in testssl.of_the_server(findings)] == ["cert_extlifeSpan", "security_headers", "BREACH"]


def test_a_testssl_that_was_cut_off_is_an_error() -> None:
    with pytest.raises(AssertionError, match="did not finish"):
        testssl.parse('[{"id": "service", "severity": "INFO", "finding": "HTTP"}]')


def test_lynis_gives_its_index_and_where_points_were_lost() -> None:
    audit = lynis.parse(sample("lynis-report.dat"), sample("lynis.log"))
    assert audit.index == 60
    assert list(audit.lost)[:2] == ["SSH-7408", "KRNL-6000"]
    assert audit.lost["SSH-7408"] == 27


def test_nmap_counts_open_ports_and_not_silent_ones() -> None:
    assert nmap.parse(sample("nmap-tcp.xml")) == {22, 80, 443}
    assert nmap.parse(sample("nmap-udp.xml")) == set()


def test_an_nmap_that_was_cut_off_is_an_error() -> None:
    with pytest.raises(AssertionError, match="did not finish"):
        nmap.parse("<nmaprun></nmaprun>")


def test_systemd_gives_a_level_and_what_stays_open() -> None:
    found = exposure.parse(sample("systemd-analyze.txt"), sample("systemd-analyze.json"))
    assert found.level == 1.3
    assert next(iter(found.open.items())) == ("PrivateNetwork=", 0.5)


def test_slowhttptest_tells_connections_availability_and_the_end() -> None:
    attack = slowhttp.parse(sample("slowhttptest.txt"), sample("slowhttptest.csv"))
    assert attack == slowhttp.Attack(most_open=400, available=True, seconds=12, ended="No open connections left")
    down = sample("slowhttptest.csv").replace("10,0,0,400,400", "10,0,0,400,0")
    assert not slowhttp.parse(sample("slowhttptest.txt"), down).available


def test_another_pin_is_another_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SEAWALL_VERIFIERS_CACHE", str(tmp_path))
    before = installed.directory()
    pin = tmp_path / "pin"
    pin.write_text("other")
    monkeypatch.setattr(installed, "PINS", (*installed.PINS, pin))
    assert before.parent == tmp_path
    assert installed.directory() != before
    assert "tools/install-verifiers" in str(installed.missing())
