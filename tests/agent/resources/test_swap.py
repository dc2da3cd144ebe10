"""Swap: a whole file for root alone, and none where the kernel takes none."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.agent.errors import ApplyFailed
from seawall.agent.host_vocabulary import Swap
from seawall.agent.resources import swap
from seawall.agent.resources.work import Work

from ..fake_programs import Programs

MIB = 1 << 20


@pytest.fixture
def wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Swap:
    (tmp_path / "swaps").write_text("Filename Type Size Used Priority\n")
    (tmp_path / "fstab").write_text("/dev/vda1 / ext4 defaults 0 1")
    monkeypatch.setattr(swap, "ACTIVE", str(tmp_path / "swaps"))
    monkeypatch.setattr(swap, "FSTAB", str(tmp_path / "fstab"))
    return Swap(str(tmp_path / "swapfile"), 3 * MIB)


def test_a_swap_file_is_whole_used_and_in_fstab(wanted: Swap, programs: Programs, work: Work, tmp_path: Path) -> None:
    programs.add("mkswap")
    programs.add("swapon")
    change = swap.diff(wanted, swap.observe(wanted))
    assert change is not None
    assert change.diff.startswith("3 MiB")
    swap.apply(wanted, False, work)
    made = Path(wanted.path).stat()
    assert (made.st_size, made.st_mode & 0o777) == (3 * MIB, 0o600)
    assert made.st_blocks * 512 >= 3 * MIB
    assert programs.called() == [f"mkswap {wanted.path}", f"swapon {wanted.path}"]
    assert (tmp_path / "fstab").read_text() == f"/dev/vda1 / ext4 defaults 0 1\n{wanted.path} none swap sw 0 0\n"


def test_any_swap_is_enough(wanted: Swap) -> None:
    with Path(swap.ACTIVE).open("a") as active:
        active.write("/dev/vda2 partition 1048572 0 -2\n")
    assert swap.diff(wanted, swap.observe(wanted)) is None


def test_where_the_kernel_refuses_no_file_is_left(wanted: Swap, programs: Programs, work: Work, tmp_path: Path) -> None:
    programs.add("mkswap")
    programs.add("swapon", "echo 'swapon failed: Operation not permitted' >&2; exit 255")
    with pytest.raises(ApplyFailed, match="takes no swap file") as caught:
        swap.apply(wanted, False, work)
    assert "not permitted" in caught.value.output
    assert not Path(wanted.path).exists()
    assert "swap" not in (tmp_path / "fstab").read_text()


def test_a_file_that_is_there_is_not_overwritten(wanted: Swap, work: Work) -> None:
    Path(wanted.path).write_text("precious")
    with pytest.raises(ApplyFailed, match="is there already"):
        swap.apply(wanted, False, work)
    assert Path(wanted.path).read_text() == "precious"
