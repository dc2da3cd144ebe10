"""The checklist before a deployment: errors stop it, and what was found is kept until something changes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from seawall.config.load import load
from seawall.errors import ChecklistFailed
from seawall.operations import checks
from seawall.operations.checking import Checking
from seawall.operations.tree import list_tree

APP = "from flask import Flask\n\napp = Flask(__name__)\n"
TOML = 'name = "shop"\n[app]\nentry = "app:app"\nrequirements = ""\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "seawall.toml").write_text(TOML)
    return tmp_path


def notes(folder: Path, *skip: str) -> list[str]:
    """What a deployment would be told of the checklist."""
    project = load(folder)
    checking = Checking(skip)
    checking.begin(project, list_tree(project.directory, project.app.root, project.app.exclude))
    return checking.notes()


def test_an_app_that_keeps_the_rules_is_deployed_without_a_word(folder: Path) -> None:
    assert notes(folder) == []


def test_an_error_stops_the_deployment_and_says_where_why_and_how_to_go_on(folder: Path) -> None:
    (folder / "app.py").write_text(APP + "app.debug = True\n")
    with pytest.raises(ChecklistFailed) as failed:
        notes(folder)
    assert failed.value.exit_code == 1
    assert failed.value.state == "nothing was changed"
    assert "app.py:4: error SW101: Debug mode is on\n    app.debug = True" in failed.value.output
    assert "--skip-check SW101" in failed.value.remedy
    assert notes(folder, "SW101") == []


def test_warnings_stop_nothing_and_are_counted(folder: Path) -> None:
    (folder / "app.py").write_text(APP + "app.config['SESSION_COOKIE_SECURE'] = False\n")
    assert notes(folder) == ["the production checklist has 1 warning: `seawall check` shows them"]


def test_what_was_found_is_not_looked_for_again_until_a_file_changes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "app.py").write_text(APP + "app.debug = True\n")
    with pytest.raises(ChecklistFailed) as first:
        notes(folder)
    with monkeypatch.context() as patched:
        patched.setattr(checks, "check_quickly", lambda *_: pytest.fail("it was looked for again"))
        with pytest.raises(ChecklistFailed) as second:
            notes(folder)
    assert second.value.output == first.value.output
    (folder / "app.py").write_text(APP)
    assert notes(folder) == []
    (folder / "seawall.toml").write_text(TOML + '[env]\nFLASK_DEBUG = "1"\n')
    with pytest.raises(ChecklistFailed):
        notes(folder)


def test_a_broken_cache_is_as_good_as_none(folder: Path) -> None:
    notes(folder)
    for text in ("", "[]", '{"production": 1}'):
        (folder / ".seawall" / "checks.json").write_text(text)
        assert notes(folder) == []


def test_files_that_stay_at_home_stop_nothing(folder: Path) -> None:
    (folder / "local_settings.py").write_text("class Config:\n    DEBUG = True\n")
    (folder / ".gitignore").write_text("local_settings.py\n")
    assert notes(folder) == []


def test_what_lies_beside_the_app_is_looked_at_anew_when_it_changes(folder: Path) -> None:
    (folder / "shop").mkdir()
    (folder / "app.py").rename(folder / "shop" / "app.py")
    (folder / "seawall.toml").write_text(TOML.replace("[app]\n", '[app]\nroot = "shop"\n'))
    assert notes(folder) == []
    (folder / ".env.production").write_text("FLASK_DEBUG=1\n")
    with pytest.raises(ChecklistFailed, match="1 error"):
        notes(folder)


def test_a_file_that_git_keeps_from_now_on_is_seen_in_a_worktree_too(folder: Path) -> None:
    def git(*arguments: str, at: Path = folder) -> None:
        subprocess.run(["git", *arguments], cwd=at, check=True, capture_output=True)

    git("init", "-q")
    git("-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-q", "--allow-empty", "-m", "x")
    git("worktree", "add", "-q", "../tree")
    tree = folder.parent / "tree"
    for name in ("app.py", "seawall.toml"):
        (tree / name).write_text((folder / name).read_text())
    (tree / ".env").write_text("API_TOKEN=kX7-pferd9-0815\n")
    assert notes(tree) == []
    git("add", "-f", ".env", at=tree)
    with pytest.raises(ChecklistFailed, match="1 error"):
        notes(tree)
