"""Comments that allow a breach, and what is said of those that should not be there."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.checks.ignore import ignores_in
from seawall.checks.static.checklist import look_through
from seawall.checks.static.running import CHECKS as RUNNING

APP = "from flask import Flask\n\napp = Flask(__name__)\n"
KNOWN = ["SW101", "SW201"]


def found(folder: Path, app: str) -> tuple[list[tuple[str, str]], int]:
    """Rule and place of what is found in an app, and how much is ignored."""
    (folder / "app.py").write_text(APP + app)
    judged = look_through(folder, None, None, RUNNING, known=KNOWN)
    return [(each.rule.id, each.evidence.place) for each in judged.findings], judged.ignored


@pytest.mark.parametrize(
    "app",
    [
        "app.debug = True  # seawall: ignore[SW101] only on a laptop\n",
        "# seawall: ignore[SW101] only on a laptop\napp.debug = True\n",
        "app.debug = True  # seawall: ignore[SW101]: only on a laptop\n",
    ],
)
def test_a_comment_on_the_line_or_above_it_allows_the_breach(app: str, tmp_path: Path) -> None:
    assert found(tmp_path, app) == ([], 1)


def test_a_comment_behind_other_code_says_nothing_of_the_next_line(tmp_path: Path) -> None:
    findings, _ = found(tmp_path, "x = 1  # seawall: ignore[SW101] a reason\napp.debug = True\n")
    assert ("SW101", "app.py:5") in findings
    assert ("SW003", "app.py:4") in findings


def test_an_ignore_without_a_reason_works_and_is_noted(tmp_path: Path) -> None:
    assert found(tmp_path, "app.debug = True  # seawall: ignore[SW101]\n") == ([("SW001", "app.py:4")], 1)


def test_an_ignore_of_a_rule_that_there_is_not_is_noted(tmp_path: Path) -> None:
    assert found(tmp_path, "x = 1  # seawall: ignore[SW999] a reason\n") == ([("SW002", "app.py:4")], 0)


def test_an_ignore_that_hides_nothing_is_noted_only_if_its_rule_was_looked_for(tmp_path: Path) -> None:
    assert found(tmp_path, "x = 1  # seawall: ignore[SW101, SW201] a reason\n") == ([("SW003", "app.py:4")], 0)


@pytest.mark.parametrize(
    "line",
    [
        "{# seawall: ignore[SW221] the form of another site #}",
        "{#- seawall: ignore[SW221] the form of another site -#}",
        "<!-- seawall: ignore[SW221] the form of another site -->",
        "key = 1  # seawall: ignore[SW221] the form of another site",
    ],
)
def test_comments_of_templates_and_settings_are_read_too(line: str) -> None:
    (ignore,) = ignores_in("page.html", f"first\n{line}\n")
    assert (ignore.rule, ignore.reason, ignore.line) == ("SW221", "the form of another site", 2)
