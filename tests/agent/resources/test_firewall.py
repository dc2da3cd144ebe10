"""ufw: opened before it is closed, and its files kept before it writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.agent.errors import ApplyFailed
from seawall.agent.host_vocabulary import Firewall
from seawall.agent.resources import firewall
from seawall.agent.resources.work import Work

from ..fake_programs import Programs

WANTED = Firewall(("allow 22/tcp", "allow 80/tcp"))
UFW = """case "$*" in
status) echo "Status: $STATE" ;;
"show added") printf 'Added user rules (see below):\\nufw allow 22/tcp\\nufw deny from 10.0.0.1\\n' ;;
*) test "$STATE" != refusing || { echo "ERROR: no" >&2; exit 1; }; echo "# touched" >>"$CONF" ;;
esac"""


@pytest.fixture
def ufw(tmp_path: Path, programs: Programs, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ufw that is on, refuses by default, and writes its file whenever it is told something."""
    conf, defaults = tmp_path / "ufw.conf", tmp_path / "default"
    conf.write_text("ENABLED=yes\n")
    defaults.write_text('IPV6=yes\nDEFAULT_INPUT_POLICY="DROP"\n')
    monkeypatch.setattr(firewall, "DEFAULTS", str(defaults))
    monkeypatch.setattr(firewall, "WRITTEN", (str(conf), str(defaults)))
    add(programs, conf, "active")
    return conf


def add(programs: Programs, conf: Path, state: str) -> None:
    programs.add("ufw", f"STATE={state}; CONF={conf}\n{UFW}")


def test_without_ufw_all_of_it_is_to_come(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firewall.process, "PATH", str(programs.folder))
    change = firewall.diff(WANTED, firewall.observe(WANTED))
    assert change is not None
    assert change.diff.splitlines() == [
        "+ allow 22/tcp",
        "+ allow 80/tcp",
        "everything else that comes in is refused",
        "IPv6 too",
        "switched on, now and at boot",
    ]


def test_a_firewall_as_it_should_be_is_no_change(ufw: Path) -> None:
    wanted = Firewall(("allow 22/tcp", "deny from 10.0.0.1"))
    assert firewall.diff(wanted, firewall.observe(wanted)) is None


def test_what_is_missing_and_what_is_too_much_is_shown(ufw: Path) -> None:
    change = firewall.diff(WANTED, firewall.observe(WANTED))
    assert change is not None
    assert change.diff.splitlines() == ["+ allow 80/tcp", "- deny from 10.0.0.1"]


def test_ports_are_opened_before_others_are_closed(ufw: Path, programs: Programs, work: Work) -> None:
    firewall.apply(WANTED, firewall.observe(WANTED), work)
    told = [call for call in programs.called() if call not in ("ufw status", "ufw show added")]
    assert told == [
        "ufw reload",
        "ufw allow 80/tcp",
        "ufw --force delete deny from 10.0.0.1",
        "ufw --force enable",
    ]


def test_taking_back_restores_the_files_that_ufw_wrote(ufw: Path, work: Work) -> None:
    firewall.apply(Firewall(("allow 22/tcp",), ipv6=False), firewall.observe(WANTED), work)
    assert "# touched" in ufw.read_text()
    assert "IPV6=no" in Path(firewall.DEFAULTS).read_text()
    work.undo.roll_back()
    assert ufw.read_text() == "ENABLED=yes\n"
    assert "IPV6=yes" in Path(firewall.DEFAULTS).read_text()


def test_a_firewall_that_is_off_or_lets_in_by_default_shows(ufw: Path, programs: Programs) -> None:
    Path(firewall.DEFAULTS).write_text('IPV6=yes\nDEFAULT_INPUT_POLICY="ACCEPT"\n')
    add(programs, ufw, "inactive")
    change = firewall.diff(WANTED, firewall.observe(WANTED))
    assert change is not None
    assert "everything else that comes in is refused" in change.diff
    assert "switched on" in change.diff


def test_ufws_refusal_is_passed_on(ufw: Path, programs: Programs, work: Work) -> None:
    found = firewall.observe(WANTED)
    add(programs, ufw, "refusing")
    with pytest.raises(ApplyFailed, match="ufw refused: reload") as caught:
        firewall.apply(WANTED, found, work)
    assert caught.value.output == "ERROR: no"


def test_a_comment_is_no_part_of_a_rule() -> None:
    told = "ufw allow 22/tcp comment 'ssh, for all'\nufw allow 'Nginx Full'\nufw allow 80/tcp\n"
    assert firewall.rules_in(told) == ("allow 22/tcp", "allow 'Nginx Full'", "allow 80/tcp")


def test_rules_of_several_words_and_for_packets_that_are_passed_on_are_deleted_in_ufws_own_words(
    ufw: Path, programs: Programs, work: Work
) -> None:
    found = firewall.FirewallFound(True, True, ("allow 'Nginx Full'", "route allow from 10.0.0.1"), True, True)
    programs.add("ufw", f'printf "<%s>" "$@" >>{ufw}; echo >>{ufw}')
    firewall.apply(Firewall(()), found, work)
    said = ufw.read_text()
    assert "<--force><delete><allow><Nginx Full>" in said
    assert "<--force><route><delete><allow><from><10.0.0.1>" in said
