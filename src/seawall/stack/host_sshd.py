"""sshd on a server: keys only, no root, and the algorithms of ssh-audit's policy for the host's Debian.

The policies are "Hardened Debian 12 (version 3)" and "Hardened Debian 13 (version 1)" of ssh-audit 3.9.
"""

from __future__ import annotations

from collections.abc import Iterator

from seawall.agent.host_vocabulary import HostKey, Moduli
from seawall.agent.resource import Resource
from seawall.agent.vocabulary import File, Line, Service
from seawall.stack.host_facts import HostFacts, Said
from seawall.stack.templates import render

CONFIG = "/etc/ssh/sshd_config"
FOLDER = "/etc/ssh/sshd_config.d/"
#: The first value that sshd reads of a keyword counts (sshd_config(5)), and files of the folder are read by name.
OURS = f"{FOLDER}00-seawall.conf"
INCLUDE = f"Include {FOLDER}*.conf"
SERVICE = Service(
    "ssh",
    check=("sshd", "-t"),
    reload=("systemctl", "try-reload-or-restart", "ssh.service"),  # where a socket starts it, there may be none to tell
)
POST_QUANTUM = ("mlkem768x25519-sha256", "sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com")
KEX = (
    *("sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com", "curve25519-sha256"),
    *("curve25519-sha256@libssh.org", "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512"),
    "diffie-hellman-group-exchange-sha256",
)
MACS = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "umac-128-etm@openssh.com")
MODULUS_BITS = 3072
RSA_BITS = 4096
#: What must hold, and what a line that says otherwise is called.
MUST = {
    "passwordauthentication": ("no", "passwords let people in"),
    "kbdinteractiveauthentication": ("no", "passwords let people in"),
    "permitrootlogin": ("no", "root may log in"),
    "pubkeyauthentication": ("yes", "keys let nobody in"),
}


def resources(facts: HostFacts) -> tuple[Resource, ...]:
    """sshd's file, its keys and groups, and that it reads the file."""
    include = () if facts.sshd.include else (Line(CONFIG, INCLUDE, first=True, service=SERVICE.name),)
    newest = is_newest(facts)
    kex = [name for name in (POST_QUANTUM if newest else KEX) if name in facts.sshd.kex] or list(KEX)
    text = render("host-sshd.conf.j2", kex=kex, macs=[MACS[1], MACS[0], MACS[2]] if newest else MACS)
    return (
        HostKey("/etc/ssh/ssh_host_ed25519_key", "ed25519", 256, service=SERVICE.name),
        HostKey("/etc/ssh/ssh_host_rsa_key", "rsa", RSA_BITS, service=SERVICE.name),
        Moduli("/etc/ssh/moduli", MODULUS_BITS, service=SERVICE.name),
        *include,
        File(OURS, text, 0o600, service=SERVICE.name),
        SERVICE,
    )


def is_newest(facts: HostFacts) -> bool:
    """Whether its OpenSSH has every post-quantum key exchange: Debian 13's policy wants those alone."""
    return set(POST_QUANTUM) <= set(facts.sshd.kex)


def overruled(facts: HostFacts) -> tuple[str, ...]:
    """Lines of others that sshd reads before seawall's file, and that say what must not be, as sentences."""
    found: list[str] = []
    for line in _before_ours(facts):
        wanted, otherwise = MUST.get(line.keyword, ("", ""))
        if wanted and line.value.lower() != wanted:
            found.append(f"{otherwise}: {line.place} says {line.keyword} {line.value}, and is read first; remove it")
    return tuple(dict.fromkeys(found))


def _before_ours(facts: HostFacts) -> Iterator[Said]:
    """Lines that hold for everybody and are read before seawall's file is, or would be."""
    matching, included = "", False
    for line in facts.sshd.sources if facts.sshd.include else ():
        inside = line.file.startswith(FOLDER)
        if (inside and line.file >= OURS) or (included and not inside):
            return
        if line.keyword == "match":
            matching = line.file  # a block of Match ends with its file (sshd_config(5))
        elif line.keyword == "include":
            included = included or f"{FOLDER}*.conf" in line.value.split()
        elif line.file != matching:
            yield line


def matches(facts: HostFacts) -> tuple[str, ...]:
    """Where blocks of Match begin, which may allow what seawall's file forbids."""
    return tuple(f"{line.place} (Match {line.value})" for line in facts.sshd.sources if line.keyword == "match")
