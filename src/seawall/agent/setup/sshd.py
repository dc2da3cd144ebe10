"""What sshd on this host does: by its own account (`sshd -T`), and by the files it reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seawall.agent import files, process
from seawall.agent.errors import ApplyFailed, CommandFailed

CONFIG = "/etc/ssh/sshd_config"
RUN = "/run/sshd"
INCLUDED = "/etc/ssh/sshd_config.d/*.conf"
#: Keywords of `sshd -T` that decide who gets in, and where.
KEYWORDS = (
    *("allowgroups", "allowusers", "authorizedkeysfile", "denygroups", "denyusers", "kbdinteractiveauthentication"),
    *("listenaddress", "passwordauthentication", "permitrootlogin", "port", "pubkeyauthentication"),
)
#: Of the files, also where others are read and where it depends on who comes.
TOLD = (*KEYWORDS, "include", "match")


@dataclass(frozen=True)
class Said:
    """One line of sshd's configuration, and where it is."""

    place: str
    keyword: str
    value: str


def look() -> dict[str, Any]:
    """What a plan must know of sshd. Raises ApplyFailed if there is none, or its configuration is broken."""
    effective = _effective()
    lines = list(said(CONFIG))
    return {
        "settings": {name: effective.get(name, []) for name in KEYWORDS},
        "ports": _ports(effective),
        "include": any(line.keyword == "include" and INCLUDED in line.value.split() for line in lines),
        "sources": [[line.place, line.keyword, line.value] for line in lines if line.keyword in TOLD],
        "kex": _kex(),
    }


def _effective() -> dict[str, list[str]]:
    # sshd wants it even to read its files, and socket units make it late.
    Path(RUN).mkdir(mode=0o755, exist_ok=True)
    try:
        output = process.check(["sshd", "-T"], timeout=30).stdout
    except CommandFailed as error:
        raise ApplyFailed(
            "sshd on this host cannot read its configuration",
            place=CONFIG,
            state="nothing was changed",
            remedy="correct what `sshd -t` says there",
            output=error.output,
        ) from error
    found: dict[str, list[str]] = {}
    for line in output.splitlines():
        keyword, _, value = line.partition(" ")
        found.setdefault(keyword.lower(), []).append(value)
    return found


def _ports(effective: dict[str, list[str]]) -> list[int]:
    """Where it listens, also where systemd listens for it (Ubuntu's ssh.socket)."""
    listening = effective.get("listenaddress", [])
    ports = {int(address.rpartition(":")[2]) for address in listening} or {int(p) for p in effective.get("port", [])}
    socket = process.run(["systemctl", "show", "-p", "ActiveState,Listen", "ssh.socket"], timeout=30).stdout
    if "ActiveState=active" in socket:
        ports |= {int(port) for port in re.findall(r"^Listen=\S*?(\d+) \(Stream\)", socket, re.MULTILINE)}
    return sorted(ports)


def _kex() -> list[str]:
    """The key exchanges that this OpenSSH knows, and whose names a configuration may hold."""
    try:
        return process.check(["ssh", "-Q", "kex"], timeout=30).stdout.split()
    except CommandFailed:
        return []


def said(path: str, depth: int = 0) -> Iterator[Said]:
    """The lines of a configuration file in the order sshd reads them, those of included files at their place."""
    text = files.read_text(path)
    for number, line in enumerate((text or "").splitlines(), 1):
        words = line.split("#", 1)[0].strip()
        if not words:
            continue
        keyword, value = [*re.split(r"\s*=\s*|\s+", words, maxsplit=1), ""][:2]
        yield Said(f"{path}:{number}", keyword.lower(), value.strip('"') if value.startswith('"') else value)
        if keyword.lower() == "include" and depth < 16:  # sshd's own limit (servconf.c)
            for pattern in value.split():
                whole = Path("/etc/ssh") / pattern.strip('"')
                for place in sorted(Path("/").glob(str(whole.relative_to("/")))):
                    yield from said(str(place), depth + 1)
