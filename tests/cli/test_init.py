from __future__ import annotations

import json
from pathlib import Path

import pytest

from seawall.config.load import load
from seawall.config.secrets import read_secrets

from .conftest import Run

APP = """\
import os
from flask import Flask
app = Flask(__name__)
app.config["SECRET_KEY"] = os.environ["SECRET_KEY"]

@app.get("/health")
def health():
    return "well"
"""


@pytest.fixture
def fresh(folder: Path) -> Path:
    """A project without a configuration."""
    (folder / "seawall.toml").unlink()
    (folder / "hello.py").write_text(APP)
    (folder / "requirements.txt").write_text("flask==3.1.0\n")
    return folder


def test_it_writes_a_configuration_that_holds_and_says_what_it_found_and_where(run: Run, fresh: Path) -> None:
    result = run("init", "--domain", "a.example.com", "--host", "root@web1", "--name", "hello")
    assert result.exit_code == 0
    project = load(fresh)
    assert (project.name, project.domains, project.hosts) == ("hello", ("a.example.com",), ("root@web1",))
    assert project.app.entry == "hello:app"
    assert "hello:app (flask)" in result.stderr
    assert "hello.py:3" in result.stderr


def test_a_configuration_that_is_there_is_never_overwritten_unless_forced(run: Run, fresh: Path) -> None:
    (fresh / "seawall.toml").write_text("mine")
    result = run("init")
    assert result.exit_code == 2
    assert "--force" in result.stderr
    assert (fresh / "seawall.toml").read_text() == "mine"
    assert run("init", "--force").exit_code == 0
    assert load(fresh).app.entry == "hello:app"


def test_stdout_prints_the_file_alone_and_writes_nothing(run: Run, fresh: Path) -> None:
    result = run("init", "--stdout")
    assert result.exit_code == 0
    assert not (fresh / "seawall.toml").exists()
    run("init")
    assert (fresh / "seawall.toml").read_text() == result.stdout


def test_no_app_is_an_error_with_a_remedy_and_writes_nothing(run: Run, fresh: Path) -> None:
    (fresh / "hello.py").write_text("print('hello')\n")
    result = run("init")
    assert result.exit_code == 2
    assert "no app was found" in result.stderr
    assert "--app MODULE:NAME" in result.stderr
    assert not (fresh / "seawall.toml").exists()


def test_several_apps_are_listed_and_one_must_be_named(run: Run, fresh: Path) -> None:
    for name in ("one", "two"):
        (fresh / f"{name}.py").write_text("from flask import Flask\nsite = Flask(__name__)\n")
    (fresh / "hello.py").unlink()
    result = run("init")
    assert result.exit_code == 2
    assert "--app one:site" in result.stderr
    assert "--app two:site" in result.stderr
    assert not (fresh / "seawall.toml").exists()
    assert run("init", "--app", "two:site").exit_code == 0
    assert load(fresh).app.entry == "two:site"


def test_with_yes_a_signing_key_is_made_and_its_keeping_explained(run: Run, fresh: Path, tmp_path: Path) -> None:
    result = run("init", "--yes", "--name", "hello")
    assert len(read_secrets(fresh, "production")["SECRET_KEY"]) >= 48
    assert str(tmp_path / "config/seawall/keys/hello.key") in result.stderr
    assert "keep a copy" in result.stderr


def test_a_key_that_is_kept_already_is_not_replaced(run: Run, fresh: Path) -> None:
    run("init", "--yes")
    before = read_secrets(fresh, "production")
    assert run("init", "--yes", "--force").exit_code == 0
    assert read_secrets(fresh, "production") == before


def test_without_a_person_and_without_yes_no_secret_is_made(run: Run, fresh: Path) -> None:
    result = run("init")
    assert not (fresh / "seawall.secrets").exists()
    assert "seawall secret set SECRET_KEY" in result.stderr


def test_as_json_it_says_what_it_found(run: Run, fresh: Path) -> None:
    document = json.loads(run("init", "--yes", "--json").stdout)
    assert document["version"] == 1
    assert document["file"] == str(fresh / "seawall.toml")
    assert {"what": "app", "value": "hello:app (flask)", "place": "hello.py:3"} in document["found"]
    assert document["secrets"] == ["SECRET_KEY"]
    assert document["key"].endswith(".key")
