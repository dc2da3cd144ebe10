"""Reading what pip-audit says."""

from __future__ import annotations

from seawall.checks.static.audit import read_answer

SAID = """{"dependencies": [
  {"name": "flask", "version": "0.5", "vulns": [
    {"id": "PYSEC-2019-179", "fix_versions": ["1.0"], "aliases": ["CVE-2019-1010083"], "description": "…"}]},
  {"name": "click", "version": "8.1.7", "vulns": []},
  {"name": "private", "skip_reason": "not on PyPI"}], "fixes": []}"""


def test_each_vulnerability_is_one_finding_with_the_version_that_mends_it() -> None:
    answer = read_answer(SAID, "Found 1 known vulnerability in 1 package")
    assert answer.found == (("flask", "0.5", "PYSEC-2019-179", "1.0"),)


def test_packages_that_it_has_no_data_of_are_named_not_taken_for_sound() -> None:
    assert read_answer(SAID, "").hindrance == "pip-audit found no data of private"


def test_that_it_is_not_installed_or_cannot_reach_its_data_is_said() -> None:
    missing = read_answer("", "/usr/bin/python: No module named pip_audit\n")
    assert "seawall[check]" in missing.hindrance
    offline = read_answer("", "…\nConnectionError: Failed to resolve 'pypi.org'\n")
    assert "cannot reach its data" in offline.hindrance
    assert "Failed to resolve" in offline.hindrance
