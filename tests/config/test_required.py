"""Which packages an app asks for by name, whatever file says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.test_requirements import FILES, LOCKS
from seawall.config.required import required
from seawall.config.requirements import RequirementSource, read_requirements


def names(root: Path, path: str) -> set[str]:
    return set(required(root, read_requirements(root, path)))


def test_a_requirements_file_names_them_one_a_line_and_those_of_the_files_it_includes(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(
        "# all\nFlask[async]>=3 ; python_version > '3'\n-r more/base.txt\n--index-url https://x.example/\n"
        "psycopg2_Binary==2.9 \\\n    --hash=sha256:00\n-r ../outside.txt\n-e .\n"
    )
    (tmp_path / "more").mkdir()
    (tmp_path / "more/base.txt").write_text("gevent # fast\n-r ../requirements.txt\n")
    assert names(tmp_path, "requirements.txt") == {"flask", "gevent", "psycopg2-binary"}


@pytest.mark.parametrize("tool", FILES)
def test_a_lock_names_all_there_is(tool: str) -> None:
    assert {"flask", "werkzeug", "gunicorn"} <= names(LOCKS / tool, FILES[tool])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[project]\ndependencies = ['Flask>=3', 'gevent; extra == \"x\"']\n", {"flask", "gevent"}),
        ("[tool.poetry.dependencies]\npython = '^3.11'\nFlask = '*'\n", {"python", "flask"}),
        ("project = 5\n", set()),
        ("[project]\ndependencies = 'flask'\n", set()),
        ("", set()),
    ],
)
def test_a_pyproject_declares_them(tmp_path: Path, text: str, found: set[str]) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert names(tmp_path, "pyproject.toml") == found


def test_what_needs_nothing_names_nothing(tmp_path: Path) -> None:
    assert required(tmp_path, RequirementSource("")) == frozenset()
    (tmp_path / "requirements.txt").write_bytes(b"\xff\xfef\x00l\x00")
    assert required(tmp_path, RequirementSource("requirements.txt")) is not None
