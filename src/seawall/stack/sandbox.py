"""The sandbox of an app's processes, as lines of its systemd units (systemd.exec(5), systemd.resource-control(5)).

Each permission of ``[sandbox.allow]`` has lines that it takes away, and in their place stands its reason, as a comment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from seawall.config.security import Permission, Sandbox
from seawall.errors import ConfigError
from seawall.stack.quoting import unit_word

#: What ``ProtectHome=`` hides (systemd.exec(5)).
HOMES = ("/home", "/root", "/run/user")


@dataclass(frozen=True)
class Part:
    """Lines that go together. ``permission`` takes them away; ``instead`` stands there then.

    Those that ``imply`` that no program gains privileges (systemd.exec(5), ``NoNewPrivileges=``; no longer so in
    systemd 257) fall with `privileges` too.
    """

    lines: tuple[str, ...]
    permission: Permission | None = None
    instead: tuple[str, ...] = ()
    imply: bool = False


PARTS = (
    Part(("NoNewPrivileges=yes", "CapabilityBoundingSet="), "privileges"),
    Part(("ProtectHome=yes",), "home", instead=("ProtectHome=read-only",)),
    Part(("PrivateTmp=yes",), "shared-tmp", instead=("ReadWritePaths=/tmp /var/tmp",)),
    Part(("PrivateDevices=yes",), "devices", imply=True),
    Part(("DevicePolicy=closed",), "devices"),
    Part(("PrivateIPC=yes", "RemoveIPC=yes"), "shared-memory"),
    Part(("ProtectProc=invisible",), "processes"),
    Part(("RestrictNamespaces=yes",), "namespaces", imply=True),
    Part(("RestrictRealtime=yes",), "scheduling", imply=True),
    Part(
        ("RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",),
        "network-interfaces",
        instead=("RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",),
        imply=True,
    ),
    Part(
        (
            "RestrictSUIDSGID=yes",
            "LockPersonality=yes",
            "ProtectKernelTunables=yes",
            "ProtectKernelModules=yes",
            "ProtectKernelLogs=yes",
            "ProtectClock=yes",
            "ProtectHostname=yes",
        ),
        imply=True,
    ),
    Part(("ProtectControlGroups=yes", "KeyringMode=private")),
)
STRICT = (
    Part(("ProcSubset=pid",), "processes"),
    # Inside it a setuid program gains nothing.
    Part(("PrivateUsers=yes",), "other-users", imply=True),
    Part(("MemoryDenyWriteExecute=yes",), "write-execute-memory", imply=True),
)


def lines(sandbox: Sandbox, data: str) -> tuple[str, ...]:
    """The sandbox of an app that may write to ``data``. Raises ConfigError for paths that it cannot have."""
    return (
        f"UMask={umask(sandbox)}",
        "LimitCORE=0",
        "PrivateMounts=yes",
        "ProtectSystem=strict",
        f"ReadWritePaths={unit_word(data)}",
        *_writable(sandbox),
        *_parts(sandbox),
        *_system_calls(sandbox),
        *_network(sandbox),
        *_memory(sandbox),
    )


def umask(sandbox: Sandbox) -> str:
    """What lies outside the app's own data is shared with somebody, who must be able to read it."""
    return "0027" if sandbox.write else "0077"


def _writable(sandbox: Sandbox) -> Iterator[str]:
    """Without a leading minus: where the path is missing, the unit does not start, and its log names the path."""
    for path, reason in sorted(sandbox.write.items()):
        if ".." in PurePosixPath(path).parts:
            raise ConfigError(f"{path} goes up with ..", place="[sandbox.write]", remedy="write the path without it")
        home = next((home for home in HOMES if PurePosixPath(path).is_relative_to(home)), "")
        if home and "home" not in sandbox.allow:
            raise ConfigError(
                f"{path} lies in {home}, which the sandbox hides from the app",
                place="[sandbox.write]",
                remedy="keep it elsewhere, such as in /srv, or name `home` in [sandbox.allow] too, with its reason",
            )
        yield f"# {path} may be written: {reason}"
        yield f"ReadWritePaths={unit_word(path)}"


def _parts(sandbox: Sandbox) -> Iterator[str]:
    told: set[str] = set()
    for part in (*PARTS, *(STRICT if sandbox.level == "strict" else ())):
        allowed = part.permission in sandbox.allow
        implies = part.imply and "privileges" in sandbox.allow
        if part.permission and allowed and part.permission not in told:
            told.add(part.permission)
            yield _allowed(part.permission, sandbox)
        if not implies:
            yield from part.instead if allowed else part.lines


def _allowed(permission: Permission, sandbox: Sandbox) -> str:
    return f"# {permission} allowed: {sandbox.allow[permission]}"


def _system_calls(sandbox: Sandbox) -> Iterator[str]:
    """A filter of what ordinary services call (`systemd-analyze syscall-filter` lists the sets)."""
    if "system-calls" in sandbox.allow:
        yield _allowed("system-calls", sandbox)
    if "system-calls" in sandbox.allow or "privileges" in sandbox.allow:
        return
    more, without = ("", "@privileged @resources")
    if "namespaces" in sandbox.allow:
        more, without = (" @mount", "@resources")
    if "scheduling" in sandbox.allow:
        without = without.replace("@resources", "").strip()
    yield "SystemCallArchitectures=native"
    yield f"SystemCallFilter=@system-service{more}"
    if without:
        yield f"SystemCallFilter=~{without}"
    yield "# A call that is not allowed fails like any other; the app is not killed for it."
    yield "SystemCallErrorNumber=EPERM"


def _network(sandbox: Sandbox) -> Iterator[str]:
    if sandbox.outbound == "any":
        return
    networks = () if sandbox.outbound == "none" else sandbox.outbound
    yield "# Connections to elsewhere fail; the host itself can always be reached."
    yield "IPAddressDeny=any"
    yield f"IPAddressAllow={' '.join(('localhost', *networks))}"


def _memory(sandbox: Sandbox) -> Iterator[str]:
    """Without swap: what is over the limit would only move there, and take the host with it."""
    if sandbox.memory:
        yield f"MemoryMax={sandbox.memory.upper()}"
        yield "MemorySwapMax=0"
