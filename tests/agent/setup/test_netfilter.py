"""Whose firewall it is: ufw's, fail2ban's and container engines' chains are known, all else is somebody's own."""

from __future__ import annotations

from typing import Any

import pytest

from seawall.agent import process
from seawall.agent.setup import netfilter

from ..fake_programs import Programs

Ruleset = list[dict[str, Any]]


def chain(table: str, name: str, *, hook: str = "input", policy: str = "accept", family: str = "ip") -> dict[str, Any]:
    base = {"hook": hook, "type": "filter", "policy": policy} if hook else {}
    return {"chain": {"family": family, "table": table, "name": name, **base}}


def rule(table: str, name: str, expression: dict[str, Any], family: str = "ip") -> dict[str, Any]:
    return {"rule": {"family": family, "table": table, "chain": name, "expr": [expression]}}


def jump(target: str) -> dict[str, Any]:
    return {"jump": {"target": target}}


UFW = [chain("filter", "ufw-user-input", hook=""), chain("filter", "INPUT", policy="drop")]
DROP = {"drop": None}


@pytest.mark.parametrize(
    ("ruleset", "found"),
    [
        ([], ""),
        ([*UFW, rule("filter", "INPUT", jump("ufw-before-input"))], ""),
        ([*UFW, rule("filter", "INPUT", jump("ufw-before-input")), rule("filter", "INPUT", jump("f2b-sshd"))], ""),
        ([*UFW, rule("filter", "INPUT", DROP)], "nftables' table ip filter, chain INPUT"),
        ([chain("filter", "INPUT", policy="drop")], "nftables' table ip filter, chain INPUT"),
        ([chain("filter", "INPUT")], ""),
        ([chain("f2b-table", "f2b-chain", family="inet"), rule("f2b-table", "f2b-chain", DROP, "inet")], ""),
        ([chain("mine", "in", family="inet"), rule("mine", "in", DROP, "inet")], "nftables' table inet mine, chain in"),
        ([chain("mine", "fwd", hook="forward"), rule("mine", "fwd", DROP)], ""),
        ([chain("filter", "FORWARD", hook="forward", policy="drop"), rule("filter", "FORWARD", jump("DOCKER"))], ""),
        ([chain("mine", "empty", family="inet")], ""),
    ],
)
def test_a_chain_that_refuses_what_comes_in_is_somebodys(ruleset: Ruleset, found: str) -> None:
    assert netfilter.foreign_in(ruleset) == found


def test_a_service_that_owns_firewalls_is_named(programs: Programs) -> None:
    programs.add("systemctl", '[ "$3" = firewalld ]')
    assert netfilter.foreign() == "firewalld, which is running"


def test_without_nft_the_rules_of_iptables_count(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PATH", str(programs.folder))
    for name in ("systemctl", "ip6tables-save"):
        programs.add(name, "exit 1")
    programs.add("iptables-save", "echo ':INPUT ACCEPT [0:0]'; echo '-A INPUT -p tcp --dport 23 -j DROP'")
    assert netfilter.foreign() == "rules of iptables (-A INPUT -p tcp --dport 23 -j DROP)"
    programs.add(
        "iptables-save", "echo ':ufw-x - [0:0]'; echo ':INPUT DROP [0:0]'; echo '-A INPUT -j ufw-before-input'"
    )
    assert netfilter.foreign() == ""
