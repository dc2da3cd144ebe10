"""Changes that wait for a confirmation, and a timer that takes them back if none comes.

``pending.json`` is the truth: while it is there, the changes in the undo log are to be taken back, by the timer, at
boot, or by whoever comes first; once it is gone they stay. The timer and its two services are files on the disk, so
they outlive the session, the agent and a power cut.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from seawall.agent import files, process
from seawall.agent.errors import AgentError, ApplyFailed, CommandFailed
from seawall.agent.setup import places
from seawall.agent.undo import UndoLog

UNITS = "/etc/systemd/system"
TIMER, SERVICE, AT_BOOT = "seawall-confirm.timer", "seawall-confirm.service", "seawall-confirm-at-boot.service"
WANTED_AT_BOOT = f"{UNITS}/sysinit.target.wants/{AT_BOOT}"
UFW_INIT = ("/usr/lib/ufw/ufw-init", "/lib/ufw/ufw-init")


@dataclass(frozen=True)
class Pending:
    """``deadline`` is of the monotonic clock of the boot ``boot``."""

    token: str
    seconds: int
    deadline: float
    boot: str
    firewall_was_on: bool


def read() -> Pending | None:
    """What waits, if anything does."""
    text = files.read_text(places.PENDING)
    return Pending(**json.loads(text)) if text is not None else None


def seconds_left() -> float:
    """Until the host takes back what waits, at least 1; 0 if nothing waits."""
    found = read()
    return max(1.0, found.deadline - time.monotonic()) if found else 0


def arm(token: str, seconds: int, firewall_was_on: bool) -> None:
    """From now on ``seconds`` remain until everything in the undo log is taken back. Raises ApplyFailed, OSError."""
    Path(places.HOME).mkdir(mode=0o755, parents=True, exist_ok=True)
    for name, text in _units(seconds).items():
        _write(f"{UNITS}/{name}", text, 0o644)
    Path(WANTED_AT_BOOT).parent.mkdir(exist_ok=True)
    files.replace_link(WANTED_AT_BOOT, f"../{AT_BOOT}")
    process.run(["systemctl", "daemon-reload"], timeout=60)
    _wind_up(Pending(token, seconds, 0, _boot(), firewall_was_on))


def wind_up_again() -> None:
    """The whole time is left again. Raises ApplyFailed, OSError."""
    waits = read()
    if waits is not None:
        _wind_up(waits)


def _wind_up(waits: Pending) -> None:
    waits = replace(waits, deadline=time.monotonic() + waits.seconds)
    _write(places.PENDING, json.dumps(asdict(waits)), 0o600)
    try:
        process.check(["systemctl", "restart", TIMER], timeout=60)
    except CommandFailed as error:
        raise ApplyFailed(
            "The timer that would take the changes back could not be started", place=TIMER, output=error.output
        ) from error


def _write(path: str, text: str, mode: int) -> None:
    """Under a temporary name that is known, so that a power cut leaves nothing that nobody would remove."""
    beside = _beside(path)
    files.remove(beside)
    files.write_atomic(path, text.encode(), mode, beside=beside)


def _beside(path: str) -> str:
    return f"{path}.new"


def _units(seconds: int) -> dict[str, str]:
    agent = str(Path(__file__).resolve().parents[3])
    program = "import sys; sys.path.insert(0, sys.argv[1]); from seawall.agent.setup.pending import main; main()"
    run = f'ExecStart={sys.executable} -I -c "{program}" {agent}'
    what = "Take back changes of seawall that nobody confirmed"
    return {
        TIMER: f"[Unit]\nDescription={what}\n\n[Timer]\nOnActiveSec={seconds}\nAccuracySec=1\nUnit={SERVICE}\n",
        SERVICE: f"[Unit]\nDescription={what}\n\n[Service]\nType=oneshot\n{run}\n",
        # Early, before anything listens or is refused; what it puts back are files, which those read afterwards.
        AT_BOOT: f"[Unit]\nDescription={what}\nDefaultDependencies=no\nConflicts=shutdown.target\n"
        "After=local-fs.target\nBefore=sysinit.target network-pre.target ufw.service\n"
        f"ConditionPathExists={places.PENDING}\n\n[Service]\nType=oneshot\n{run}\n",
    }


def confirm(token: str) -> bool:
    """Keep the changes; whether these were still waiting. They are durable before the answer."""
    with held():
        waits = read()
        if waits is None or waits.token != token:
            return False
        os.sync()  # what other programs wrote: ufw, useradd
        files.remove(places.PENDING)
        _disarm()
        UndoLog.load(places.GUARDED_UNDO).forget()
        return True


def take_back() -> None:
    """Put everything back that waits; what was confirmed and not yet forgotten stays. The caller holds the lock.

    Raises NeedsPerson if that fails; it is tried again at the next boot.
    """
    undo = UndoLog.load(places.GUARDED_UNDO)
    waits = read()
    if waits is None:
        undo.forget()
        return
    undo.roll_back()
    if waits.boot == _boot():
        _as_before(waits)
    files.remove(places.PENDING)
    _disarm()


def _as_before(waits: Pending) -> None:
    """Have sshd and ufw go by the files that were put back. At boot they have not read any yet."""
    process.run(["systemctl", "try-reload-or-restart", "ssh.service"], timeout=60)
    ufw = next((path for path in UFW_INIT if Path(path).exists()), "")
    if ufw:
        process.run([ufw, "reload" if waits.firewall_was_on else "force-stop"], timeout=60)


def _disarm() -> None:
    """Remove timer and services. The one that runs just now may go on to its end."""
    process.run(["systemctl", "stop", TIMER], timeout=60)
    for path in (places.PENDING, WANTED_AT_BOOT, *(f"{UNITS}/{name}" for name in (TIMER, SERVICE, AT_BOOT))):
        files.remove(path)
        files.remove(_beside(path))
    process.run(["systemctl", "daemon-reload"], timeout=60)


def _boot() -> str:
    """Different after each boot; a container has the machine's boot id, and another first process."""
    machine = (files.read_text("/proc/sys/kernel/random/boot_id") or "").strip()
    started = (files.read_text("/proc/1/stat") or "").rpartition(")")[2].split()[19:20]  # proc(5): starttime
    return f"{machine} {' '.join(started)}"


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Alone with the host's set-up: waits for whoever is at it, however long; the lock dies with its holder."""
    Path(places.HOME).mkdir(mode=0o755, parents=True, exist_ok=True)
    descriptor = os.open(places.LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def main() -> None:
    """What the timer runs, and the boot: take back what is due."""
    with held():
        waits = read()
        if waits is not None and waits.boot == _boot() and waits.deadline - time.monotonic() > 1:
            return  # armed anew while we waited for the lock
        try:
            take_back()
        except AgentError as error:
            sys.exit(f"seawall: {error.fact}\n  {error.remedy}")
