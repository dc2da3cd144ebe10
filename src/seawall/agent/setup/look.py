"""What must be known of a host before it can be said what it should hold."""

from __future__ import annotations

import ipaddress
import json
import os
import pwd
import shutil
from pathlib import Path
from typing import Any

from seawall.agent import files, process
from seawall.agent.errors import NeedsPerson
from seawall.agent.host_vocabulary import Login
from seawall.agent.resources import firewall, login, swap
from seawall.agent.setup import netfilter, pending, places, sshd

#: Services that keep the time already, instead of systemd-timesyncd.
CLOCKS = ("chrony", "chronyd", "ntp", "ntpsec", "openntpd")
DEFAULT_USER = "deploy"
#: What is kept of a set-up's choices.
CHOICES = ("user", "trusted", "allow", "firewall", "swap")


def look(user: str) -> dict[str, Any]:
    """The facts, as data; ``user`` is the login that is asked for, "" for the kept one."""
    kept = profile()
    name = user or str((kept or {}).get("user", DEFAULT_USER))
    daemon = sshd.look()
    caller = os.environ.get("SUDO_USER") or pwd.getpwuid(os.getuid()).pw_name
    address, port = connection(os.environ.get("SSH_CONNECTION", ""))
    keys_file = (daemon["settings"]["authorizedkeysfile"] or [".ssh/authorized_keys"])[0].split()[0]
    return {
        "profile": kept,
        "pending": pending.seconds_left(),
        "caller": caller,
        "caller_address": address,
        "caller_port": port,
        "caller_keys": _keys(caller, keys_file),
        "user": name,
        "user_keys": _keys(name, keys_file),
        "keys_file": keys_file,
        "sshd": daemon,
        "foreign_firewall": netfilter.foreign(),
        "rules": list(_rules()),
        "ipv6": Path("/proc/net/if_inet6").exists(),
        "swap": swap.in_use(),
        "swap_refused": _swap_refused(),
        "disk_free": shutil.disk_usage("/").free,
        "clock": next((name for name in CLOCKS if _is_active(name)), ""),
        "reboot": Path("/run/reboot-required").exists(),
    }


def profile() -> dict[str, Any] | None:
    """What an earlier set-up chose. Raises NeedsPerson if it cannot be understood."""
    text = files.read_text(places.PROFILE)
    if text is None:
        return None
    try:
        kept = json.loads(text)
        return {name: kept[name] for name in CHOICES}
    except (ValueError, TypeError, KeyError) as error:
        raise NeedsPerson(
            "What an earlier `server setup` chose cannot be read",
            place=places.PROFILE,
            remedy="delete it, and run `server setup` again with the options you want",
        ) from error


def connection(told: str) -> tuple[str, int]:
    """The address that the caller came from, and the port of this host, by sshd's word (ssh(1), SSH_CONNECTION).

    "" and 0 where it cannot tell, as behind a pipe. The zone of a link-local address (RFC 4007, 11) is left out.
    """
    words = told.split()
    try:
        address = str(ipaddress.ip_address(words[0].partition("%")[0]))
        return address, int(words[3])
    except (IndexError, ValueError):
        return "", 0


def _keys(user: str, keys_file: str) -> list[str]:
    """The lines of keys that let a user in to whatever they like, with what limits them (``from=``, ``restrict``).

    Those with a forced command are left out.
    """
    try:
        home = pwd.getpwnam(user).pw_dir
    except KeyError:
        return []
    text = files.read_text(login.keys_path(Login(user, keys_file), home)) or ""
    return [line for line in dict.fromkeys(map(str.strip, text.splitlines())) if _is_free(line)]


def _is_free(line: str) -> bool:
    """Whether a line of authorized_keys holds a key without a forced command."""
    options = "" if login.is_key_type(line.partition(" ")[0]) else line
    return bool(login.key_bodies(line)) and "command=" not in options and "cert-authority" not in options


def _rules() -> tuple[str, ...]:
    if shutil.which("ufw", path=process.PATH) is None:
        return ()
    return firewall.rules_in(process.run(["ufw", "show", "added"], timeout=60).stdout)


def _swap_refused() -> str:
    """Why there can be no swap file, "" if there can: containers may not, and some file systems hold none."""
    container = process.run(["systemd-detect-virt", "--container"], timeout=30)
    if container.returncode == 0:
        return f"this is a container ({container.stdout.strip()})"
    kind = process.run(["stat", "-f", "-c", "%T", "/"], timeout=30).stdout.strip()
    return f"its root is {kind}" if kind in ("btrfs", "zfs", "tmpfs", "overlayfs", "nfs") else ""


def _is_active(unit: str) -> bool:
    return process.run(["systemctl", "is-active", "--quiet", unit], timeout=30).returncode == 0
