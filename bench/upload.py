"""A file of 2 GB: how much memory it takes on either side, and that a broken connection costs only what was missing."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.hosts.product import SEAWALL, Project

from bench.place import Place
from bench.rows import Row

SIZE = 2 * 1000**3  # bytes
LIMIT = 150  # MB on either side
BLOCK = 1 << 20
#: Word of the agent's command line on the host.
AGENT = b"/var/lib/seawall/agent"


def run(place: Place, rounds: int) -> list[Row]:  # noqa: ARG001 - 2 GB are sent twice, whatever the rounds
    project = place.project("upload")
    whole = _upload(place, project, "whole.bin")
    half = _interrupted(place, project, "resumed.bin")
    rest = _upload(place, project, None)
    received = f"{half / 1e6:,.0f} of {SIZE / 1e6:,.0f} MB had arrived"
    return [
        Row("memory of the tool, 2 GB file", whole.tool, "MB", LIMIT, "", f"{whole.seconds:.1f} s in all"),
        Row("memory of the agent, 2 GB file", whole.agent, "MB", LIMIT, "", f"{whole.sent / 1e6:,.0f} MB sent"),
        Row(
            "sent after a broken connection",
            rest.sent / 1e6,
            "MB",
            (SIZE - half) / 1e6 * 1.05,
            "what was missing + 5 %",
            received,
        ),
        Row("memory of the tool, resumed", rest.tool, "MB", LIMIT),
        Row("memory of the agent, resumed", rest.agent, "MB", LIMIT),
    ]


@dataclass(frozen=True)
class _Sent:
    seconds: float
    tool: float  # MB
    agent: float  # MB
    sent: float  # bytes over the network to the host


def _upload(place: Place, project: Project, name: str | None) -> _Sent:
    if name:
        _make(project.directory / name)
    before = _received(place)
    begun = time.perf_counter()
    with _agent_watched() as agent:
        process = _start(project)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"the deploy with a large file failed: exit {process.returncode}")
    return _Sent(time.perf_counter() - begun, usage.ru_maxrss / 1024, agent.peak, _received(place) - before)


def _interrupted(place: Place, project: Project, name: str) -> int:
    """Ends the tool by force in the middle; the answer is how many bytes the host kept."""
    _make(project.directory / name)
    process = _start(project)
    while _parts(place) < SIZE / 3:
        if process.poll() is not None:
            raise RuntimeError("the upload ended before it could be broken off")
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = -1
    while kept != (kept := _parts(place)):
        time.sleep(1)  # what was on its way still arrives
    return kept


def _start(project: Project) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [str(SEAWALL), "deploy", "--yes"],
        cwd=project.directory,
        env=dict(project.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _make(path: Path) -> None:
    """A file that differs from every other, and is no hole in the disk."""
    block = os.urandom(BLOCK)
    with path.open("wb") as file:
        for number in range(SIZE // BLOCK):
            file.write(number.to_bytes(8, "big") + block[8:])
        file.write(b"\0" * (SIZE % BLOCK))


def _parts(place: Place) -> int:
    found = place.host.run(["sh", "-c", "cat /srv/upload/objects/*.part 2>/dev/null | wc -c"], check=False)
    return int(found.stdout or 0)


def _received(place: Place) -> int:
    """Bytes that went to the host: sent by our end of its cable."""
    return int(Path(f"/sys/class/net/{place.host.link.interface}/statistics/tx_bytes").read_text())


@dataclass
class _Watched:
    peak: float = 0.0  # MB


@contextmanager
def _agent_watched() -> Iterator[_Watched]:
    """Follows the peak memory (VmHWM, proc(5)) of agents in other PID namespaces than ours: on test hosts."""
    found, over = _Watched(), threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            for folder in Path("/proc").glob("[0-9]*"):
                found.peak = max(found.peak, _peak_of_agent(folder))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield found
    finally:
        over.set()
        watching.join()


def _peak_of_agent(folder: Path) -> float:
    try:
        words = (folder / "cmdline").read_bytes().split(b"\0")
        if not words[0].endswith(b"python3") or AGENT not in words:
            return 0.0
        if os.readlink(folder / "ns/pid") == os.readlink("/proc/self/ns/pid"):
            return 0.0
        lines = (folder / "status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)
