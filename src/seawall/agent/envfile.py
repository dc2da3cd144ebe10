r"""A release's environment as a file, in a form that systemd and ``/bin/sh`` read alike.

Each line is ``NAME="value"``. Between double quotes both take every character for itself except ``\``, ``"``, ``$``
and a backquote, which a backslash makes plain (systemd.exec(5), EnvironmentFile=; POSIX shell, 2.2.3). A value may
span lines. systemd drops, with no more than a line in the log, values with control characters other than tab and
newline and values that are not UTF-8 (its ``env_assignment_is_valid``), so those are refused here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from seawall.agent.errors import BadRequest

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SPECIAL = re.compile(r'([\\"$`])')
_ESCAPED = re.compile(r'\\([\\"$`])')
_ASSIGNMENT = re.compile(r'([A-Za-z_][A-Za-z0-9_]*)="((?:[^\\"$`]|\\[\\"$`])*)"\n')
_COMMENT = re.compile(r"#[^\n]*\n|\n")


def render_environment_file(env: Mapping[str, str]) -> str:
    """The file's text, by name. Raises BadRequest for a name or value that it cannot carry; no value is shown."""
    lines = []
    for name, value in sorted(env.items()):
        reason = unfit(name, value)
        if reason:
            raise BadRequest(f"the environment variable {name!r} {reason}", remedy="encode it, for example as base64")
        lines.append(f'{name}="{_SPECIAL.sub(_backslash, value)}"\n')
    return "".join(lines)


def parse_environment_file(text: str) -> dict[str, str]:
    """The counterpart of :func:`render_environment_file`; comments and empty lines are skipped. Raises BadRequest."""
    env: dict[str, str] = {}
    position = 0
    while position < len(text):
        assignment = _ASSIGNMENT.match(text, position)
        skipped = assignment or _COMMENT.match(text, position)
        if skipped is None:
            line = text.count("\n", 0, position) + 1
            raise BadRequest(f'line {line} of the environment file is not NAME="value"', remedy="make a new release")
        if assignment:
            env[assignment.group(1)] = _ESCAPED.sub(r"\1", assignment.group(2))
        position = skipped.end()
    return env


def unfit(name: str, value: str) -> str:
    """Why a variable cannot be carried, as the rest of a sentence, or ``""``. Never shows the value."""
    if not _NAME.fullmatch(name):
        return "has a name that is not letters, digits and underscores"
    for character in value:
        if character not in "\t\n" and (character < " " or character == "\x7f"):
            return f"has the control character U+{ord(character):04X} in its value"
        if _no_character(ord(character)):
            return f"has U+{ord(character):04X} in its value, which is not a character"
    return ""


def _no_character(code: int) -> bool:
    """Surrogates (bytes that were not UTF-8) and what Unicode reserves as noncharacters."""
    return 0xD800 <= code <= 0xDFFF or 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE


def _backslash(match: re.Match[str]) -> str:
    return "\\" + match.group(1)
