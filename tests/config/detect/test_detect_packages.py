"""Requirements, the project itself, the Python version, packages of the distribution, the number of workers."""

import tomllib

import pytest

from seawall.config.detect import Sure, detect
from seawall.config.initial import render

PYPROJECT = "[project]\nname = 'Shop.Web'\ndependencies = ['flask']\n"


@pytest.mark.parametrize(
    ("files", "best", "exact"),
    [
        ({"requirements.txt": "flask\n"}, "requirements.txt", False),
        ({"requirements.txt": "flask==3.1.0  # w\n\n# c\nrq[x] == 2.0 ; extra == '3'\n"}, "requirements.txt", True),
        ({"requirements.txt": "flask==3.*\n"}, "requirements.txt", False),
        ({"requirements.txt": "flask==3.1.0 \\\n    --hash=sha256:0\n"}, "requirements.txt", True),
        ({"requirements.txt": "-r base.txt\nrq==1\n", "base.txt": "flask==1\n"}, "requirements.txt", True),
        ({"requirements.txt": "-r base.txt\nrq==1\n", "base.txt": "flask\n"}, "requirements.txt", False),
        ({"requirements.txt": "flask\n", "uv.lock": ""}, "uv.lock", True),
        ({"requirements.txt": "flask==1\n", "poetry.lock": ""}, "poetry.lock", True),
        ({"pyproject.toml": PYPROJECT, "pdm.lock": ""}, "pdm.lock", True),
        ({"Pipfile": "[packages]\nflask = '*'\n", "Pipfile.lock": "{}"}, "Pipfile.lock", True),
        ({"Pipfile": "[packages]\nflask = '*'\n"}, "Pipfile", False),
        ({"pyproject.toml": PYPROJECT}, "pyproject.toml", False),
        ({"pyproject.toml": PYPROJECT, "requirements.txt": "flask==1\n"}, "requirements.txt", True),
        ({"requirements/dev.txt": "x\n", "requirements/production.txt": "x\n", "requirements/base.txt": "x\n"},
         "requirements/production.txt", False),
        ({"requirements-dev.txt": "x\n", "requirements-prod.txt": "x\n", "requirements.txt": "x\n"},
         "requirements-prod.txt", False),
        ({"requirements-dev.txt": "x==1\n", "requirements.txt": "x\n"}, "requirements.txt", False),
    ],
)  # fmt: skip
def test_the_most_exact_requirements_win(found, files, best, exact):
    fact = found(files).requirements
    assert (fact.best.path, fact.best.exact) == (best, exact)


def test_two_locks_cannot_be_decided(found):
    fact = found({"uv.lock": "", "poetry.lock": ""}).requirements
    assert (fact.sure, [f.path for f in fact.values]) == (Sure.SEVERAL, ["uv.lock", "poetry.lock"])


def test_without_requirements_nothing_is_made_up(found):
    fact = found({"requirements-dev.txt": "pytest\n", "pyproject.toml": "[tool.black]\n"}).requirements
    assert (fact.sure, len(fact.remarks)) == (Sure.NONE, 1)


def test_a_requirements_file_that_windows_wrote_is_remarked_on(write):
    root = write({})
    (root / "requirements.txt").write_bytes("flask==3.1.0\n".encode("utf-16"))
    fact = detect(root).requirements
    assert fact.best.exact
    assert "is UTF-16" in fact.remarks[0]


def test_a_project_file_that_is_not_toml_is_passed_over(found):
    assert found({"pyproject.toml": "[project\n", "requirements.txt": "flask\n"}).requirements.best.kind


def test_the_packages_of_a_src_layout_must_be_installed(found):
    assert found({"src/shop/__init__.py": "", "pyproject.toml": PYPROJECT}).install.sure is Sure.FOUND


def test_a_package_beside_the_project_file_need_not_be_installed(found):
    assert found({"shop/__init__.py": "", "pyproject.toml": PYPROJECT}).install.sure is Sure.NONE


