"""sslyze, by its library: what a server offers, as data for `mozilla.py`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hosts.commands import HostError, run

from .findings import Finding, Target
from .installed import python_program

SCRIPT = Path(__file__).with_name("sslyze_scan.py")


@dataclass(frozen=True)
class Certificate:
    """A leaf that was served: `key` and `hash` as the cryptography library names them, life span in days."""

    trusted: bool
    key: str
    rsa_bits: int | None
    hash: str
    days: int
    stapled: bool
    chain_in_order: bool


@dataclass(frozen=True)
class Tls:
    """What sslyze saw. `versions` maps each version offered to its cipher suites, `hsts_seconds` is 0 without HSTS."""

    versions: dict[str, frozenset[str]]
    curves: frozenset[str]
    hsts_seconds: int
    certificates: tuple[Certificate, ...]
    complaints: tuple[Finding, ...]


def scan(target: Target) -> Tls:
    """A scan of port 443; about a second."""
    # -I: the script's folder has a module of sslyze's own name.
    argv = [python_program("python"), "-I", str(SCRIPT), target.address, "443", target.name, str(target.ca_file)]
    return parse(run(argv, timeout=120).stdout)


def parse(text: str) -> Tls:
    """Raises HostError if the scan was not complete."""
    report = json.loads(text)
    if report["problems"]:
        raise HostError(f"sslyze could not finish: {report['problems']}")
    return Tls(
        versions={version: frozenset(suites) for version, suites in report["versions"].items()},
        curves=frozenset(report["curves"]),
        hsts_seconds=(report["hsts"] or {}).get("max_age") or 0,
        certificates=tuple(_certificate(c) for c in report["certificates"]),
        complaints=tuple(Finding("sslyze", id, "5.7", text) for id, text in sorted(report["against_5_7"].items())),
    )


def _certificate(seen: dict[str, Any]) -> Certificate:
    return Certificate(**{name: seen[name] for name in Certificate.__dataclass_fields__})
