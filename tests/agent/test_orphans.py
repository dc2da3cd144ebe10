"""What a killed agent left running is ended, and nothing else of the machine."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from seawall.agent.orphans import end_orphans, parent_of

#: Starts a process in the folder $1 and forgets it: it has no parent any more. Says its number, then does what $2 says.
LEAVES = '(cd "$1" && exec sh -c \'sleep 600 >/dev/null & echo $!\' sh); eval "$2"'


@pytest.fixture
def leaves() -> Iterator[Callable[[Path, Path, str], tuple[int, int]]]:
    """Starts one who works in a folder, as the leader of a session, and leaves an orphan in another folder."""
    begun: list[subprocess.Popen[str]] = []
    left: list[int] = []

    def start(works: Path, leaves: Path, then: str) -> tuple[int, int]:
        words = ["sh", "-c", LEAVES, "sh", str(leaves), then]
        process = subprocess.Popen(words, cwd=works, stdout=subprocess.PIPE, text=True, start_new_session=True)
        begun.append(process)
        assert process.stdout is not None
        left.append(int(process.stdout.readline()))
        assert soon(lambda: parent_of(left[-1]) == 1)
        return process.pid, left[-1]

    yield start
    for pid in filter(runs, left):
        os.kill(pid, 9)
    for process in begun:
        process.kill()
        process.communicate()


def runs(pid: int) -> bool:
    """One that has ended has no command line, even if nobody has asked for its exit code yet (proc(5))."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


def soon(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return holds()


def ends(pid: int) -> bool:
    return soon(lambda: not runs(pid))


def test_an_orphan_of_supervisord_ends_alone(tmp_path: Path, leaves: Callable[..., tuple[int, int]]) -> None:
    """All programs of supervisord are in its session: to end that is to end every site that it runs."""
    (tmp_path / "v2").mkdir()
    leader, orphan = leaves(tmp_path, tmp_path / "v2", "exec sleep 600")
    end_orphans(tmp_path / "v2")
    assert ends(orphan)
    assert runs(leader)


@pytest.mark.parametrize("then", ["exec sleep 600", "exit"], ids=["runs", "has ended"])
def test_what_a_build_has_begun_ends_with_it(tmp_path: Path, leaves: Callable[..., tuple[int, int]], then: str) -> None:
    (tmp_path / "v2").mkdir()
    leader, orphan = leaves(tmp_path / "v2", tmp_path / "v2", then)
    end_orphans(tmp_path / "v2")
    assert ends(orphan)
    assert ends(leader)


def test_one_who_works_elsewhere_stays(tmp_path: Path, leaves: Callable[..., tuple[int, int]]) -> None:
    (tmp_path / "v2").mkdir()
    leader, orphan = leaves(tmp_path, tmp_path, "exec sleep 600")
    end_orphans(tmp_path / "v2")
    assert runs(leader)
    assert runs(orphan)
