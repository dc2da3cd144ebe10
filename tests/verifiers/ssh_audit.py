"""ssh-audit against its policy for a hardened Debian of the host's release."""

import json

from hosts.commands import run

from .findings import Finding
from .installed import python_program

POLICIES = {"bookworm": "Hardened Debian 12 (version 3)", "trixie": "Hardened Debian 13 (version 1)"}


def scan(address: str, suite: str = "bookworm") -> list[Finding]:
    """What in sshd on port 22 departs from the policy."""
    argv = [python_program("ssh-audit"), "--json", "--policy", POLICIES[suite], address]
    return parse(run(argv, check=False, timeout=60).stdout)


def parse(text: str) -> list[Finding]:
    """One finding for each field that differs; an empty list is a pass."""
    report = json.loads(text)
    findings = [
        Finding("ssh-audit", error["mismatched_field"], "mismatch", _difference(error)) for error in report["errors"]
    ]
    assert report["passed"] == (not findings), f"ssh-audit contradicts itself: {text}"
    return findings


def _difference(error: dict[str, list[str]]) -> str:
    return f"{','.join(error['actual'])} instead of {','.join(error['expected_required'])}"
