"""Running other programs: an argument list, a clean environment, a time limit, never a shell."""

from __future__ import annotations

import os
import pwd
import selectors
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, cast

from seawall.agent import files, niceness
from seawall.agent.errors import Cancelled, CommandFailed

#: Where programs are found unless the caller's environment says otherwise.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#: Goes before a command that runs as another user: no program that it starts can gain rights, setuid or not
#: (setpriv(1), of util-linux).
WITHOUT_GAIN = ("/usr/bin/setpriv", "--no-new-privs", "--")

TICK = 0.05  #: seconds between two looks at the clock, at ``cancelled()`` and at a program that closed its output
GRACE = 5.0  #: seconds between the polite and the final signal
TAIL = 30  #: lines of output that an error carries


@dataclass(frozen=True)
class Completed:
    """How a program ended: negative ``returncode`` is a signal; ``output`` is both streams as they arrived."""

    returncode: int
    stdout: str
    stderr: str
    output: str = ""


def run(
    argv: Sequence[str],
    *,
    timeout: float,
    cwd: str | None = None,
    env: Mapping[str, str] | None = None,
    user: str | None = None,
    group: str | None = None,
    groups: Sequence[str] = (),
    umask: int = -1,
    input: str | bytes | None = None,
    on_line: Callable[[str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Completed:
    """Run a program to its end and return how it ended, whatever its exit code.

    The environment is PATH, LANG and HOME; ``env`` is laid over that. ``user`` runs it with that user's rights,
    primary group (or ``group``) and no supplementary groups but ``groups``, and no way to gain more. ``timeout`` is in
    seconds. ``on_line`` gets each line of both streams as it comes. Children that outlive the program (a daemon it
    starts) are left alone after a normal end.

    Raises CommandFailed if it cannot be started or runs out of time, Cancelled when ``cancelled()`` turns true; its
    whole process group is dead by then.
    """
    stdin = subprocess.DEVNULL if input is None else subprocess.PIPE
    rights = _rights(user, group, groups)
    process = _start(argv, cwd, _environment(env, user), stdin=stdin, umask=umask, **rights)
    talk = _Talk(process, input.encode() if isinstance(input, str) else input or b"", on_line)
    try:
        _attend(process, talk, timeout, cancelled)
    except BaseException:
        _kill_group(process)
        raise
    finally:
        talk.close()
    return Completed(process.returncode, talk.stdout.text(), talk.stderr.text(), "\n".join(talk.lines))


def check(argv: Sequence[str], **options: Any) -> Completed:
    """As :func:`run`, but raises CommandFailed with the last lines of output unless the program exits with 0."""
    completed = run(argv, **options)
    if completed.returncode != 0:
        raise CommandFailed(f"{shlex.join(argv)} {ending(completed.returncode)}", output=tail(completed.output))
    return completed


def begin(
    argv: Sequence[str], *, user: str | None = None, env: Mapping[str, str] | None = None, **streams: Any
) -> subprocess.Popen[bytes]:
    """Start a program and leave it at work; rights and environment are those of :func:`run`.

    ``streams`` are ``stdin``, ``stdout`` and ``stderr``, as for Popen: nothing goes in and both others are pipes
    unless said otherwise. It is the caller's to wait for it, or to :func:`end` it. Raises CommandFailed.
    """
    return _start(argv, None, _environment(env, user), **streams, **_rights(user, None, ()))


def end(process: subprocess.Popen[bytes]) -> None:
    """End a program and all that it has started, politely first; one that has ended already is left at that."""
    if process.poll() is None:
        _kill_group(process)


def tail(output: str) -> str:
    """The last lines of a program's output, as errors carry them."""
    return "\n".join(output.splitlines()[-TAIL:])


def ending(returncode: int) -> str:
    """How a program ended, as the rest of a sentence."""
    if returncode >= 0:
        return f"failed with exit code {returncode}"
    try:
        return f"was killed by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"was killed by signal {-returncode}"


def _environment(env: Mapping[str, str] | None, user: str | None) -> dict[str, str]:
    try:
        home = (pwd.getpwnam(user) if user else pwd.getpwuid(os.geteuid())).pw_dir
    except KeyError:
        home = "/"
    return {"PATH": PATH, "LANG": "C.UTF-8", "HOME": home, **(env or {})}


def _rights(user: str | None, group: str | None, groups: Sequence[str]) -> dict[str, Any]:
    """What Popen needs to run as ``user``; nothing at all where that is who we are (only root may change it)."""
    if not user:
        return {}
    uid = files.uid_of(user)
    if uid == os.geteuid() and uid != 0:
        return {}
    gid = files.gid_of(group) if group else pwd.getpwuid(uid).pw_gid
    return {"user": uid, "group": gid, "extra_groups": [files.gid_of(name) for name in groups]}


def _start(argv: Sequence[str], cwd: str | None, env: dict[str, str], **options: Any) -> subprocess.Popen[bytes]:
    gain = WITHOUT_GAIN if "user" in options else ()
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    try:
        process = subprocess.Popen(
            [*gain, *argv], cwd=cwd, env=env, bufsize=0, **niceness.apart(), **{**streams, **options}
        )
    except OSError as error:
        place = error.filename or argv[0]
        raise CommandFailed(f"{argv[0]} could not be started: {error.strerror}", place=os.fsdecode(place)) from error
    process.args = list(argv)  # what errors name
    return process


class _Stream:
    """One output of the program: all its bytes, and its lines as they become complete."""

    def __init__(self, pipe: IO[bytes], on_line: Callable[[str], None]) -> None:
        self.pipe = pipe
        self._on_line = on_line
        self._parts: list[bytes] = []
        self._line = b""

    def feed(self, data: bytes) -> None:
        self._parts.append(data)
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            self._on_line(line.decode(errors="replace").rstrip("\r"))

    def end(self) -> None:
        if self._line:
            self._on_line(self._line.decode(errors="replace"))
            self._line = b""

    def text(self) -> str:
        return b"".join(self._parts).decode(errors="replace")


class _Talk:
    """What goes into the program and what comes out of it, none of it blocking."""

    def __init__(self, process: subprocess.Popen[bytes], data: bytes, on_line: Callable[[str], None] | None) -> None:
        self.lines: list[str] = []
        self._on_line = on_line
        self._data = memoryview(data)
        self._stdin = process.stdin
        self._selector = selectors.DefaultSelector()
        assert process.stdout is not None and process.stderr is not None  # noqa: S101, PT018 - both are pipes
        self.stdout = _Stream(process.stdout, self._line)
        self.stderr = _Stream(process.stderr, self._line)
        for stream in (self.stdout, self.stderr):
            os.set_blocking(stream.pipe.fileno(), False)
            self._selector.register(stream.pipe, selectors.EVENT_READ, stream)
        if self._stdin:
            os.set_blocking(self._stdin.fileno(), False)
            self._selector.register(self._stdin, selectors.EVENT_WRITE, None)

    @property
    def over(self) -> bool:
        """Whether every pipe has been closed by the other side."""
        return not self._selector.get_map()

    def exchange(self, wait: float) -> bool:
        """Move what can be moved, after at most ``wait`` seconds; whether anything was."""
        ready = self._selector.select(wait)
        for key, _ in ready:
            if key.data is None:
                self._write()
            else:
                self._read(key.data)
        return bool(ready)

    def close(self) -> None:
        self._selector.close()
        for stream in (self.stdout, self.stderr):
            stream.pipe.close()
        if self._stdin:
            self._stdin.close()

    def _line(self, line: str) -> None:
        self.lines.append(line)
        if self._on_line:
            self._on_line(line)

    def _read(self, stream: _Stream) -> None:
        data = os.read(stream.pipe.fileno(), 65536)
        if data:
            stream.feed(data)
        else:
            stream.end()
            self._selector.unregister(stream.pipe)

    def _write(self) -> None:
        assert self._stdin is not None  # noqa: S101 - registered only if there is one
        try:
            self._data = self._data[os.write(self._stdin.fileno(), self._data[:65536]) :]
        except BrokenPipeError:
            self._data = self._data[:0]  # the program did not want it all: its exit code tells whether that is well
        if not self._data:
            self._selector.unregister(self._stdin)
            self._stdin.close()


def _attend(
    process: subprocess.Popen[bytes], talk: _Talk, timeout: float, cancelled: Callable[[], bool] | None
) -> None:
    deadline = time.monotonic() + timeout
    while process.poll() is None:
        if time.monotonic() >= deadline:
            raise CommandFailed(
                f"{_command(process)} did not end within {timeout:g} seconds and was stopped",
                output=tail("\n".join(talk.lines)),
            )
        if cancelled and cancelled():
            raise Cancelled(f"{_command(process)} was stopped")
        if talk.over:
            _wait(process, TICK)
        else:
            talk.exchange(TICK)
    while not talk.over and talk.exchange(0):
        pass  # what it wrote before its end is in the pipes; a daemon it left may hold them open for ever
    talk.stdout.end()
    talk.stderr.end()


def _command(process: subprocess.Popen[bytes]) -> str:
    return shlex.join(cast("list[str]", process.args))


def _wait(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    _signal_group(process, signal.SIGTERM)
    _wait(process, GRACE)
    _signal_group(process, signal.SIGKILL)
    process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
