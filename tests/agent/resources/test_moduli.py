"""sshd's groups: short ones go, comments and long ones stay."""

from __future__ import annotations

from pathlib import Path

from seawall.agent.host_vocabulary import Moduli
from seawall.agent.resources import moduli
from seawall.agent.resources.work import Work

LINES = [
    "#    $OpenBSD: moduli,v 1.32$\n",
    "20220816030410 2 6 100 2047 5 ABC\n",
    "20220816030410 2 6 100 3071 2 DEF\n",
    "20220816030410 2 6 100 8191 2 GHI\n",
]


def test_groups_of_fewer_bits_are_taken_out_and_nothing_else(tmp_path: Path, work: Work) -> None:
    place = tmp_path / "moduli"
    place.write_text("".join(LINES))
    wanted = Moduli(str(place), 3072)
    found = moduli.observe(wanted)
    change = moduli.diff(wanted, found)
    assert change is not None
    assert change.diff == "1 groups of fewer than 3072 bits are taken out"
    moduli.apply(wanted, found, work)
    assert place.read_text() == LINES[0] + LINES[2] + LINES[3]
    assert moduli.diff(wanted, moduli.observe(wanted)) is None


def test_no_file_of_groups_is_no_change(tmp_path: Path) -> None:
    wanted = Moduli(str(tmp_path / "moduli"), 3072)
    assert moduli.diff(wanted, moduli.observe(wanted)) is None
