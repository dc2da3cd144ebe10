"""The app's commands, as the service managers take them: a program and its arguments, without a shell."""

from __future__ import annotations

import re
import shlex

from seawall.errors import ConfigError

#: What means something to a shell outside all quotes, and what does between double quotes as well, where shlex and a
#: shell differ on a backslash before it.
_OPERATOR = re.compile(r"[|&;<>()*`$]")
_EXPANSION = re.compile(r"[`$]")
_QUOTED = re.compile(r"\\.|'[^']*'|\"((?:[^\"\\]|\\.)*)\"", re.S)


def words(command: str, place: str) -> tuple[str, ...]:
    """The words of a command. Raises ConfigError where only a shell could run it; ``place`` says whose it is.

    A service manager starts the program itself, so that its signals and its exit code are the program's.
    """
    try:
        found = tuple(shlex.split(command))
    except ValueError as error:
        raise ConfigError(f"the command has {str(error).lower()}", place=place, remedy="close the quotes") from error
    if not found:
        raise ConfigError("the command is empty", place=place, remedy="write one")
    shell = _needs_shell(command)
    if shell:
        raise ConfigError(
            f"the command has {shell!r}, which only a shell understands, and it is started without one",
            place=place,
            remedy="put it between single quotes if it is meant as text; else write sh -c 'exec …', or a script",
        )
    return found


def _needs_shell(command: str) -> str:
    """The first character that a shell would act on, or ""."""
    for quoted in _QUOTED.finditer(command):
        found = _EXPANSION.search(quoted.group(1) or "")
        if found:
            return found.group()
    bare = _OPERATOR.search(_QUOTED.sub(" ", command))
    return bare.group() if bare else ""
