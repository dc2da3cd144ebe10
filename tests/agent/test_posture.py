"""What a host says of itself is what its programs and files say, and a host that lacks a program still answers."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from agent.fake_programs import Programs
from agent.sample import places
from seawall.agent import posture, process
from seawall.agent.places import Places

SECURITY = """\
UNIT                                 EXPOSURE PREDICATE HAPPY
nginx.service                             9.6 UNSAFE    :-{
seawall-tiny.worker@v1.service            1.1 OK        :-)
seawall-tiny@v1.service                   1.3 OK        :-)
seawall-tinytwo@v1.service                9.2 UNSAFE    :-{
ssh.service                               9.6 UNSAFE    :-{
"""
UPGRADE = """\
Inst tzdata [2024a-0+deb12u1] (2024b-0+deb12u1 Debian:12.8/stable-updates [all])
Inst libssl3 [3.0.14-1~deb12u2] (3.0.15-1~deb12u1 Debian-Security:12/stable-security [amd64])
Inst openssl [3.0.2-0ubuntu1.15] (3.0.2-0ubuntu1.18 Ubuntu:22.04/jammy-updates, Ubuntu:22.04/jammy-security [amd64])
Conf libssl3 (3.0.15-1~deb12u1 Debian-Security:12/stable-security [amd64])
"""
SSHD = "port 22\npermitrootlogin without-password\nPasswordAuthentication YES\nx11forwarding yes\n"


@pytest.fixture
def there(tmp_path: Path) -> Places:
    return places(tmp_path / "base")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """The host's programs: none but those a test adds."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setattr(process, "PATH", str(folder))
    return Programs(folder)


def says(programs: Programs, name: str, text: str, code: int = 0) -> None:
    kept = programs.folder / f"{name}.txt"
    kept.write_text(text)
    programs.add(name, f"/bin/cat {kept}; exit {code}")


def seen(there: Places, certificate: str = "", keys: tuple[str, ...] = ()) -> dict[str, object]:
    return posture.gather(there, certificate=certificate, keys=keys)


@pytest.mark.usefixtures("programs")
def test_a_host_without_any_of_the_programs_answers(there: Places) -> None:
    said = seen(there)
    assert json.loads(json.dumps(said)) == said
    assert (said["updates"], said["firewall"], said["sshd"], said["failed"]) == (None, "", {}, [])


def test_exposure_is_that_of_the_apps_own_units_and_the_proxy(there: Places, programs: Programs) -> None:
    says(programs, "systemd-analyze", SECURITY)
    expected = {"nginx.service": 9.6, "seawall-tiny.worker@v1.service": 1.1, "seawall-tiny@v1.service": 1.3}
    assert seen(there)["exposure"] == expected


def test_only_security_updates_count_and_nothing_is_installed(there: Places, programs: Programs) -> None:
    says(programs, "apt-get", UPGRADE)
    assert seen(there)["updates"] == ["libssl3", "openssl"]
    assert [call for call in programs.called() if call.startswith("apt-get")] == [
        "apt-get -s -o Debug::NoLocking=true dist-upgrade"
    ]


def test_sshd_is_heard_whatever_its_spelling(there: Places, programs: Programs) -> None:
    says(programs, "sshd", SSHD)
    assert seen(there)["sshd"] == {
        "port": "22",
        "permitrootlogin": "without-password",
        "passwordauthentication": "yes",
    }


def test_every_port_of_sshd_is_told(there: Places, programs: Programs) -> None:
    says(programs, "sshd", "port 22\nport 2222\n")
    assert seen(there)["sshd"] == {"port": "22 2222"}


def chain(hook: str, policy: str, *rules: str) -> str:
    """A chain as `nft list ruleset` shows it."""
    lines = [f"type filter hook {hook} priority filter; policy {policy};", *rules]
    return "\n".join(["table inet filter {", "\tchain some {", *(f"\t\t{line}" for line in lines), "\t}", "}", ""])


@pytest.mark.parametrize(
    ("ufw", "nft", "expected"),
    [
        ("Status: active\n", "", "active"),
        ("Status: inactive\n", "", "inactive"),
        ("Status: inactive\n", chain("input", "drop"), "other"),
        ("Status: inactive\n", chain("input", "accept"), "inactive"),
        ("Status: inactive\n", chain("input", "accept") + chain("forward", "drop"), "inactive"),
        (
            "Status: inactive\n",
            chain("input", "accept", "ip saddr @banned reject with icmp port-unreachable"),
            "inactive",
        ),
        (
            "Status: inactive\n",
            chain("input", "accept", "tcp dport { 22, 80 } accept", "counter packets 9 bytes 9 drop"),
            "other",
        ),
        ("Status: inactive\n", chain("input", "accept", "reject with icmpx admin-prohibited"), "other"),
        ("Status: inactive\n", chain("forward", "accept", "drop"), "inactive"),
    ],
)
def test_a_firewall_is_one_that_drops(there: Places, programs: Programs, ufw: str, nft: str, expected: str) -> None:
    says(programs, "ufw", ufw)
    says(programs, "nft", nft)
    assert seen(there)["firewall"] == expected


def test_units_and_properties_are_read(there: Places, programs: Programs) -> None:
    programs.add(
        "systemctl", 'case "$1" in show) echo Restart=no;; *) echo "cron.service loaded failed failed Cron";; esac'
    )
    said = seen(there)
    assert said["proxy"] == {"Restart": "no"}
    assert said["failed"] == ["cron.service"]


@pytest.mark.usefixtures("programs")
def test_secret_files_that_others_may_read_are_named_and_no_others(there: Places, tmp_path: Path) -> None:
    key, closed = tmp_path / "site.key", tmp_path / "closed.key"
    env = there.release("v1").env
    env.parent.mkdir()
    for path, mode in ((key, 0o644), (closed, 0o640), (env, 0o604)):
        path.write_text("secret")
        path.chmod(mode)
    said = seen(there, keys=(str(key), str(closed), str(tmp_path / "not there")))
    assert said["open_files"] == [f"0604 {env}", f"0644 {key}"]


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_backup_is_what_its_file_says(there: Places, text: str) -> None:
    (there.state / "backup.json").write_text('{"at": 5, "verified": true}')
    assert seen(there)["backup"] == {"at": 5, "verified": True}
    (there.state / "backup.json").write_text(text)
    assert seen(there)["backup"] is None


@pytest.mark.usefixtures("programs")
def test_the_certificate_on_the_disk_is_told_by_the_hash_of_its_first(there: Places, tmp_path: Path) -> None:
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=a", "-keyout", "/dev/null"]
    first, second = (subprocess.run(made, capture_output=True, text=True, check=True).stdout for _ in "ab")
    chain = tmp_path / "chain.pem"
    chain.write_text(f"# a comment\n{first}{second}")
    shown = subprocess.run(
        ["openssl", "x509", "-noout", "-fingerprint", "-sha256"],
        input=first,
        capture_output=True,
        text=True,
        check=True,
    )
    said = seen(there, str(chain))["certificate"]
    assert isinstance(said, dict)
    assert said["sha256"] == shown.stdout.strip().partition("=")[2].replace(":", "").lower()
    chain.write_text("no certificate")
    assert seen(there, str(chain))["certificate"] is None


@pytest.mark.usefixtures("programs")
def test_only_ports_that_others_can_reach_are_told(there: Places) -> None:
    with socket.create_server(("127.0.0.1", 0)) as own, socket.create_server(("0.0.0.0", 0)) as open_to_all:  # noqa: S104
        said = seen(there)["listening"]
        assert isinstance(said, list)
        assert open_to_all.getsockname()[1] in said
        assert own.getsockname()[1] not in said


@pytest.mark.usefixtures("programs")
def test_a_disk_is_told_once_however_many_paths_lie_on_it(there: Places) -> None:
    disks = seen(there)["disks"]
    assert isinstance(disks, list)
    systems = {os.statvfs("/").f_fsid, os.statvfs(there.base).f_fsid}
    assert len(disks) == len(systems)
    assert all(0 <= disk["free"] <= disk["total"] for disk in disks)
