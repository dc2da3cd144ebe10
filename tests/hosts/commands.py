"""Running a program and saying plainly what failed."""

import subprocess
from collections.abc import Mapping, Sequence


class HostError(Exception):
    """Something about a test host failed; the message holds the program's own words."""


def run(
    argv: Sequence[str],
    *,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    check: bool = True,
    timeout: float = 300,
) -> subprocess.CompletedProcess[str]:
    """Runs `argv` and returns what it said.

    Raises HostError with exit code and output if it fails and `check` is left on, or after `timeout` seconds.
    """
    try:
        done = subprocess.run(
            list(argv),
            input=stdin or "",
            env=env,
            check=False,
            timeout=timeout,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
        )
    except subprocess.TimeoutExpired as late:
        raise HostError(f"{' '.join(argv)}: no end after {timeout:g} s") from late
    if check and done.returncode != 0:
        raise HostError(f"{' '.join(argv)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done
