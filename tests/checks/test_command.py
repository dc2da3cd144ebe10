"""`seawall check` as a person meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from seawall.cli.main import cli

APP = "from flask import Flask, session\n\napp = Flask(__name__)\napp.debug = True\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An app with an error, a warning and a note; no seawall.toml."""
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


def check(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(cli, ["-C", str(folder), "check", *options])


def rules(done: Result) -> list[str]:
    """The rules that were found broken, by the JSON."""
    return [finding["rule"] for finding in json.loads(done.stdout)["findings"]]


def test_findings_stand_below_their_file_with_line_remedy_and_reference(folder: Path) -> None:
    done = check(folder)
    assert done.exit_code == 1
    assert "app.py\n" in done.stdout
    assert "  error SW101  Debug mode is on\n    4: app.debug = True\n    do:  Remove it" in done.stdout
    assert "    see: https://flask.palletsprojects.com/" in done.stdout
    assert "1 error, 1 warning, 1 note" in done.stderr
    assert "there is no seawall.toml here" in done.stderr


def test_only_errors_fail_unless_it_is_said_otherwise(folder: Path) -> None:
    (folder / "app.py").write_text(APP.replace("app.debug = True\n", ""))
    assert check(folder).exit_code == 0
    assert check(folder, "--fail-on", "warning").exit_code == 1
    (folder / "app.py").write_text("x = 1\n")
    done = check(folder, "--fail-on", "note")
    assert done.exit_code == 0
    assert "Nothing to mend" in done.stderr


def test_one_chooses_rules_and_severities(folder: Path) -> None:
    assert rules(check(folder, "--json")) == ["SW201", "SW204", "SW101"]
    assert rules(check(folder, "--json", "--only", "SW201", "--only", "SW204")) == ["SW201", "SW204"]
    assert rules(check(folder, "--json", "--skip", "SW101")) == ["SW201", "SW204"]
    assert rules(check(folder, "--json", "--severity", "warning")) == ["SW201", "SW101"]


def test_a_rule_that_there_is_not_is_wrong_usage(folder: Path) -> None:
    done = check(folder, "--skip", "SW999")
    assert done.exit_code == 2
    assert "there is no rule SW999" in done.stderr


def test_the_json_has_the_evidence_and_the_rule(folder: Path) -> None:
    (finding,) = json.loads(check(folder, "--json", "--only", "SW101").stdout)["findings"]
    assert finding["evidence"] == {"path": "app.py", "line": 4, "text": "app.debug = True"}
    assert finding["severity"] == "error"
    assert {"rule", "title", "remedy", "reference", "fact"} <= set(finding)


def test_sarif_is_written_beside_what_is_shown(folder: Path) -> None:
    file = folder / "found.sarif"
    check(folder, "--sarif", str(file), "--severity", "error")
    (run,) = json.loads(file.read_text())["runs"]
    assert [result["ruleId"] for result in run["results"]] == ["SW101"]
    assert check(folder, "--sarif", str(folder / "no" / "such.sarif")).exit_code == 2


def test_rules_are_listed_and_explained(folder: Path) -> None:
    assert "SW101  error    Debug mode is on" in check(folder, "--list").stdout
    explained = check(folder, "--explain", "SW101").stdout
    assert "why: Whoever provokes an error" in explained
    assert "# seawall: ignore[SW101] reason" in explained


def test_what_a_secret_is_stays_hidden(folder: Path) -> None:
    (folder / "app.py").write_text('MAIL_PASSWORD = "korrekt-pferd-7"\nSECRET_KEY = "x"\n')
    for done in (check(folder), check(folder, "--json")):
        assert "SW405" in done.stdout
        assert "korrekt-pferd-7" not in done.output


def test_a_configuration_that_is_wrong_is_told_as_by_every_command(folder: Path) -> None:
    (folder / "seawall.toml").write_text("nmae = 1\n")
    done = check(folder)
    assert done.exit_code == 2
    assert "seawall.toml:1" in done.stderr
