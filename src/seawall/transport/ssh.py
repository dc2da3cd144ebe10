"""A host over the user's own ssh: their configuration, keys, agent, jump hosts and known hosts all count.

Host keys are never accepted unseen by us: what ssh refuses, we report. A user other than root needs sudo; where sudo
wants a password it is asked for once and goes over standard input, never into an argument.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from seawall.errors import ConnectionFailed
from seawall.transport.pack import (
    BAD_ARCHIVE,
    BOOTSTRAP,
    NO_PYTHON,
    NO_SUDO,
    OLD_PYTHON,
    SUDO_NEEDS_PASSWORD,
    package,
)
from seawall.transport.session import Session

AGENTS = "/var/lib/seawall/agent"
#: Keeps a dead connection from hanging for ever (ssh_config(5)); anything else is the user's configuration.
OPTIONS = ["-T", "-o", "ConnectTimeout=20", "-o", "ServerAliveInterval=20", "-o", "ServerAliveCountMax=3"]

AskPassword = Callable[[str], str]

#: What ssh says (standard error, exit code 255) and what it means for a person.
REASONS = [
    (
        r"REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed",
        "its host key is not the one this machine knows",
        "if the server was set up anew, remove the old key with `ssh-keygen -R HOST` and connect once by hand; "
        "if not, somebody may be in between",
    ),
    (
        r"Permission denied|Too many authentication failures",
        "it refused the login",
        "check the user name and that `ssh HOST` lets you in without seawall",
    ),
    (r"Connection refused", "nothing listens for ssh there", "is the address and port right, and sshd running?"),
    (
        r"Could not resolve hostname|Name or service not known",
        "its name is not known",
        "check the spelling in `hosts`, or your ssh configuration",
    ),
    (r"timed out|No route to host|Network is unreachable", "it does not answer", "is it up, and reachable from here?"),
]


class PasswordNeeded(ConnectionFailed):
    """sudo on the host wants a password."""


@dataclass(frozen=True)
class Ssh:
    """How to reach one host. ``destination`` is whatever ssh takes: an alias, USER@HOST, ssh://USER@HOST:PORT."""

    destination: str

    def open(self, password: str = "") -> Session:
        """Start connecting; `Session.greet` waits for it."""
        process = subprocess.Popen(
            # ssh must outlive Ctrl-C: the agent is to be told, and to say what it undid.
            ["/bin/sh", "-c", 'trap "" INT; exec ssh "$@"', "ssh", *OPTIONS, "--", self.destination, _remote(password)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        if password:
            assert process.stdin is not None  # noqa: S101 - it is a pipe
            os.write(process.stdin.fileno(), password.encode() + b"\n")
        return Session(self.destination, process, self._explain)

    def open_and_greet(self, ask: AskPassword) -> Session:
        """Connect and wait for the agent, asking for sudo's password if it wants one."""
        session = self.open()
        try:
            session.greet()
        except PasswordNeeded:
            session = self.open(ask(self.destination))
            session.greet()
        return session

    def _explain(self, code: int, errors: str) -> ConnectionFailed:
        fact, remedy = _reason(code, errors)
        kind = PasswordNeeded if code == SUDO_NEEDS_PASSWORD else ConnectionFailed
        return kind(
            f"{self.destination} cannot be used: {fact}",
            place=self.destination,
            state="nothing was changed there",
            remedy=remedy.replace("HOST", self.destination),
            output=errors,
        )


def interactive(destination: str, command: list[str], *, terminal: bool) -> list[str]:
    """The ssh command that runs ``command`` as root on the host, with the person's terminal if there is one."""
    words = shlex.join(command)
    remote = f'if [ "$(id -u)" = 0 ]; then exec {words}; else exec sudo {words}; fi'
    return ["ssh", "-t" if terminal else "-T", "--", destination, f"exec sh -c {shlex.quote(remote)}"]


def agent_command(layout: str, argv: list[str]) -> list[str]:
    """What to run on a host that has this agent, to run ``argv`` in the live release (layout as JSON)."""
    run = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); from seawall.agent.main import execute; execute(sys.argv[1:])"
    )
    return ["python3", "-I", "-c", run, f"{AGENTS}/{package().digest}", layout, *argv]


def _remote(password: str) -> str:
    agent = shlex.join(["python3", "-I", "-c", BOOTSTRAP, AGENTS, package().digest])
    agent += ' "$SSH_CONNECTION"'
    sudo = "sudo -k -S -p ''" if password else "sudo -n"
    checked = "" if password else f"sudo -n true </dev/null 2>/dev/null || exit {SUDO_NEEDS_PASSWORD}; "
    script = (
        f"command -v python3 >/dev/null || exit {NO_PYTHON}; "
        f'if [ "$(id -u)" = 0 ]; then exec {agent}; fi; '
        f"command -v sudo >/dev/null || exit {NO_SUDO}; {checked}exec {sudo} {agent}"
    )
    return f"exec sh -c {shlex.quote(script)}"


def _reason(code: int, errors: str) -> tuple[str, str]:
    known = {
        NO_PYTHON: ("it has no python3", "install it there: `apt-get install python3`"),
        OLD_PYTHON: ("its python3 is older than 3.9", "use Debian 11, Ubuntu 22.04 or later"),
        NO_SUDO: ("you are not root there and it has no sudo", "log in as root, or install sudo and allow your user"),
        SUDO_NEEDS_PASSWORD: ("sudo wants a password", "run seawall in a terminal, where it can ask for it"),
        BAD_ARCHIVE: ("the agent arrived damaged", "run the command again"),
    }
    if code in known:
        return known[code]
    if "not in the sudoers" in errors or "not allowed to" in errors:
        return "your user may not use sudo there", "allow it (visudo), or log in as root"
    if "incorrect password" in errors or "Sorry, try again" in errors:
        return "sudo did not accept the password", "run the command again with the right one"
    for pattern, fact, remedy in REASONS:
        if re.search(pattern, errors):
            return fact, remedy
    return f"the connection ended at once (exit status {code})", "try `ssh HOST true` by hand; what it said is below"
