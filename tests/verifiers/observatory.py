"""The HTTP Observatory's own scanner (@mdn/mdn-http-observatory): a score of up to 145 and a grade."""

import json
import os
from dataclasses import dataclass

from hosts.commands import run

from .findings import Finding, Target
from .installed import directory, python_program


@dataclass(frozen=True)
class Score:
    """`marks` are what the tests gave or took, by test."""

    score: int
    grade: str
    marks: dict[str, int]
    findings: tuple[Finding, ...]


def scan(target: Target) -> Score:
    """A scan of the site's front page, over http and https."""
    script = directory() / "observatory" / "scan.mjs"
    environment = {"PATH": os.environ["PATH"], "NODE_EXTRA_CA_CERTS": str(target.ca_file)}
    argv = [python_program("node"), str(script), target.name, target.address]
    return parse(run(argv, env=environment, timeout=120).stdout)


def parse(text: str) -> Score:
    """What the scan printed. A finding is a test that failed or took points."""
    report = json.loads(text)
    tests = report["tests"]
    return Score(
        score=report["scan"]["score"],
        grade=report["scan"]["grade"],
        marks={name: test["scoreModifier"] for name, test in tests.items()},
        findings=tuple(
            Finding("observatory", name, str(test["scoreModifier"]), str(test["result"]))
            for name, test in tests.items()
            if not test["pass"] or test["scoreModifier"] < 0
        ),
    )
