"""SARIF as code-scanning services take it."""

from __future__ import annotations

import json
from typing import Any

from seawall.checks.catalogue import every_rule
from seawall.checks.finding import Exchange, Finding, InFile
from seawall.checks.sarif import sarif

RULES = every_rule()


def log(*findings: Finding) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(sarif(list(findings), RULES, "1.0")))
    return made


def test_a_log_has_what_the_standard_asks_for() -> None:
    """Sections 3.13, 3.14, 3.18, 3.19, 3.27 and 3.49 of SARIF 2.1.0 name the properties that must be there."""
    made = log(Finding(RULES[0], InFile("a b/app.py", 3, "x = 1", "a fact")))
    assert made["version"] == "2.1.0"
    (run,) = made["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "seawall"
    assert len({rule["id"] for rule in driver["rules"]}) == len(driver["rules"]) == len(RULES)
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in {"error", "warning", "note"}
    (result,) = run["results"]
    assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert result["level"] in {"error", "warning", "note"}
    assert result["message"]["text"].endswith("a fact.")
    (location,) = result["locations"]
    place = location["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20b/app.py"
    assert place["region"] == {"startLine": 3, "snippet": {"text": "x = 1"}}


def test_a_file_as_a_whole_has_no_region_and_an_exchange_no_location() -> None:
    whole, live = log(
        Finding(RULES[0], InFile("requirements.txt", 0)), Finding(RULES[0], Exchange("GET https://x/.env", "200 OK"))
    )["runs"][0]["results"]
    assert "region" not in whole["locations"][0]["physicalLocation"]
    assert "locations" not in live
    assert "GET https://x/.env: 200 OK" in live["message"]["text"]
