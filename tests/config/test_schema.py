"""The texts about each key: complete, found by name, and the same on every page."""

from __future__ import annotations

import runpy
import tomllib
from pathlib import Path
from typing import Any

import pytest

from seawall.config.model import Project
from seawall.config.schema import all_keys, explain, json_schema
from seawall.errors import UsageError

ROOT = Path(__file__).parents[2]


def test_the_committed_reference_pages_are_what_the_model_says() -> None:
    pages = runpy.run_path(str(ROOT / "tools" / "reference.py"))["pages"]()
    assert len(pages) == 3
    for path, text in pages.items():
        assert path.read_text() == text, f"{path.name} is stale: run `make docs`"


def test_every_key_says_what_it_is_for_and_what_it_becomes() -> None:
    assert len(all_keys()) > 40
    for known in all_keys():
        assert known.description.endswith("."), known.key
        assert known.becomes, known.key
        assert known.must_be, known.key


def test_every_example_is_valid() -> None:
    for known in all_keys():
        data: dict[str, Any] = {"name": "guestbook", "app": {"entry": "a:app"}, "directory": ROOT}
        given = tomllib.loads(known.example)
        if known.key == next(iter(given)):
            data |= given
        else:
            table = known.key.split(".")[:-1]
            inner = data
            named = "/example" if table[0] == "limits" else "example"
            for part in table:
                inner = inner.setdefault(part.replace("NAME", named), {})
            inner |= {"command": "true"} if table[0] == "processes" else {}
            inner |= {"command": "true", "at": "daily"} if table[0] == "schedule" else {}
            inner |= given
        Project.model_validate(data)


def test_explain_tells_type_default_example_and_effect() -> None:
    text = explain("server.workers")
    assert 'must be: "auto" or a whole number from 1 to 512' in text
    assert 'default: "auto"' in text
    assert "example: workers = 4" in text
    assert "gunicorn.conf.py" in text


def test_explain_knows_keys_that_a_person_named() -> None:
    assert explain("processes.mail.count") == explain("processes.NAME.count")
    assert explain("env.DEBUG") == explain("env")
    assert "health.path" in explain("health")


@pytest.mark.parametrize(("asked", "near"), [("server.wokers", "server.workers"), ("max_body", "proxy.max_body")])
def test_explain_suggests_the_nearest_key(asked: str, near: str) -> None:
    with pytest.raises(UsageError) as error:
        explain(asked)
    assert f"`{near}`" in error.value.remedy


def test_the_schema_lets_an_environment_give_a_part_only() -> None:
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["name", "app"]
    assert schema["$defs"]["App"]["required"] == ["entry"]
    partial = schema["$defs"]["Overlay"]["properties"]["app"]["$ref"].rpartition("/")[2]
    assert "required" not in schema["$defs"][partial]
    assert "x-" not in str(schema).replace("max-", "")
