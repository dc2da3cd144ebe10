"""A swap file on a real kernel and a real file system: the machine's own, for a container may have none."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from seawall.agent.errors import ApplyFailed, DiskFull
from seawall.agent.host_vocabulary import Swap
from seawall.agent.resources import swap
from seawall.agent.resources.swap import SwapFound
from seawall.agent.resources.work import Work
from seawall.agent.undo import UndoLog

from .commands import run

pytestmark = pytest.mark.hosts
MIB = 1 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small ext4 of its own, so that it does not matter what the machine's folders lie on."""
    image, mounted = tmp_path / "disk.ext4", tmp_path / "disk"
    with image.open("wb") as file:
        file.truncate(64 * MIB)
    mounted.mkdir()
    run(["mkfs.ext4", "-q", str(image)])
    run(["mount", "-o", "loop", str(image), str(mounted)])
    yield mounted
    for path in (mounted / "swapfile", mounted / "other"):
        run(["swapoff", str(path)], check=False)
    run(["umount", str(mounted)])


@pytest.fixture
def fstab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "fstab"
    path.write_text("# none yet")
    monkeypatch.setattr(swap, "FSTAB", str(path))
    return path


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(UndoLog(str(tmp_path / "undo")), print, lambda: False)


def in_use() -> list[str]:
    return [line.split()[0] for line in Path("/proc/swaps").read_text().splitlines()[1:]]


def test_the_kernel_swaps_to_the_file_now_and_after_a_boot(disk: Path, fstab: Path, work: Work) -> None:
    wanted = Swap(str(disk / "swapfile"), 16 * MIB)
    swap.apply(wanted, SwapFound(active=False), work)
    assert wanted.path in in_use()
    assert Path(wanted.path).stat().st_mode & 0o777 == 0o600
    assert swap.diff(wanted, swap.observe(wanted)) is None

    run(["swapoff", wanted.path])
    assert wanted.path not in in_use()
    run(["swapon", "--all"], env={"LIBMOUNT_FSTAB": str(fstab), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    assert wanted.path in in_use(), "what a boot does brings it back"


def test_a_file_that_is_no_swap_is_neither_used_nor_overwritten(disk: Path, fstab: Path, work: Work) -> None:
    wanted = Swap(str(disk / "other"), 16 * MIB)
    Path(wanted.path).write_bytes(b"precious" * MIB)
    with pytest.raises(ApplyFailed, match="is there already"):
        swap.apply(wanted, SwapFound(active=False), work)
    assert Path(wanted.path).read_bytes() == b"precious" * MIB
    assert wanted.path not in in_use()
    assert fstab.read_text() == "# none yet"


def test_a_disk_that_is_too_small_is_left_as_it_was(disk: Path, fstab: Path, work: Work) -> None:
    wanted = Swap(str(disk / "swapfile"), 128 * MIB)
    with pytest.raises(DiskFull):
        swap.apply(wanted, SwapFound(active=False), work)
    assert [path.name for path in disk.glob("swapfile*")] == []
    assert fstab.read_text() == "# none yet"
