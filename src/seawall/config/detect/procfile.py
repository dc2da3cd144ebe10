"""A Procfile, as Heroku and others read it: lines of ``name: command``."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from seawall.config.detect.facts import Evidence
from seawall.config.detect.tree import Tree

SERVERS = ("gunicorn", "uvicorn", "hypercorn", "granian", "waitress-serve", "daphne")


@dataclass(frozen=True)
class Line:
    """One line of the Procfile."""

    name: str
    command: str
    evidence: Evidence


def read_procfile(tree: Tree) -> tuple[Line, ...]:
    """The Procfile's lines; others are passed over as Heroku passes over them."""
    if not tree.has("Procfile"):
        return ()
    lines = []
    for number, text in enumerate(tree.text("Procfile").splitlines(), start=1):
        match = re.match(r"([A-Za-z0-9_-]+):\s*(\S.*)$", text)
        if match:
            lines.append(Line(match[1], match[2].strip(), Evidence("Procfile", number)))
    return tuple(lines)


def web_target(lines: tuple[Line, ...]) -> str:
    """``module:name`` that the web line gives its server, or nothing."""
    for line in lines:
        if line.name == "web":
            return server_target(line.command)
    return ""


def server_target(command: str) -> str:
    """``module:name`` in a server's command line: the last word that looks like one."""
    try:
        words = shlex.split(command)
    except ValueError:
        return ""
    starts = [n for n, word in enumerate(words) if word.rpartition("/")[2] in SERVERS]
    if not starts or "--chdir" in words:
        return ""
    for word in reversed(words[starts[0] + 1 :]):
        if re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*(\(\))?", word):
            return word.removesuffix("()")
    last = words[-1]
    return last if re.fullmatch(r"[A-Za-z_][\w.]*", last) and len(words) > starts[0] + 1 else ""


def needs_shell(command: str) -> bool:
    """Whether a command counts on a shell: variables, patterns, pipes, settings before it, several in one line."""
    bare = re.sub(r"\\.|'[^']*'", " ", command)
    return bool(re.search(r"[$`]", bare) or re.search(r"[|&;<>()*]|^\w+=", re.sub(r'"[^"]*"', " ", bare)))
