"""One deployment at a time; the second is told who is at work, and a dead holder holds nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from seawall.agent.errors import Cancelled, Locked
from seawall.agent.lock import hold, take_turns

HOLDER = """
import sys, time
from pathlib import Path
from seawall.agent.lock import hold
with hold(Path(sys.argv[1]), by="ada@desk", action="deploy"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lock"


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_the_second_is_told_who_holds_it(path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(Locked) as caught, hold(path, by="bob@sofa", action="rollback"):
        raise AssertionError("both hold it")
    assert caught.value.fact.startswith("ada@desk runs a deploy on this host (since ")
    assert f"pid {holder.pid}" in caught.value.fact
    assert caught.value.state == "nothing was changed"


def test_it_dies_with_its_holder(path: Path, holder: subprocess.Popen[str]) -> None:
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with hold(path, by="bob@sofa", action="rollback"):
        assert "bob@sofa" in path.read_text()


def test_it_is_free_again_after_an_error(path: Path) -> None:
    with pytest.raises(ValueError, match="no"), hold(path, by="a", action="deploy"):
        raise ValueError("no")
    with hold(path, by="b", action="deploy"):
        pass


def test_a_program_started_meanwhile_does_not_inherit_it(path: Path) -> None:
    with hold(path, by="a", action="deploy"):
        daemon = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        with hold(path, by="b", action="deploy"):
            pass
    finally:
        daemon.kill()
        daemon.wait()


def test_a_holder_who_left_no_name_is_somebody(path: Path, holder: subprocess.Popen[str]) -> None:
    for text in ("", "[]", "{", "null"):
        path.write_text(text)
        with pytest.raises(Locked, match="somebody"), hold(path, by="b", action="deploy"):
            raise AssertionError("both hold it")


def test_apps_wait_for_each_other_until_the_person_stops_waiting(tmp_path: Path) -> None:
    asked = iter([False, True])
    with (
        take_turns(tmp_path, lambda: False),
        pytest.raises(Cancelled),
        take_turns(tmp_path, lambda: next(asked)),
    ):
        raise AssertionError("both have their turn")
    with take_turns(tmp_path, lambda: False):
        pass
