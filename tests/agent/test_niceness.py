"""What is begun by an agent that yields to others yields too, whoever shares the processor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from seawall.agent import niceness

#: What the kernel says of a session's share; nothing where it keeps none (CONFIG_SCHED_AUTOGROUP).
SHARED = Path("/proc/self/autogroup").exists()
BEGIN = """
import sys
from pathlib import Path
from seawall.agent import niceness, process

getattr(niceness, sys.argv[1])(*map(int, sys.argv[2:]))
with process.begin(["sleep", "60"]) as begun:
    share = Path(f"/proc/{begun.pid}/autogroup")
    print(share.read_text().split("nice ")[1].strip() if share.exists() else "none")
    process.end(begun)
"""


def share_of_what_begins_after(*call: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", BEGIN, *call], capture_output=True, text=True, check=True, start_new_session=True
    ).stdout.strip()


def test_the_session_of_what_is_begun_is_as_nice_as_the_agent() -> None:
    assert share_of_what_begins_after("yield_most") == ("19" if SHARED else "none")


def test_an_agent_that_is_not_nice_leaves_the_sessions_alone() -> None:
    assert share_of_what_begins_after("pass_on", str(os.getpid())) == ("0" if SHARED else "none")


def test_a_kernel_that_takes_no_more_just_now_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def write(self: Path, text: str, encoding: str) -> None:
        told.append(f"{self}: {text}")
        if len(told) < 3:
            raise BlockingIOError

    monkeypatch.setattr(niceness.os, "getpriority", lambda *_: 7)
    monkeypatch.setattr(Path, "write_text", write)
    niceness.pass_on(4711)
    assert told == ["/proc/4711/autogroup: 7"] * 3


@pytest.mark.parametrize("error", [FileNotFoundError, ProcessLookupError, PermissionError])
def test_a_process_that_has_ended_or_a_kernel_without_such_shares_is_no_fault(
    error: type[OSError], monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(self: Path, text: str, encoding: str) -> None:
        raise error

    monkeypatch.setattr(niceness.os, "getpriority", lambda *_: 7)
    monkeypatch.setattr(Path, "write_text", write)
    niceness.pass_on(4711)
