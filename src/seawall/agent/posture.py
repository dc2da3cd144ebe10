"""How well this host is kept, as it says itself: read-only, each program bounded in time. The tool judges it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seawall.agent import process, releases
from seawall.agent.errors import CommandFailed
from seawall.agent.places import Places

#: Seconds that one program may take.
PATIENCE = 10.0
LISTEN = "0A"  #: the state of a listening socket in /proc/net/tcp (proc_pid_net(5))
#: Debian's units of front servers.
FRONTS = {"nginx": "nginx.service", "apache": "apache2.service"}
REBOOT = Path("/var/run/reboot-required")


def gather(places: Places, *, certificate: str, keys: Sequence[str]) -> dict[str, Any]:
    """All that the live rules ask of a host. ``certificate`` is the path of the site's, ``keys`` are files that must
    stay secret besides the app's own."""
    return {
        "exposure": _exposure(places.layout.app),
        "reboot": REBOOT.exists(),
        "updates": _updates(),
        "unattended": _unattended(),
        "proxy": _properties("show", _front(places), "-p", "Id,LoadState,Restart,DropInPaths"),
        "open_files": _readable_by_all([*_secret_files(places), *keys]),
        "sshd": _sshd(),
        "firewall": _firewall(),
        "clock": _clock(),
        "disks": _disks([Path("/"), places.base]),
        "failed": _failed(),
        "backup": _backup(places.state / "backup.json"),
        "certificate": _certificate(certificate),
        "listening": _listening(),
    }


def _front(places: Places) -> str:
    """The unit of the front server that the live release was made for."""
    live = releases.live_id(places)
    return FRONTS[releases.load(places, live).release.front.kind if live else "nginx"]


def _said(*argv: str) -> str | None:
    """What a program prints; None if it is not there, fails or takes too long."""
    try:
        done = process.run(argv, timeout=PATIENCE)
    except CommandFailed:
        return None
    return done.stdout if done.returncode == 0 else None


def _exposure(app: str) -> dict[str, float]:
    """The exposure level of the app's units and the proxy's, 0 to 10 (systemd-analyze(1), "security")."""
    table = _said("systemd-analyze", "security", "--no-pager") or ""
    rows = re.findall(r"^(\S+\.service)\s+([\d.]+)\s", table, re.MULTILINE)
    own = re.compile(rf"seawall-{re.escape(app)}[@.].*|{'|'.join(map(re.escape, FRONTS.values()))}")
    return {unit: float(level) for unit, level in rows if own.fullmatch(unit)}


def _updates() -> list[str] | None:
    """Packages with a security update that is known and not installed; None where there is no apt."""
    plan = _said("apt-get", "-s", "-o", "Debug::NoLocking=true", "dist-upgrade")
    if plan is None:
        return None
    return re.findall(r"^Inst (\S+) .*(?:-[Ss]ecurity|Debian-Security)", plan, re.MULTILINE)


def _unattended() -> bool:
    periodic = _said("apt-config", "dump", "APT::Periodic::Unattended-Upgrade") or ""
    return bool(re.search(r'"[1-9]\d*"', periodic)) and Path("/usr/bin/unattended-upgrade").exists()


def _properties(*argv: str) -> dict[str, str]:
    """What systemctl says of a unit, by name."""
    lines = (_said("systemctl", *argv) or "").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _secret_files(places: Places) -> list[str]:
    found = [places.release(path.name).env for path in places.releases.glob("v*")]
    return [str(path) for path in (*found, *Path("/etc/ssl/seawall").glob("*.key"))]


def _readable_by_all(paths: Sequence[str]) -> list[str]:
    found = []
    for path in dict.fromkeys(paths):
        try:
            mode = Path(path).stat().st_mode & 0o777
        except OSError:
            continue
        if mode & 0o007:
            found.append(f"{mode:04o} {path}")
    return found


def _sshd() -> dict[str, str]:
    """What sshd would do, its defaults included (sshd(8), "-T"); several ports with blanks between."""
    found: dict[str, str] = {}
    for name, _, value in (line.partition(" ") for line in (_said("sshd", "-T") or "").lower().splitlines()):
        if name in _SSHD:
            found[name] = f"{found[name]} {value}" if name in found else value
    return found


_SSHD = ("passwordauthentication", "kbdinteractiveauthentication", "permitrootlogin", "port")


def _firewall() -> str:
    """``active``, ``inactive``, ``other`` for rules that are not ufw's, or "" for none at all."""
    said = _said("ufw", "status")
    if said is not None and "Status: active" in said:
        return "active"
    if any(_closes(chain) for chain in _CHAIN.findall(_said("nft", "list", "ruleset") or "")):
        return "other"
    return "" if said is None else "inactive"


#: A chain in what nft lists, without its name; sets in braces may stand within a line.
_CHAIN = re.compile(r"^\s*chain [^\n]*\{\n(.*?)^\s*\}$", re.DOTALL | re.MULTILINE)
#: What ends a chain for all that is left: a verdict that nothing stands before, but that it is counted.
_ALL_THE_REST = re.compile(r"\s*(counter packets \d+ bytes \d+ )?(drop|reject\b.*)")


def _closes(chain: str) -> bool:
    """Whether a chain is one for what comes in, and stops what no rule of it lets in."""
    first, *rules = chain.splitlines()
    return " hook input " in first and ("policy drop" in first or any(map(_ALL_THE_REST.fullmatch, rules)))


def _clock() -> dict[str, str]:
    lines = (_said("timedatectl", "show", "-p", "NTPSynchronized", "-p", "NTP") or "").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _disks(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Size and what is free of each file system, in bytes and in files."""
    found: dict[int, dict[str, Any]] = {}
    for path in paths:
        if path.exists():
            disk = os.statvfs(path)
            found[disk.f_fsid] = {
                "path": str(path),
                "free": disk.f_bavail * disk.f_frsize,
                "total": disk.f_blocks * disk.f_frsize,
                "files_free": disk.f_favail,
                "files": disk.f_files,
            }
    return list(found.values())


def _failed() -> list[str]:
    listed = _said("systemctl", "list-units", "--failed", "--plain", "--no-legend", "--no-pager") or ""
    return [line.split()[0] for line in listed.splitlines() if line.split()]


def _backup(path: Path) -> dict[str, Any] | None:
    """What the last backup left: ``{"at": seconds since 1970, "verified": bool}``; None without any."""
    try:
        read = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return read if isinstance(read, dict) else None


def _certificate(path: str) -> dict[str, str] | None:
    """The site's certificate as it lies on the disk: its text, and the hash of its DER form."""
    try:
        text = Path(path).read_text() if path else ""
        first = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", text, re.DOTALL)
        der = ssl.PEM_cert_to_DER_cert(first.group(0)) if first else b""
    except (OSError, ValueError):
        return None
    return {"path": path, "pem": text, "sha256": hashlib.sha256(der).hexdigest()} if der else None


def _listening() -> list[int]:
    """TCP ports on which something listens for more than this host."""
    ports = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        lines = table.read_text().splitlines()[1:] if table.exists() else []
        for fields in (line.split() for line in lines):
            address, _, port = fields[1].partition(":")
            if fields[3] == LISTEN and not _is_loopback(address):
                ports.add(int(port, 16))
    return sorted(ports)


def _is_loopback(address: str) -> bool:
    """127.0.0.0/8 and ::1 as /proc/net writes them: words in the machine's order, which is little-endian here."""
    return address.endswith("7F") if len(address) == 8 else address == "00000000000000000000000001000000"
