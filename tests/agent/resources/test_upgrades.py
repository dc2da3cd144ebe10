"""Upgrades: those apt knows of, and lists that are not too old to know."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from seawall.agent.errors import ApplyFailed
from seawall.agent.host_vocabulary import Upgrades
from seawall.agent.resources import package, upgrades
from seawall.agent.resources.work import Work

from ..fake_programs import Programs

WANTED = Upgrades(7)
SIMULATED = """case "$*" in *--simulate*)
echo 'Inst libssl3 [3.0.15-1] (3.0.17-1 Debian:12.11/stable [amd64]) []'
echo 'Inst new-package (1.0 Debian:12.11/stable [amd64])'
echo 'Conf libssl3 (3.0.17-1 Debian:12.11/stable [amd64])' ;; esac"""


@pytest.fixture
def lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "lists"
    (folder / "partial").mkdir(parents=True)
    (folder / "debian_Packages").write_text("")
    monkeypatch.setattr(package, "LISTS", str(folder))
    return folder


def age(lists: Path, days: float) -> None:
    then = time.time() - days * 86400
    for place in (lists / "partial", lists):
        os.utime(place, (then, then))


def test_pending_upgrades_are_named(programs: Programs, lists: Path) -> None:
    programs.add("apt-get", SIMULATED)
    change = upgrades.diff(WANTED, upgrades.observe(WANTED))
    assert change is not None
    assert change.diff == "1 known so far: libssl3"


def test_nothing_pending_by_fresh_lists_is_no_change(programs: Programs, lists: Path) -> None:
    programs.add("apt-get")
    age(lists, 6.9)
    assert upgrades.diff(WANTED, upgrades.observe(WANTED)) is None


def test_old_lists_are_read_again(programs: Programs, lists: Path, work: Work) -> None:
    programs.add("apt-get")
    age(lists, 9.5)
    found = upgrades.observe(WANTED)
    change = upgrades.diff(WANTED, found)
    assert change is not None
    assert change.diff == "the package lists are read again (they are 9 days old)"
    upgrades.apply(WANTED, found, work)
    assert [call.split()[1] for call in programs.called()[1:]] == ["update", "upgrade"]


def test_no_lists_at_all_are_read_first(programs: Programs, lists: Path) -> None:
    programs.add("apt-get")
    (lists / "debian_Packages").unlink()
    change = upgrades.diff(WANTED, upgrades.observe(WANTED))
    assert change is not None
    assert "there are none" in change.diff


def test_apts_refusal_is_passed_on(programs: Programs, lists: Path, work: Work) -> None:
    programs.add("apt-get", "echo 'E: dpkg was interrupted' >&2; exit 100")
    with pytest.raises(ApplyFailed, match="could not upgrade") as caught:
        upgrades.apply(WANTED, upgrades.UpgradesFound(0, ("libssl3",)), work)
    assert caught.value.output == "E: dpkg was interrupted"
