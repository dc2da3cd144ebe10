"""The sandbox of an app's processes, as lines of its systemd units (systemd.exec(5), systemd.resource-control(5)).

Each permission of ``[sandbox.allow]`` has lines that it takes away, and in their place stands its reason, as a comment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from seawall.config.security import Permission, Sandbox
from seawall.errors import ConfigError
from seawall.stack.quoting import unit_path

#: What ``ProtectHome=`` hides (systemd.exec(5)).
HOMES = ("/home", "/root", "/run/user")


@dataclass(frozen=True)
class Part:
    """Lines that go together. ``permission`` takes them away, and so do those in ``also``; ``instead`` stays then."""

    lines: tuple[str, ...]
    permission: Permission | None = None
    also: tuple[Permission, ...] = ()
    instead: tuple[str, ...] = ()

    def loosened(self, sandbox: Sandbox) -> bool:
        return any(name in sandbox.allow for name in (self.permission, *self.also) if name)


PARTS = (
    Part(("ProtectHome=yes",), "home", instead=("ProtectHome=read-only",)),
    Part(("PrivateTmp=yes",), "shared-tmp", instead=("ReadWritePaths=/tmp /var/tmp",)),
    Part(("PrivateDevices=yes", "DevicePolicy=closed"), "devices"),
    Part(("PrivateIPC=yes", "RemoveIPC=yes"), "shared-memory"),
    Part(("ProtectProc=invisible",), "processes"),
    Part(("NoNewPrivileges=yes", "CapabilityBoundingSet="), "privileges"),
    Part(("RestrictNamespaces=yes",), "namespaces"),
    Part(("RestrictRealtime=yes",), "scheduling"),
    Part(
        ("RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",),
        "network-interfaces",
        instead=("RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",),
    ),
    Part(
        (
            "RestrictSUIDSGID=yes",
            "LockPersonality=yes",
            "KeyringMode=private",
            "ProtectKernelTunables=yes",
            "ProtectKernelModules=yes",
            "ProtectKernelLogs=yes",
            "ProtectControlGroups=yes",
            "ProtectClock=yes",
            "ProtectHostname=yes",
        )
    ),
)
STRICT = (
    Part(("ProcSubset=pid",), "processes"),
    # Under it a setuid program gains nothing.
    Part(("PrivateUsers=yes",), "other-users", also=("privileges",)),
    Part(("MemoryDenyWriteExecute=yes",), "write-execute-memory"),
)


def lines(sandbox: Sandbox, data: str) -> tuple[str, ...]:
    """The sandbox of an app that may write to ``data``. Raises ConfigError for paths that it cannot have."""
    return (
        # What lies outside its own data is shared with somebody, who must be able to read it.
        "UMask=0027" if sandbox.write else "UMask=0077",
        "LimitCORE=0",
        "PrivateMounts=yes",
        "ProtectSystem=strict",
        f"ReadWritePaths={unit_path(data)}",
        *_writable(sandbox),
        *_parts(sandbox),
        *_system_calls(sandbox),
        *_network(sandbox),
        *_memory(sandbox),
    )


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
        yield f"ReadWritePaths={unit_path(path)}"


def _parts(sandbox: Sandbox) -> Iterator[str]:
    told: set[str] = set()
    for part in (*PARTS, *(STRICT if sandbox.level == "strict" else ())):
        if not part.loosened(sandbox):
            yield from part.lines
            continue
        if part.permission in sandbox.allow and part.permission not in told:
            told.add(part.permission)
            yield _allowed(part.permission, sandbox)
        yield from part.instead


def _allowed(permission: Permission, sandbox: Sandbox) -> str:
    return f"# {permission} allowed: {sandbox.allow[permission]}"


def _system_calls(sandbox: Sandbox) -> Iterator[str]:
    """A filter of what ordinary services call (`systemd-analyze syscall-filter` lists the sets)."""
    if "system-calls" in sandbox.allow:
        yield _allowed("system-calls", sandbox)
        return
    namespaces = "namespaces" in sandbox.allow
    without = [] if namespaces or "privileges" in sandbox.allow else ["@privileged"]
    without += [] if "scheduling" in sandbox.allow else ["@resources"]
    yield "SystemCallArchitectures=native"
    yield "SystemCallFilter=@system-service" + (" @mount" if namespaces else "")
    if without:
        yield f"SystemCallFilter=~{' '.join(without)}"
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
