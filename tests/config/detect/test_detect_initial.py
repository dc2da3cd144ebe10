"""The first seawall.toml, and what is said beside it."""

import tomllib
from pathlib import Path

import pytest

from seawall.config.detect import detect
from seawall.config.initial import notes, render
from seawall.config.model import Project

PROJECTS = Path(__file__).parents[2] / "projects"
GOLDEN = Path(__file__).parent / "golden"
NAMES = ("flask-tutorial", "single-file", "migrate-rq")


@pytest.mark.parametrize("name", NAMES)
def test_the_file_of_each_project_is_as_it_was_approved(name):
    assert render(detect(PROJECTS / name)) == (GOLDEN / f"{name}.toml").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_the_notes_of_each_project_are_as_they_were_approved(name):
    assert "".join(f"{note}\n" for note in notes(detect(PROJECTS / name))) == (GOLDEN / f"{name}.notes").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_a_valid_configuration_with_hosts_and_domains_given_or_not(name):
    findings = detect(PROJECTS / name)
    plain = Project(**tomllib.loads(render(findings)), directory=PROJECTS / name)
    assert (plain.hosts, plain.domains) == ((), ())
    given = tomllib.loads(render(findings, "other", hosts=["web1"], domains=["example.com"]))
    project = Project(**given, directory=PROJECTS / name)
    assert (project.name, project.hosts, project.domains) == ("other", ("web1",), ("example.com",))


def test_what_is_commented_out_beside_the_domains_is_valid_too(found):
    text = render(found({"app.py": APP}), "shop").replace("# domains", "domains").replace("# tls", "tls")
    settings = tomllib.loads(text)
    assert Project(**settings, directory=PROJECTS).tls.mode == "acme"


@pytest.mark.parametrize("name", NAMES)
def test_the_file_has_about_ten_lines_of_settings(name):
    lines = [line for line in render(detect(PROJECTS / name)).splitlines() if line and line[0] not in "#["]
    assert len(lines) <= 10


APP = "from flask import Flask\napp = Flask(__name__)\n"
DJANGO = "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n"


def test_without_an_app_the_entry_is_a_comment_and_a_note_comes_first(found):
    findings = found({"requirements.txt": "flask\n"})
    assert '# entry = "module:app"  # no app was found' in render(findings)
    assert notes(findings)[0].startswith("No app was found")


def test_of_several_apps_none_is_written_and_all_are_named(found):
    findings = found({"red.py": APP, "blue.py": APP})
    text = render(findings)
    assert "entry" not in tomllib.loads(text).get("app", {})
    assert '# entry = "blue:app"  # blue.py:2\n# entry = "red:app"  # red.py:2\n' in text
    assert notes(findings)[0] == (
        "Several apps were found and none is the obvious one: blue:app (blue.py:2), red:app (red.py:2). "
        "Keep one as app.entry."
    )


def test_of_several_locks_none_is_written(found):
    text = render(found({"app.py": APP, "uv.lock": "", "pdm.lock": ""}))
    assert '# requirements = "uv.lock"\n# requirements = "pdm.lock"\n' in text
    assert "requirements" not in tomllib.loads(text)["app"]


def test_what_was_preferred_to_what_is_never_silent(found):
    files = {
        "app.py": APP + "@app.route('/ping')\ndef a(): return ''\n@app.route('/health')\ndef b(): return ''\n",
        "aaa.py": APP,
        "requirements.txt": "flask\n",
        "uv.lock": "",
        ".python-version": "3.12\n",
        "runtime.txt": "python-3.11.1\n",
    }
    said = notes(found(files))
    assert said[:4] == [
        "app.entry is app:app (app.py:2), not aaa:app: it is in app.py or wsgi.py, where Flask itself looks.",
        "requirements is uv.lock (uv.lock:1), not requirements.txt: a lock names every version.",
        "python is 3.12 (.python-version:1), not 3.11: the file tools look at first.",
        "health.path is /health (app.py:6), not /ping: the more customary name.",
    ]


def test_every_section_is_written_and_valid(found):
    files = {
        "src/shop/__init__.py": "from fastapi import FastAPI\nimport os\napp = FastAPI()\n"
        "k = os.environ['SECRET_KEY']\n"
        "@app.get('/health')\ndef h(): return {}\nUPLOAD_FOLDER = 'up'\nm = os.environ['MAIL_SERVER']\n",
        "alembic.ini": "",
        "pyproject.toml": "[project]\nname = 'The_Shop 2'\nrequires-python = '>=3.12'\ndependencies = []\n",
        "Procfile": "clock: python -c 'print(\"x\")'\n",
    }
    text = render(found(files))
    project = Project(**tomllib.loads(text), directory=Path("shop"))
    assert project.name == "the-shop-2"
    assert project.secrets == ("SECRET_KEY",)
    assert (project.app.entry, project.app.interface, project.app.python) == ("shop:app", "asgi", ">=3.12")
    assert (project.app.requirements, project.app.install_project) == ("pyproject.toml", True)
    assert (project.app.persist, project.health.path) == (("up",), "/health")
    assert project.release.migrate == "alembic upgrade head"
    assert project.processes["clock"].command == "python -c 'print(\"x\")'"
    assert '[env]\n# MAIL_SERVER = ""  # src/shop/__init__.py:8, without a default' in text


@pytest.mark.parametrize(
    ("folder", "name"),
    [("My Shop", "my-shop"), ("2024-shop", "shop"), ("___", "app"), ("a" * 40, "a" * 31), ("Café", "caf")],
)
def test_the_name_is_one_a_host_can_use(tmp_path, folder, name):
    (tmp_path / folder).mkdir()
    assert detect(tmp_path / folder).name.best == name


def test_nothing_odd_in_the_project_can_break_the_file(found):
    files = {'we "ird\n].py': APP, 'static/"x': "", "Procfile": 'w: echo "a\\"b" \x7f \\\n'}
    text = render(found(files))
    assert tomllib.loads(text)["processes"]["w"] == 'echo "a\\"b" \x7f \\'
