"""Locks of real projects, made by uv, Poetry, pdm and pipenv, become pinned requirements.

The locks are shortened (fewer wheels, other hosts). ``expected.txt`` is what each tool's own export resolves to.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from seawall.config.requirements import RequirementSource, read_requirements
from seawall.errors import ConfigError

LOCKS = Path(__file__).parent / "locks"
FILES = {"uv": "uv.lock", "poetry": "poetry.lock", "pdm": "pdm.lock", "pipenv": "Pipfile.lock"}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(LOCKS, tmp_path / "locks")
    return tmp_path / "locks"


@pytest.mark.parametrize("tool", FILES)
def test_a_lock_becomes_its_tools_own_export(tool: str) -> None:
    found = read_requirements(LOCKS / tool, FILES[tool])
    assert found == RequirementSource(FILES[tool], (LOCKS / tool / "expected.txt").read_text(), locked=True)


@pytest.mark.parametrize("tool", FILES)
def test_only_what_the_app_runs_with_is_installed(tool: str) -> None:
    text = read_requirements(LOCKS / tool, FILES[tool]).text
    names = {line.split("==")[0].split("[")[0].split(" ")[0] for line in text.splitlines() if line[0].isalpha()}
    assert {"flask", "werkzeug", "requests", "pysocks", "gunicorn"} <= names
    assert names.isdisjoint({"pytest", "pluggy", "sqlalchemy", "greenlet", "colorama", "small-shop"})
    assert text.count("--hash=sha256:") > 20


@pytest.mark.parametrize("name", ["requirements.txt", "requirements/base.in", "pyproject.toml"])
def test_other_files_are_left_to_be_resolved_on_the_host(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("flask\n")
    assert read_requirements(tmp_path, name) == RequirementSource(name)


def test_no_requirements_are_none() -> None:
    assert read_requirements(LOCKS, "") == RequirementSource("")


def test_a_pipfile_without_a_lock_becomes_ranges() -> None:
    found = read_requirements(LOCKS / "pipenv", "Pipfile")
    assert found.text == "flask>=3\ngunicorn\nrequests[socks]\ntomli ; python_version < '3.11'\n"
    assert not found.locked


@pytest.mark.parametrize(
    ("tool", "manifest", "before", "after"),
    [
        ("uv", "pyproject.toml", '"flask>=3"', '"flask>=3", "redis"'),
        ("pdm", "pyproject.toml", '"flask>=3"', '"flask>=3", "redis"'),
        ("poetry", "pyproject.toml", 'flask = "^3"', 'flask = "^3"\nredis = "*"'),
        ("pipenv", "Pipfile", 'flask = ">=3"', 'flask = ">=3"\nredis = "*"'),
    ],
)
def test_a_lock_older_than_its_manifest_is_refused(
    copy: Path, tool: str, manifest: str, before: str, after: str
) -> None:
    path = copy / tool / manifest
    path.write_text(path.read_text().replace(before, after))
    with pytest.raises(ConfigError, match=f"the lock is older than {manifest}: it lacks redis") as error:
        read_requirements(copy / tool, FILES[tool])
    assert error.value.place == FILES[tool]
    assert f"`{tool} lock`" in error.value.remedy


@pytest.mark.parametrize(
    ("after", "fact"),
    [
        ('"flask>=3.1"', "it has flask>=3, not flask>=3.1"),
        ("", "flask is not required any more"),
    ],
)
def test_uv_tells_of_a_changed_or_dropped_requirement_too(copy: Path, after: str, fact: str) -> None:
    path = copy / "uv" / "pyproject.toml"
    path.write_text(path.read_text().replace('"flask>=3",', f"{after}," if after else ""))
    with pytest.raises(ConfigError, match=fact):
        read_requirements(copy / "uv", "uv.lock")


def test_a_lock_without_its_manifest_is_taken_at_its_word(copy: Path) -> None:
    (copy / "uv" / "pyproject.toml").unlink()
    assert read_requirements(copy / "uv", "uv.lock").locked


def test_dependencies_that_a_build_backend_works_out_are_not_compared(copy: Path) -> None:
    (copy / "uv" / "pyproject.toml").write_text('[project]\nname = "small-shop"\ndynamic = ["dependencies"]\n')
    assert read_requirements(copy / "uv", "uv.lock").locked


UV = 'version = 1\n[[package]]\nname = "a"\nsource = {{ virtual = "." }}\ndependencies = [{{ name = "b" }}]\n{}'


def uv_lock(folder: Path, source: str, more: str = "") -> Path:
    (folder / "uv.lock").write_text(UV.format(f'[[package]]\nname = "b"\nversion = "1"\nsource = {source}\n{more}'))
    return folder


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ('{ git = "https://git.example/b.git?rev=main#0123abc" }', "b @ git+https://git.example/b.git@0123abc"),
        (
            '{ git = "https://git.example/b?subdirectory=py#01" }',
            "b @ git+https://git.example/b@01#subdirectory=py",
        ),
        ('{ url = "https://files.example/b-1.whl" }', "b @ https://files.example/b-1.whl"),
    ],
)
def test_git_and_url_dependencies_are_pinned(tmp_path: Path, source: str, line: str) -> None:
    assert read_requirements(uv_lock(tmp_path, source), "uv.lock").text == f"{line}\n"


@pytest.mark.parametrize(
    ("source", "fact"),
    [
        ('{ editable = "libs/b" }', "b comes from a folder or file of this machine"),
        ('{ path = "b-1.whl" }', "b comes from a folder or file of this machine"),
        ('{ registry = "wheels" }', "b comes from a folder or file of this machine"),
        ('{ git = "https://user:hunter2@git.example/b#01" }', "an address here holds a password"),
    ],
)
def test_what_a_host_cannot_get_is_refused_with_its_line(tmp_path: Path, source: str, fact: str) -> None:
    with pytest.raises(ConfigError, match=fact) as error:
        read_requirements(uv_lock(tmp_path, source), "uv.lock")
    assert error.value.place == "uv.lock:6"
    assert "hunter2" not in str(vars(error.value))


def test_an_index_that_the_project_names_is_named_on_the_host(tmp_path: Path) -> None:
    uv_lock(tmp_path, '{ registry = "https://own.example/simple" }')
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = []\n[[tool.uv.index]]\nurl = "https://own.example/simple"\n'
    )
    text = read_requirements(tmp_path, "uv.lock").text
    assert text == "--extra-index-url https://own.example/simple\nb==1\n"


def test_packages_that_need_each_other_are_walked_once(tmp_path: Path) -> None:
    uv_lock(tmp_path, '{ registry = "https://index.example" }', 'dependencies = [{ name = "b" }]\n')
    assert read_requirements(tmp_path, "uv.lock").text == "b==1\n"


@pytest.mark.parametrize(
    ("name", "text", "fact", "place"),
    [
        ("uv.lock", "version = 2\n", "this version of the lock's form is unknown", "uv.lock"),
        ("uv.lock", "version = 1\n", "for no project of its own folder", "uv.lock"),
        ("uv.lock", "version = 1\nconflicts = [[{}]]\n", "conflicting extras", "uv.lock:2"),
        ("uv.lock", UV.format(""), "b is needed and not in the lock", "uv.lock:2"),
        ("uv.lock", "<<<<<<<\n", "this is not TOML", "uv.lock:1"),
        ("poetry.lock", '[metadata]\nlock-version = "2.0"\n', "a lock of Poetry 1", "poetry.lock:2"),
        ("pdm.lock", "[metadata]\nstrategy = []\n", "does not say which packages", "pdm.lock:1"),
        ("Pipfile.lock", '{\n"default": }', "this is not JSON", "Pipfile.lock:2"),
        ("Pipfile.lock", "{}", "no section `default`", "Pipfile.lock"),
        ("Pipfile", '[packages]\n\nb = {path = "."}\n', "b comes from a folder", "Pipfile:3"),
    ],
)
def test_a_lock_that_cannot_be_used_says_why(tmp_path: Path, name: str, text: str, fact: str, place: str) -> None:
    (tmp_path / name).write_text(text.replace("{{", "{").replace("}}", "}"))
    with pytest.raises(ConfigError, match=fact) as error:
        read_requirements(tmp_path, name)
    assert error.value.place == place
    assert error.value.remedy
