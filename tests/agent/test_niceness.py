"""What is begun by an agent that yields to others yields too, whoever shares the processor."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from seawall.agent import niceness

#: What the kernel says of a session's share; nothing where it keeps none (CONFIG_SCHED_AUTOGROUP).
SHARED = Path("/proc/self/autogroup").exists()
BEGIN = """
import os, sys, time
from pathlib import Path
from seawall.agent import niceness, process

if sys.argv[1:]:
    niceness.yield_most()
with process.begin(["sh", "-c", "sleep 60 & echo $!; wait"]) as begun:
    child = int(begun.stdout.readline())
    share = Path(f"/proc/{begun.pid}/autogroup")
    print(share.read_text().split("nice ")[1].strip() if share.exists() else "none")
    print(os.getpriority(os.PRIO_PROCESS, begun.pid))
    print(os.getsid(begun.pid) == os.getsid(0))
    process.end(begun)
stat = Path(f"/proc/{child}/stat")
for _ in range(1000):
    left = stat.exists() and stat.read_text().split()[2] != "Z"
    if not left:
        break
    time.sleep(0.02)
print(left)
"""


def what_begins(*words: str) -> list[str]:
    """The niceness of its session and its own, whether it stays in the agent's session, and whether anything of it is
    left once it was ended."""
    done = subprocess.run([sys.executable, "-c", BEGIN, *words], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_what_a_yielding_agent_begins_never_has_a_share_like_others_and_is_ended_whole() -> None:
    assert what_begins("yields") == ["19" if SHARED else "none", "19", "True", "False"]


def test_an_agent_that_does_not_yield_gives_each_program_a_session_of_its_own() -> None:
    assert what_begins() == ["0" if SHARED else "none", "0", "False", "False"]


def test_the_session_that_somebody_works_in_is_left_alone() -> None:
    before = niceness.SHARE.read_text() if SHARED else ""
    what_begins("yields")
    assert (niceness.SHARE.read_text() if SHARED else "") == before


def told(monkeypatch: pytest.MonkeyPatch, *answers: OSError | None) -> list[str]:
    """What the kernel is told by an agent that yields, if it answers so."""
    words: list[str] = []
    left = list(answers)

    def write(self: Path, text: str, encoding: str) -> None:
        words.append(f"{self}: {text}")
        error = left.pop(0)
        if error:
            raise error

    monkeypatch.setattr(niceness.os, "setsid", lambda: None)
    monkeypatch.setattr(niceness.os, "nice", lambda _: None)
    monkeypatch.setattr(Path, "write_text", write)
    niceness.yield_most()
    return words


def test_a_kernel_that_takes_no_more_just_now_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(monkeypatch, BlockingIOError(), BlockingIOError(), None) == ["/proc/self/autogroup: 19"] * 3


@pytest.mark.parametrize("error", [FileNotFoundError, PermissionError])
def test_a_kernel_without_such_shares_is_no_fault(error: type[OSError], monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(told(monkeypatch, error())) == 1


def test_an_agent_that_leads_a_session_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise PermissionError

    monkeypatch.setattr(niceness.os, "nice", lambda _: None)
    monkeypatch.setattr(niceness.os, "setsid", refuse)
    monkeypatch.setattr(Path, "write_text", lambda *_, **__: None)
    niceness.yield_most()