def test_a_src_layout_nobody_can_install_is_remarked_on(found):
    fact = found({"src/shop/__init__.py": "", "pyproject.toml": "[tool.black]\n"}).install
    assert (fact.sure, len(fact.remarks)) == (Sure.NONE, 1)


def test_a_project_that_asks_for_its_own_version_must_be_installed(found):
    source = "from importlib.metadata import version\nV = version('{}')\n"
    assert found({"shop/__init__.py": source.format("shop-web"), "pyproject.toml": PYPROJECT}).install.best
    assert not found({"shop/__init__.py": source.format("flask"), "pyproject.toml": PYPROJECT}).install.best


@pytest.mark.parametrize(
    ("files", "version", "constraint"),
    [
        ({".python-version": "3.12.4\n"}, "3.12", "3.12.4"),
        ({"runtime.txt": "python-3.11.9\n"}, "3.11", "python-3.11.9"),
        ({"Pipfile": "[requires]\npython_version = '3.10'\n"}, "3.10", "3.10"),
        ({"pyproject.toml": "[project]\nrequires-python = '>=3.9'\n"}, None, ">=3.9"),
        ({"pyproject.toml": "[project]\nrequires-python = '==3.12.*'\n"}, "3.12", "==3.12.*"),
        ({"pyproject.toml": "[project]\nrequires-python = '~=3.9'\n"}, None, "~=3.9"),
        ({"pyproject.toml": "[tool.poetry.dependencies]\npython = '^3.10'\n"}, None, ">=3.10,<4"),
        ({"pyproject.toml": "[tool.poetry.dependencies]\npython = '~3.12'\n"}, "3.12", "==3.12.*"),
        ({".python-version": "3.13\n", "runtime.txt": "python-3.11.9\n"}, "3.13", "3.13"),
        ({"runtime.txt": "python-3.11.9\n", "pyproject.toml": "[project]\nrequires-python = '>=3.9'\n"}, "3.11",
         "python-3.11.9"),
    ],
)  # fmt: skip
def test_one_version_comes_before_a_range(found, files, version, constraint):
    python = found(files).python.best
    assert (python.version, python.constraint) == (version, constraint)


@pytest.mark.parametrize(
    ("constraint", "written"),
    [(">=3.9", False), (">=3.8,<4", False), (">=3.9,!=3.9.1", False), (">=3.11", True), ("<3.13", True),
     (">=3.10,<3.14", False), (">3.9", False), ("3.12", True), ("^3.9", True), ("*", True)],
)  # fmt: skip
def test_a_range_that_every_distribution_satisfies_need_not_be_written(found, constraint, written):
    from seawall.config.detect.python import matters

    python = found({"pyproject.toml": f"[project]\nrequires-python = '{constraint}'\n"}).python.best
    assert matters(python) is written


@pytest.mark.parametrize(
    ("url", "needed"),
    [
        ("redis://localhost:6379/0", True),
        ("redis://127.0.0.1", True),
        ("redis://localhost:7000/0", False),
        ("redis://cache.example.com:6379", False),
    ],
)
def test_redis_on_the_apps_own_machine_is_a_package_of_it(found, url, needed):
    findings = found({"config.py": f"import os\nURL = os.getenv('REDIS_URL', {url!r})\n"})
    assert findings.packages.values == (("redis-server",) if needed else ())


def test_flask_socketio_wants_one_worker(found):
    text = "from flask import Flask\nfrom flask_socketio import SocketIO\n\napp = Flask(__name__)\nio = SocketIO(app)\n"
    findings = found({"app.py": text})
    fact = findings.workers
    assert tomllib.loads(render(findings))["server"] == {"workers": 1}
    assert (fact.best, str(fact.items[0].evidence)) == (1, "app.py:5")
    assert found({"app.py": "from flask import Flask\n\napp = Flask(__name__)\n"}).workers.sure is Sure.NONE
