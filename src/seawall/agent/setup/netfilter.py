"""Whose firewall this is: ufw's, nobody's, or somebody else's, which seawall does not touch."""

from __future__ import annotations

import json
import shutil
from typing import Any

from seawall.agent import process
from seawall.agent.errors import CommandFailed

#: Services that own a firewall themselves.
OWNERS = ("firewalld", "shorewall", "netfilter-persistent", "ferm")
#: Chains and tables of ufw, of fail2ban (which only refuses those it has banned), and of container engines (which
#: look after packets that are passed on, not those for this host).
KNOWN = ("ufw", "f2b-", "docker", "br-netfilter", "cni-", "netavark", "libvirt", "lxc", "incus", "tailscale", "ts-")


def foreign() -> str:
    """Who else refuses packets here, as a phrase; "" if nobody does."""
    for name in OWNERS:
        if process.run(["systemctl", "is-active", "--quiet", name], timeout=30).returncode == 0:
            return f"{name}, which is running"
    return _in_nftables() or _in_legacy()


def _in_nftables() -> str:
    """iptables of today writes to nftables too, so one list has it all."""
    if shutil.which("nft", path=process.PATH) is None:
        return _in_tables("iptables-save") or _in_tables("ip6tables-save")
    try:
        listed = json.loads(process.check(["nft", "-j", "list", "ruleset"], timeout=30).stdout)["nftables"]
    except (CommandFailed, ValueError, KeyError):
        return ""
    return foreign_in(listed)


def foreign_in(ruleset: list[dict[str, Any]]) -> str:
    """The first table whose chain at the input hook refuses by policy or has rules, and that is not known."""
    chains = [item["chain"] for item in ruleset if "chain" in item]
    rules = [item["rule"] for item in ruleset if "rule" in item]
    ufw = any(chain["name"].startswith("ufw") for chain in chains)
    for chain in chains:
        if chain.get("hook") != "input" or chain.get("type") != "filter" or _known(chain["table"]):
            continue
        own = [rule for rule in rules if _place(rule) == (chain["family"], chain["table"], chain["name"])]
        refuses = chain.get("policy") == "drop" and not ufw
        if refuses or any(not _known(_target(rule)) for rule in own):
            return f"nftables' table {chain['family']} {chain['table']}, chain {chain['name']}"
    return ""


def _place(rule: dict[str, Any]) -> tuple[str, str, str]:
    return rule["family"], rule["table"], rule["chain"]


def _target(rule: dict[str, Any]) -> str:
    """The chain that a rule jumps to, "" for any other rule."""
    for expression in rule.get("expr", []):
        for verb in ("jump", "goto"):
            if verb in expression:
                return str(expression[verb]["target"])
    return ""


def _known(name: str) -> bool:
    return name.lower().startswith(KNOWN)


def _in_legacy() -> str:
    """Rules of the old kind, which nftables does not list (iptables-legacy(8))."""
    return _in_tables("iptables-legacy-save") or _in_tables("ip6tables-legacy-save")


def _in_tables(program: str) -> str:
    if shutil.which(program, path=process.PATH) is None:
        return ""
    text = process.run([program, "-t", "filter"], timeout=30).stdout
    ufw = ":ufw" in text
    for line in text.splitlines():
        words = line.split()
        refuses = line.startswith(":INPUT DROP") and not ufw
        rule = line.startswith("-A INPUT") and not _known(words[words.index("-j") + 1] if "-j" in words else "")
        if refuses or rule:
            return f"rules of iptables ({line})"
    return ""
