"""SW52x: requirements with known vulnerabilities, by pip-audit, a program of its own (the extra ``seawall[check]``)."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from seawall.checks.finding import Evidence, Severity
from seawall.checks.rule import Check, Rule
from seawall.checks.static.dependencies import Pinned, pinned, requirements_path
from seawall.checks.static.source import Source

PATIENCE = 120  # seconds
REFERENCE = "https://owasp.org/Top10/A06_2021-Vulnerable_and_Outdated_Components/"


@dataclass(frozen=True)
class Answer:
    """What pip-audit found: package, version, the vulnerability and the versions without it. ``hindrance`` says why it
    could not look."""

    found: tuple[tuple[str, str, str, str], ...] = ()
    hindrance: str = ""


def vulnerable(source: Source) -> Iterator[Evidence]:
    packages = {each.name: each for each in pinned(source)}
    for name, version, vulnerability, mended in _answer(source).found:
        fact = f"{name} {version}: {vulnerability}" + (f", mended in {mended}" if mended else "")
        place = packages.get(name)
        yield source.line(place.path if place else requirements_path(source), place.line if place else 0, fact)


def not_compared(source: Source) -> Iterator[Evidence]:
    hindrance = _answer(source).hindrance
    if hindrance:
        yield source.line(PurePosixPath(requirements_path(source)), 0, hindrance)


def _answer(source: Source) -> Answer:
    """Where nothing is pinned there is nothing to compare, and another rule says so."""
    packages = pinned(source)
    return audit(_as_requirements(packages)) if packages else Answer()


def _as_requirements(packages: list[Pinned]) -> str:
    return "".join(f"{each.name}=={each.version}\n" for each in packages)


@lru_cache(maxsize=4)
def audit(requirements: str) -> Answer:
    """Ask pip-audit. Nothing is installed or resolved: only what is named is compared."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "requirements.txt"
        file.write_text(requirements)
        options = ["--disable-pip", "--no-deps", "--progress-spinner=off", "--format=json", "--requirement", str(file)]
        command = [sys.executable, "-P", "-m", "pip_audit", *options]  # nothing is imported from the project
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return Answer(hindrance=f"pip-audit did not answer: {type(error).__name__}")
    return read_answer(done.stdout, done.stderr)


def read_answer(out: str, err: str) -> Answer:
    """What pip-audit said, as JSON on its standard output."""
    if "No module named pip_audit" in err:
        return Answer(hindrance="pip-audit is not installed: it comes with the extra seawall[check]")
    try:
        packages: list[dict[str, Any]] = json.loads(out)["dependencies"]
    except (ValueError, KeyError, TypeError):
        said = err.strip().splitlines()
        return Answer(hindrance=f"pip-audit cannot reach its data: {said[-1]}" if said else "pip-audit said nothing")
    found = tuple(
        (package["name"], package["version"], each["id"], ", ".join(each["fix_versions"]))
        for package in packages
        for each in package.get("vulns", ())
    )
    passed_over = [package["name"] for package in packages if package.get("skip_reason")]
    return Answer(found, f"pip-audit found no data of {', '.join(passed_over)}" if passed_over else "")


CHECKS: tuple[Check[Source], ...] = (
    Check(
        Rule(
            "SW521",
            Severity.WARNING,
            "A requirement has a known vulnerability",
            "How to use it is public.",
            "Move to a version in which it is mended.",
            REFERENCE,
        ),
        vulnerable,
        slow=True,
    ),
    Check(
        Rule(
            "SW522",
            Severity.NOTE,
            "The requirements were not compared with the known vulnerabilities",
            "Nobody has looked whether one of them has a hole that is public.",
            "Install seawall[check], and look where the network allows it.",
            "https://github.com/pypa/pip-audit",
        ),
        not_compared,
        slow=True,
    ),
)
