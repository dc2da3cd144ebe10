"""Changes wait, are confirmed or taken back; whatever dies in between, one of the two comes out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from seawall.agent.setup import pending, places
from seawall.agent.undo import UndoLog

from ..fake_programs import Programs


@pytest.fixture
def host(tmp_path: Path, programs: Programs, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that decides who gets in, and what a set-up keeps beside it."""
    for name in ("HOME", "LOCK", "PENDING", "GUARDED_UNDO"):
        monkeypatch.setattr(
            places, name, str(tmp_path / "state" / name.lower()) if name != "HOME" else str(tmp_path / "state")
        )
    units = tmp_path / "units"
    units.mkdir()
    monkeypatch.setattr(pending, "UNITS", str(units))
    monkeypatch.setattr(pending, "WANTED_AT_BOOT", str(units / "sysinit.target.wants" / pending.AT_BOOT))
    monkeypatch.setattr(pending, "UFW_INIT", (str(programs.folder / "ufw-init"),))
    programs.add("systemctl")
    programs.add("ufw-init")
    place = tmp_path / "sshd_config"
    place.write_text("as it was")
    return place


def change(place: Path, seconds: int = 60, *, firewall_was_on: bool = False) -> None:
    pending.arm("token", seconds, firewall_was_on)
    UndoLog.load(places.GUARDED_UNDO).write_file(str(place), b"as it is", 0o644)


def units(place: Path) -> list[str]:
    return sorted(path.name for path in (place.parent / "units").rglob("*") if not path.is_dir() or path.is_symlink())


def test_what_a_new_connection_confirms_stays_and_no_timer_is_left(host: Path) -> None:
    change(host)
    assert pending.TIMER in units(host)
    assert pending.confirm("token")
    assert host.read_text() == "as it is"
    assert units(host) == []
    assert pending.seconds_left() == 0
    assert UndoLog.load(places.GUARDED_UNDO).empty


def test_only_the_one_who_knows_the_token_confirms(host: Path) -> None:
    change(host)
    assert not pending.confirm("another")
    assert pending.seconds_left() > 50
    pending.take_back()
    assert not pending.confirm("token")
    assert host.read_text() == "as it was"


def test_when_the_time_is_over_it_is_taken_back_and_the_services_are_told(host: Path, programs: Programs) -> None:
    change(host, 0)
    pending.main()
    assert host.read_text() == "as it was"
    assert units(host) == []
    told = programs.called()
    assert "systemctl try-reload-or-restart ssh.service" in told
    assert "ufw-init force-stop" in told


def test_a_firewall_that_was_on_goes_by_its_old_rules_again(host: Path, programs: Programs) -> None:
    change(host, 0, firewall_was_on=True)
    pending.main()
    assert "ufw-init reload" in programs.called()


def test_a_timer_that_was_wound_up_again_does_nothing_yet(host: Path) -> None:
    change(host, 60)
    pending.main()
    assert host.read_text() == "as it is"


def test_after_a_boot_files_are_put_back_however_much_time_was_left(
    host: Path, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing runs by them yet, so nothing is told."""
    change(host, 600)
    monkeypatch.setattr(pending, "_boot", lambda: "another")
    told = len(programs.called())
    pending.main()
    assert host.read_text() == "as it was"
    assert not [call for call in programs.called()[told:] if "ssh" in call or "ufw" in call]


def test_confirmed_but_killed_before_the_log_was_emptied_it_stays(host: Path) -> None:
    change(host)
    Path(places.PENDING).unlink()
    pending.take_back()
    assert host.read_text() == "as it is"
    assert UndoLog.load(places.GUARDED_UNDO).empty


def test_taking_back_twice_is_taking_back_once(host: Path) -> None:
    change(host, 0)
    waits = pending.read()
    pending.main()
    assert waits is not None
    assert replace(waits, deadline=0).token == "token"
    host.write_text("an administrator's own")
    pending.main()
    assert host.read_text() == "an administrator's own"


def test_the_units_run_this_very_agent(host: Path) -> None:
    change(host)
    text = (host.parent / "units" / pending.AT_BOOT).read_text()
    assert str(Path(pending.__file__).parents[3]) in text
    assert "Before=sysinit.target network-pre.target ufw.service" in text
