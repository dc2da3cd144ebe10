"""Work on files of the app's, done in a process that has the app's rights and no more.

Whatever lies in a folder that the app may write to can be a link to anywhere by the time it is opened. With the app's
own rights, nobody gains by that.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
from collections.abc import Callable
from typing import IO, Any

from seawall.agent.errors import CommandFailed
from seawall.agent.files import gid_of, uid_of

#: As in the app's units: what is written is the app's own.
UMASK = 0o077
PIECE = 1 << 20


def run(user: str, work: Callable[[], Any]) -> Any:
    """What ``work`` answers (JSON-ready data), done as ``user``; "" is whoever we are.

    Raises CommandFailed with what went wrong there.
    """
    return _forked(user, lambda _: work(), None)


def feed(user: str, work: Callable[[IO[bytes]], Any], stream: IO[bytes]) -> Any:
    """The same for work that reads what ``stream`` brings: it is read here, where we may, and handed over."""
    return _forked(user, work, stream)


def exists(user: str) -> bool:
    """Whether the host has that user."""
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _forked(user: str, work: Callable[[IO[bytes]], Any], stream: IO[bytes] | None) -> Any:
    numbers = (uid_of(user), gid_of(user)) if user and os.geteuid() == 0 else None
    answer, answers = os.pipe()
    given, gives = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(answer)
        os.close(gives)
        _child(numbers, work, given, answers)
    os.close(answers)
    os.close(given)
    try:
        _hand_over(stream, gives)
        with os.fdopen(answer, "rb") as told:
            said = told.read()
    finally:
        _, status = os.waitpid(child, 0)
    return _understood(said, status)


def _child(numbers: tuple[int, int] | None, work: Callable[[IO[bytes]], Any], given: int, answers: int) -> None:
    """Does not return: this is a second copy of the whole agent, which must not go on as one."""
    try:
        _close_all_but(given, answers)
        if numbers:
            os.setgroups([])
            os.setgid(numbers[1])
            os.setuid(numbers[0])
        os.umask(UMASK)
        with os.fdopen(given, "rb") as stream:
            said = {"result": work(stream)}
    except BaseException as error:  # noqa: BLE001 - the rim of a process: the parent raises it
        said = {"error": str(error) or type(error).__name__}
    try:
        with os.fdopen(answers, "wb") as told:
            told.write(json.dumps(said).encode())
    finally:
        os._exit(0)


def _close_all_but(*kept: int) -> None:
    """A pipe has no end while any process holds its other side: of what the agent has open the copy keeps nothing."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) not in kept:
            with contextlib.suppress(OSError):  # the listing's own
                os.close(int(name))


def _hand_over(stream: IO[bytes] | None, gives: int) -> None:
    with os.fdopen(gives, "wb", buffering=0) as to:
        try:
            while piece := stream.read(PIECE) if stream else b"":
                view = memoryview(piece)
                while view:
                    view = view[to.write(view) :]
        except BrokenPipeError:
            return  # it wants no more, and says why


def _understood(said: bytes, status: int) -> Any:
    if not said:
        raise CommandFailed(f"the process with the app's rights ended early (status {status})")
    answer = json.loads(said)
    if "error" in answer:
        raise CommandFailed(answer["error"])
    return answer["result"]
