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
    swap.apply(wanted, swap.observe(wanted), work)
    made = Path(wanted.path).stat()
    assert (made.st_size, made.st_mode & 0o777) == (3 * MIB, 0o600)
    assert made.st_blocks * 512 >= 3 * MIB
    assert programs.called() == [f"mkswap {wanted.path}.new", f"swapon {wanted.path}"]
    assert (tmp_path / "fstab").read_text() == f"/dev/vda1 / ext4 defaults 0 1\n{wanted.path} none swap sw 0 0\n"


def test_any_swap_is_enough(wanted: Swap) -> None:
    with Path(swap.ACTIVE).open("a") as active:
        active.write("/dev/vda2 partition 1048572 0 -2\n")
    assert swap.diff(wanted, swap.observe(wanted)) is None


def test_where_the_kernel_refuses_no_file_is_left(wanted: Swap, programs: Programs, work: Work, tmp_path: Path) -> None:
    programs.add("mkswap")
    programs.add("swapon", "echo 'swapon failed: Operation not permitted' >&2; exit 255")
    with pytest.raises(ApplyFailed, match="takes no swap file") as caught:
        swap.apply(wanted, swap.observe(wanted), work)
    assert "not permitted" in caught.value.output
    assert [path.name for path in tmp_path.glob("swapfile*")] == []
    assert "swap" not in (tmp_path / "fstab").read_text()


def test_a_file_that_is_there_is_not_overwritten(wanted: Swap, work: Work) -> None:
    Path(wanted.path).write_text("precious")
    with pytest.raises(ApplyFailed, match="is there already"):
        swap.apply(wanted, swap.observe(wanted), work)
    assert Path(wanted.path).read_text() == "precious"


def test_what_a_killed_set_up_left_half_made_is_made_anew(wanted: Swap, programs: Programs, work: Work) -> None:
    Path(f"{wanted.path}.new").write_text("half")
    programs.add("mkswap")
    programs.add("swapon")
    swap.apply(wanted, swap.observe(wanted), work)
    assert Path(wanted.path).stat().st_size == 3 * MIB


def test_a_swap_file_that_was_made_and_is_not_in_use_is_used(
    wanted: Swap, programs: Programs, work: Work, tmp_path: Path
) -> None:
    """The set-up before ended between the two, and then the host was booted."""
    Path(wanted.path).write_text("swap")
    programs.add("swapon")
    swap.apply(wanted, swap.observe(wanted), work)
    assert programs.called() == [f"swapon {wanted.path}"]
    assert Path(wanted.path).read_text() == "swap"
    assert f"{wanted.path} none swap" in (tmp_path / "fstab").read_text()


def test_our_swap_file_that_no_boot_would_use_is_named_in_fstab_once(
    wanted: Swap, programs: Programs, work: Work, tmp_path: Path
) -> None:
    with Path(swap.ACTIVE).open("a") as active:
        active.write(f"{wanted.path} file 1048572 0 -2\n")
    found = swap.observe(wanted)
    change = swap.diff(wanted, found)
    assert change is not None
    assert "for the next boot" in change.diff
    swap.apply(wanted, found, work)
    assert programs.called() == []
    assert (tmp_path / "fstab").read_text().count(wanted.path) == 1
    assert swap.diff(wanted, swap.observe(wanted)) is None
