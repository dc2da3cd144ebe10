"""Host keys: long ones stay, short ones are made anew, and taking back brings the old one back."""

from __future__ import annotations

import subprocess
from pathlib import Path

from seawall.agent.host_vocabulary import HostKey
from seawall.agent.resources import host_key
from seawall.agent.resources.work import Work


def test_a_missing_key_is_made_for_root_alone(tmp_path: Path, work: Work) -> None:
    wanted = HostKey(str(tmp_path / "key"), "ed25519", 256)
    assert host_key.observe(wanted) == 0
    host_key.apply(wanted, 0, work)
    assert host_key.observe(wanted) == 256
    assert host_key.diff(wanted, 256) is None
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "key.pub").read_text().startswith("ssh-ed25519 ")


def test_a_short_key_is_said_to_be_short_and_comes_back_when_taken_back(tmp_path: Path, work: Work) -> None:
    place = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "1024", "-N", "", "-f", str(place)], check=True)
    before = place.read_bytes()
    wanted = HostKey(str(place), "rsa", 2048)
    change = host_key.diff(wanted, host_key.observe(wanted))
    assert change is not None
    assert (change.action, "it has 1024" in change.diff) == ("update", True)
    host_key.apply(wanted, 1024, work)
    assert host_key.observe(wanted) == 2048
    work.undo.roll_back()
    assert place.read_bytes() == before
