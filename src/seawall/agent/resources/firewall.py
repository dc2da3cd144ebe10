"""ufw: the rules that are wanted, no others, and everything else that comes in refused.

ufw writes its own files; what they hold goes into the undo log before it does.
"""

from __future__ import annotations

import re
import shlex
import shutil
from dataclasses import dataclass

from seawall.agent import files, process
from seawall.agent.errors import ApplyFailed, CommandFailed
from seawall.agent.files import FILE
from seawall.agent.host_vocabulary import Firewall
from seawall.agent.resources import texts
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change

DEFAULTS = "/etc/default/ufw"
#: What `ufw` commands may write (ufw(8), ufw-framework(8)).
WRITTEN = ("/etc/ufw/ufw.conf", "/etc/ufw/user.rules", "/etc/ufw/user6.rules", DEFAULTS)
TIMEOUT = 120  #: seconds
#: What is written beside the rules for a database of seawall's; they come and go with the app.
OF_DATABASES = "seawall database"
#: What somebody wrote beside a rule; it has no quotes inside (ufw(8)).
COMMENT = re.compile(r"\s+comment '[^']*'$")


@dataclass(frozen=True)
class FirewallFound:
    """ufw as it is: ``on`` now and at boot; its rules; whether it refuses by default; whether it minds IPv6."""

    installed: bool = False
    on: bool = False
    rules: tuple[str, ...] = ()
    refuses: bool = False
    ipv6: bool = False


def observe(_resource: Firewall) -> FirewallFound:
    """What ufw says of itself. Raises ApplyFailed where it cannot say."""
    if shutil.which("ufw", path=process.PATH) is None:
        return FirewallFound()
    defaults = files.read_text(DEFAULTS) or ""
    return FirewallFound(
        True,
        says(["ufw", "status"]).startswith("Status: active") and "ENABLED=yes" in (files.read_text(WRITTEN[0]) or ""),
        rules_in(says(["ufw", "show", "added"])),
        _value(defaults, "DEFAULT_INPUT_POLICY") in ("DROP", "REJECT"),
        _value(defaults, "IPV6") == "yes",
    )


def rules_in(text: str) -> tuple[str, ...]:
    """The rules in what `ufw show added` prints, one a line after the word ufw; comments are no part of them, and
    those for databases are not among them."""
    lines = [line for line in text.splitlines() if line.startswith("ufw ") and f"comment '{OF_DATABASES}" not in line]
    return tuple(COMMENT.sub("", line[4:].strip()) for line in lines)


def says(command: list[str]) -> str:
    """What a command of ufw prints. Raises ApplyFailed."""
    try:
        return process.check(command, timeout=TIMEOUT).stdout
    except CommandFailed as error:
        raise ApplyFailed(
            "ufw does not work on this host",
            remedy="a container without CAP_NET_ADMIN has no firewall: use --no-firewall there",
            output=error.output,
        ) from error


def _value(text: str, name: str) -> str:
    match = re.search(rf"^{name}=\"?(\w+)", text, re.MULTILINE)
    return match[1] if match else ""


def diff(resource: Firewall, found: FirewallFound) -> Change | None:
    """What must change, or None."""
    lines = [f"+ {rule}" for rule in resource.rules if rule not in found.rules]
    lines += [f"- {rule}" for rule in found.rules if rule not in resource.rules]
    lines += [] if found.refuses else ["everything else that comes in is refused"]
    if found.ipv6 != resource.ipv6:
        lines.append("IPv6 too" if resource.ipv6 else "IPv4 only: this host has no IPv6")
    lines += [] if found.on else ["switched on, now and at boot"]
    if not lines:
        return None
    state = (found.installed, found.on, found.refuses, found.ipv6, *found.rules)
    return Change("firewall", "ufw", "update" if found.on else "create", "\n".join(lines), texts.digest(*state))


def apply(resource: Firewall, found: FirewallFound, work: Work) -> None:
    """Open what is wanted first, close the rest afterwards. Raises ApplyFailed with ufw's own words."""
    for path in WRITTEN:
        work.undo.keep(path)
    _write_defaults(resource)
    found = found if found.installed else observe(resource)
    if found.on:
        ufw("reload")  # so that rules for IPv6 are made or left out as the defaults now say
    for rule in resource.rules:
        if rule not in found.rules:
            ufw(*shlex.split(rule))
    for rule in found.rules:
        if rule not in resource.rules:
            ufw("--force", *_deletion(rule))
    ufw("--force", "enable")


def _deletion(rule: str) -> tuple[str, ...]:
    """ufw's words that delete a rule; those for packets that are passed on have a word before it (ufw(8), route)."""
    words = shlex.split(rule)
    return ("route", "delete", *words[1:]) if words[0] == "route" else ("delete", *words)


def _write_defaults(resource: Firewall) -> None:
    found = files.look(DEFAULTS)
    if found.kind != FILE:
        raise texts.refuse_kind(DEFAULTS, found, "file")
    text = found.content.decode("utf-8", "surrogateescape")
    for name, value in (("IPV6", "yes" if resource.ipv6 else "no"), ("DEFAULT_INPUT_POLICY", '"DROP"')):
        text, count = re.subn(rf"^{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
        text = text if count else f"{text.rstrip()}\n{name}={value}\n"
    data = text.encode("utf-8", "surrogateescape")
    files.write_atomic(DEFAULTS, data, found.mode, found.uid, found.gid)


def ufw(*arguments: str) -> None:
    """Have ufw do something. Raises ApplyFailed with its own words."""
    try:
        process.check(["ufw", *arguments], timeout=TIMEOUT)
    except CommandFailed as error:
        raise ApplyFailed(
            f"ufw refused: {' '.join(arguments)}", place="ufw", remedy="its own words are below", output=error.output
        ) from error
