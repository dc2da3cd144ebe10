"""Every static rule finds what its bad example marks, and nothing in its good one."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.checks.catalogue import STATIC, every_rule
from seawall.checks.finding import InFile
from seawall.checks.rule import Check, Rule
from seawall.checks.static.source import Source, read_source
from seawall.config.document import find
from seawall.config.load import load

from .example import FOLDER, Example, read_example, write

BY_ID = {check.rule.id: check for check in STATIC}


def places(folder: Path, check: Check[Source]) -> set[str]:
    """Where the rule is broken in the project in ``folder``."""
    configured = (folder / "seawall.toml").exists()
    project, document = (load(folder), find(folder)) if configured else (None, None)
    return {one.place for one in check.look(read_source(folder, project, document)) if isinstance(one, InFile)}


def found(folder: Path, rule: str, example: Example, files: dict[str, str]) -> set[str]:
    write(folder, example, files)
    return places(folder, BY_ID[rule])


@pytest.mark.parametrize("rule", BY_ID)
def test_a_rule_names_exactly_the_lines_that_break_it(rule: str, tmp_path: Path) -> None:
    example = read_example(rule)
    assert example.expected
    assert found(tmp_path, rule, example, example.bad) == example.expected


@pytest.mark.parametrize("rule", BY_ID)
def test_a_rule_is_silent_where_it_is_kept(rule: str, tmp_path: Path) -> None:
    example = read_example(rule)
    assert found(tmp_path, rule, example, example.good) == set()


def test_every_example_is_one_of_a_rule_and_no_id_is_given_twice() -> None:
    ids = [rule.id for rule in every_rule()]
    assert {path.stem for path in FOLDER.glob("SW*.txt")} == set(BY_ID)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("rule", every_rule(), ids=lambda rule: rule.id)
def test_a_rule_says_why_what_to_do_and_where_that_is_written(rule: Rule) -> None:
    assert not rule.title.endswith(".")
    assert rule.why.endswith(".")
    assert rule.remedy.endswith(".")
    assert rule.reference.startswith(("https://", "docs/", "RFC "))


@pytest.mark.parametrize(("server", "several"), [('kind = "waitress"', False), ("workers = 1", False), ("", True)])
def test_what_several_processes_break_is_no_finding_with_one(tmp_path: Path, server: str, several: bool) -> None:
    example = read_example("SW606")
    settings = f'name = "shop"\n[app]\nentry = "app:app"\nrequirements = ""\n[server]\n{server}\n'
    named = found(tmp_path, "SW606", example, {**example.bad, "seawall.toml": settings})
    assert named == (example.expected if several else set())
