"""A host over the user's own ssh: their configuration, keys, agent, jump hosts and known hosts all count.

Host keys are never accepted unseen by us: what ssh refuses, we report. A user other than root needs sudo; where sudo
wants a password it is asked for once and goes over standard input, never into an argument.
"""

from __future__ import annotations

import base64
import os
import re
import shlex
import subprocess
import zlib
from dataclasses import dataclass

from seawall.errors import ConnectionFailed
from seawall.transport.pack import (
    BAD_ARCHIVE,
    BAD_PLACE,
    BOOTSTRAP,
    NO_PYTHON,
    NO_SUDO,
    OLD_PYTHON,
    SUDO_NEEDS_PASSWORD,
    SUDO_REFUSED,
    package,
)
from seawall.transport.session import Session

AGENTS = "/var/lib/seawall/agent"
#: Keeps a dead connection from hanging for ever (ssh_config(5)); anything else is the user's configuration.
OPTIONS = ["-T", "-o", "ConnectTimeout=20", "-o", "ServerAliveInterval=20", "-o", "ServerAliveCountMax=3"]
#: A shell that becomes ssh, deaf to Ctrl-C.
ALONE = ["/bin/sh", "-c", 'trap "" INT; exec ssh "$@"', "ssh"]

#: What ssh says (standard error, exit code 255) and what it means for a person.
REASONS = [
    (
        r"REMOTE HOST IDENTIFICATION HAS CHANGED|host key .*differs from",
        "its host key is not the one this machine knows",
        "if the server was set up anew, remove the old key with `ssh-keygen -R KNOWN` and connect once by hand; "
        "if not, somebody may be in between",
    ),
    (
        r"Host key verification failed|host key is known for",
        "this machine does not know its host key",
        "connect once by hand, `ssh HOST`, and compare the fingerprint that it shows with the server's own",
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
    """How to reach one host. ``destination`` is whatever ssh takes: an alias, USER@HOST, ssh://USER@HOST:PORT.

    ``options`` come before ours and the person's own configuration, and so win.
    """

    destination: str
    options: tuple[str, ...] = ()

    def open(self, password: str = "") -> Session:
        """Start connecting; `Session.greet` waits for it."""
        process = subprocess.Popen(
            # ssh must outlive Ctrl-C: the agent is to be told, and to say what it undid.
            [*ALONE, *self.options, *OPTIONS, "--", self.destination, _remote(password)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        if password:
            assert process.stdin is not None  # noqa: S101 - it is a pipe
            # Once for the question whether it is right, once for the agent.
            os.write(process.stdin.fileno(), 2 * (password.encode() + b"\n"))
        return Session(self.destination, process, self._explain)

    def _explain(self, code: int, errors: str) -> ConnectionFailed:
        fact, remedy = _reason(code, errors)
        kind = PasswordNeeded if code == SUDO_NEEDS_PASSWORD else ConnectionFailed
        return kind(
            f"{self.destination} cannot be used: {fact}",
            place=self.destination,
            state="nothing was changed there",
            remedy=remedy.replace("HOST", self.destination).replace("KNOWN", self._known_as(errors)),
            output=errors,
        )

    def _known_as(self, errors: str) -> str:
        """The name under which ssh keeps the host's key: it says so itself; else what it was asked for."""
        said = re.search(r"ssh-keygen .*-R \"?([^\"\s]+)", errors)
        return said.group(1) if said else self.destination.removeprefix("ssh://").rpartition("@")[2]


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
    agent = shlex.join(["python3", "-I", "-X", "utf8", "-c", _one_line(BOOTSTRAP), AGENTS, package().digest])
    agent += ' "$SSH_CONNECTION"'
    script = (
        f"command -v python3 >/dev/null || exit {NO_PYTHON}; "
        f'if [ "$(id -u)" = 0 ]; then exec {agent}; fi; '
        f"command -v sudo >/dev/null || exit {NO_SUDO}; {_sudo(password)} {agent}"
    )
    return f"exec sh -c {shlex.quote(script)}"


def _one_line(program: str) -> str:
    """A Python program as one line: for csh a line's end ends a quoted word too, and fish has its own backslashes.
    Compressed, since csh takes no word of more than some thousand characters."""
    packed = base64.b64encode(zlib.compress(program.encode(), 9)).decode()
    return f'import binascii, zlib; exec(zlib.decompress(binascii.a2b_base64("{packed}")))'


def _sudo(password: str) -> str:
    """The shell's words that become root. A password is tried on its own first: after a wrong one sudo would go on to
    read the frames that follow it as further guesses, and wait for more."""
    if not password:
        return f"sudo -n true </dev/null 2>/dev/null || exit {SUDO_NEEDS_PASSWORD}; exec sudo -n"
    tried = "IFS= read -r word; printf '%s\\n' \"$word\" | LC_ALL=C sudo -k -S -p '' true"
    return f"{tried} || exit {SUDO_REFUSED}; exec sudo -k -S -p ''"


def _reason(code: int, errors: str) -> tuple[str, str]:
    known = {
        NO_PYTHON: ("it has no python3", "install it there: `apt-get install python3`"),
        OLD_PYTHON: ("its python3 is older than 3.9", "use Debian 11, Ubuntu 22.04 or later"),
        NO_SUDO: ("you are not root there and it has no sudo", "log in as root, or install sudo and allow your user"),
        SUDO_NEEDS_PASSWORD: ("sudo wants a password", "run seawall in a terminal, where it can ask for it"),
        BAD_ARCHIVE: ("the agent arrived damaged", "run the command again"),
        BAD_PLACE: (
            f"others than root may write to {AGENTS}, where seawall's program lies, or to the folder above it",
            f"see who changed that; then: chown root: {AGENTS} {AGENTS}/..; chmod go-w {AGENTS} {AGENTS}/..",
        ),
    }
    if code in known:
        return known[code]
    if "not in the sudoers" in errors or "not allowed to" in errors or "may not run sudo" in errors:
        return "your user may not use sudo there", "allow it (visudo), or log in as root"
    if code == SUDO_REFUSED:
        return "sudo did not accept the password", "run the command again with the right one, or log in as root"
    for pattern, fact, remedy in REASONS:
        if re.search(pattern, errors):
            return fact, remedy
    return f"the connection ended at once (exit status {code})", "try `ssh HOST true` by hand; what it said is below"
