"""Secrets that a command prints: a password manager's or a cloud's own program (`op read …`, `aws secretsmanager …`).

The commands of ``[secrets_from]`` run on this machine, at once and beside other work, without a shell. What they print
is kept nowhere but in the release.
"""

from __future__ import annotations

import shlex
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from seawall.config.secrets import LONGEST
from seawall.errors import SecretError

#: How long a command may take, seconds: a person may have to unlock a vault with a fingerprint meanwhile.
TIMEOUT = 60.0
#: How long a pipe is waited for after its program was ended: another program may still hold it, seconds.
PATIENCE = 1.0
#: Of what a failed command says, no more than this is shown, characters.
MOST_SHOWN = 2000


@dataclass
class _Asked:
    """One command that was started; ``begun`` by `time.monotonic`."""

    name: str
    program: str
    process: subprocess.Popen[bytes]
    begun: float
    out: bytes = b""
    errors: bytes = b""

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        self.out, self.errors = self.process.communicate()

    def wait(self, timeout: float) -> bool:
        """Whether it has ended by itself within its time."""
        self._reader.join(max(0.0, self.begun + timeout - time.monotonic()))
        return not self._reader.is_alive()

    def end(self) -> None:
        if self._reader.is_alive():
            self.process.kill()
            self._reader.join(PATIENCE)


@contextmanager
def asking(
    commands: Mapping[str, str], directory: Path, timeout: float = TIMEOUT
) -> Iterator[Callable[[], dict[str, str]]]:
    """Start every command in the project's folder. What is yielded waits for their values, by name, and raises
    SecretError with all that failed. Commands that still run when the block ends are ended."""
    asked: list[_Asked] = []
    failed: dict[str, SecretError] = {}
    try:
        for name, command in commands.items():
            try:
                asked.append(_start(name, shlex.split(command), directory))
            except OSError as error:
                failed[name] = _cannot_start(name, shlex.split(command)[0], error)
        yield lambda: _values(asked, failed, timeout)
    finally:
        for one in asked:
            one.end()


def _start(name: str, words: list[str], directory: Path) -> _Asked:
    process = subprocess.Popen(
        words, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    return _Asked(name, words[0], process, time.monotonic())


def _values(asked: list[_Asked], failed: Mapping[str, SecretError], timeout: float) -> dict[str, str]:
    values: dict[str, str] = {}
    errors = dict(failed)
    for one in asked:
        try:
            values[one.name] = _value(one, timeout)
        except SecretError as error:
            errors[one.name] = error
    if errors:
        raise _together(list(errors.values()))
    return values


def _value(one: _Asked, timeout: float) -> str:
    if not one.wait(timeout):
        raise _failed(one.name, f"`{one.program}` did not end within {timeout:g} s", "Does it wait for an answer?")
    if one.process.returncode:
        raise _failed(
            one.name,
            f"`{one.program}` ended with exit status {one.process.returncode}",
            "What it said is below. Are you signed in, and is the name in its command right?",
            _said(one),
        )
    try:
        value = one.out.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise _failed(
            one.name, f"`{one.program}` printed what is not UTF-8 text", "Have it encode the value."
        ) from None
    if not value:
        raise _failed(one.name, f"`{one.program}` printed nothing", "Is the name in its command right?", _said(one))
    if "\0" in value or len(one.out) > LONGEST:
        raise _failed(
            one.name, f"`{one.program}` printed what is no value", f"It must be text, {LONGEST} bytes at most."
        )
    return value


def _said(one: _Asked) -> str:
    """Its standard error. Standard output may be a value, or a part of one, so it is hidden there as well."""
    text = one.errors.decode(errors="replace")
    for line in one.out.decode(errors="replace").splitlines():
        if len(line.strip()) > 3:
            text = text.replace(line.strip(), "••••••")
    return text[-MOST_SHOWN:].strip()


def _cannot_start(name: str, program: str, error: OSError) -> SecretError:
    missing = isinstance(error, FileNotFoundError)
    fact = f"there is no program `{program}` here" if missing else f"`{program}` cannot be run: {error.strerror}"
    return _failed(name, fact, "Install it, or put the folder where it is on PATH.")


def _failed(name: str, fact: str, remedy: str, output: str = "") -> SecretError:
    return SecretError(
        f"{name} could not be asked for: {fact}", place=f"[secrets_from] {name}", remedy=remedy, output=output
    )


def _together(errors: list[SecretError]) -> SecretError:
    """One error for all that failed."""
    if len(errors) == 1:
        return errors[0]
    return SecretError(
        f"{len(errors)} secrets could not be asked for",
        place="[secrets_from]",
        remedy="\n".join(error.fact for error in errors),
        output="\n".join(error.output for error in errors if error.output),
    )
