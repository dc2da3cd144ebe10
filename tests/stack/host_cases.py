"""Servers as they are found, for tests of their set-up. `python -m stack.host_cases` (in tests/) writes the texts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from seawall.agent.resource import resource_to_wire
from seawall.agent.vocabulary import File
from seawall.stack.host import HostSetup, Options, compose
from seawall.stack.host_facts import HostFacts, Profile, Said, Sshd

KEPT = Path(__file__).parent / "golden_host"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEpUMVkVu0mUr4B1nT3rDJZ6d6O8M0oLwA4wHcEd8Wq ada@desk"
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBvZ0cZ5i1yq0sKcVb0Gd2bbY1UqH7sZ2m7s0Zp3eQ9M bob@desk"
OLD_KEX = (
    "sntrup761x25519-sha512@openssh.com",
    "curve25519-sha256",
    "diffie-hellman-group16-sha512",
    "ecdh-sha2-nistp256",
)
NEW_KEX = ("mlkem768x25519-sha256", "sntrup761x25519-sha512", *OLD_KEX)
MAIN = "/etc/ssh/sshd_config"
INCLUDE = Said(f"{MAIN}:12", "include", "/etc/ssh/sshd_config.d/*.conf")

FRESH = HostFacts(
    os_id="debian",
    os_version="12",
    systemd=True,
    memory_bytes=1 << 30,
    disk_free=20 << 30,
    caller="root",
    caller_address="203.0.113.9",
    caller_port=22,
    caller_keys=(KEY,),
    user="deploy",
    user_keys=(),
    keys_file=".ssh/authorized_keys",
    sshd=Sshd((22,), True, (INCLUDE,), OLD_KEX, {}),
    foreign_firewall="",
    rules=(),
    ipv6=True,
    swap=False,
    swap_refused="",
    clock="",
)
#: The same host after its set-up.
SET_UP = replace(
    FRESH,
    profile=Profile("deploy", "203.0.113.9"),
    user_keys=(KEY,),
    caller="deploy",
    rules=("allow 22/tcp",),
    swap=True,
)
ODD = replace(
    FRESH,
    os_id="ubuntu",
    os_version="24.04",
    caller="ubuntu",
    caller_port=2222,
    sshd=replace(FRESH.sshd, ports=(22, 2022), include=False, kex=NEW_KEX),
    rules=("limit 22/tcp", "allow 51820/udp", "deny from 198.51.100.0/24"),
    ipv6=False,
    swap_refused="this is a container (lxc)",
    clock="chrony",
    reboot=True,
)


def composed() -> dict[str, HostSetup]:
    """What each should hold."""
    return {
        "fresh": compose(FRESH, Options()),
        "odd": compose(ODD, Options(user="ops", keys=(OTHER,), allow=("8443", "53/udp"))),
    }


def as_text(made: HostSetup) -> str:
    """All of it, to be read: resources one a line, contents of files below them."""
    lines = []
    for title, resources in (("at once", made.calm), ("waiting for a confirmation", made.guarded)):
        lines.append(f"=== {title}")
        for resource in resources:
            data = resource_to_wire(resource)
            content = data.pop("content") if isinstance(resource, File) else ""
            lines.append(json.dumps({name: value for name, value in data.items() if value not in ("", (), False)}))
            lines += [f"    {line}".rstrip() for line in content.splitlines()]
    lines += ["=== notes", *made.notes, *(f"wrong: {finding}" for finding in made.findings)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    KEPT.mkdir(exist_ok=True)
    for case, made in composed().items():
        (KEPT / f"{case}.txt").write_text(as_text(made))
