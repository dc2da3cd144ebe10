"""Apps that are wrong in every way an app can be: the release before goes on serving, and the mended app works."""

import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count

import pytest

from .conftest import BootHost
from .faults import Faults, visited
from .image import WARM_PACKAGES
from .machine import Host
from .product import TINY_APP, Project, tiny_project, visit


@dataclass
class Site:
    host: Host
    project: Project
    faults: Faults
    words: Iterator[int]

    def mend(self) -> str:
        """The app as it should be, in a new version; the page it would show."""
        word = f"number-{next(self.words)}"
        self.project.write("app.py", TINY_APP)
        self.project.write("requirements.txt", "flask\n")
        self.project.configure(release={"migrate": "true"})
        self.project.release(word)
        return f"version {word}"


@pytest.fixture(scope="module")
def empty_site(
    boot_module_host: BootHost, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Site:
    """A host without any release."""
    host = boot_module_host(packages=WARM_PACKAGES)
    project = tiny_project(
        tmp_path_factory.mktemp("app"),
        ssh_environment,
        host.name,
        health={"timeout": 2, "answer_timeout": 0.5, "successes": 2},
        server={"graceful_timeout": 1},
    )
    return Site(host, project, Faults(host), count(2))


def test_a_first_release_that_fails_its_gate_leaves_nothing_that_serves(empty_site: Site) -> None:
    site = empty_site
    site.project.write("app.py", "raise RuntimeError('not today')\n")
    told = site.project.deploy(check=False)
    assert told.code == 1
    assert "RuntimeError: not today" in told.err
    assert "no release is live" in told.err
    left = site.faults.look()
    assert (left.live, left.files, left.releases, left.undo, left.nginx) == ("", [], [], False, "")
    assert not site.host.exists("/etc/nginx/sites-enabled/seawall-tiny.conf")
    page = site.mend()
    site.project.deploy()
    assert visit(site.host).text == page
    site.faults.assert_tidy(site.faults.look().live)


@pytest.fixture
def site(empty_site: Site) -> Site:
    """The host with a good release."""
    if not empty_site.faults.look().live:
        empty_site.mend()
        empty_site.project.deploy()
    return empty_site


def _code(text: str) -> Callable[[Project], None]:
    return lambda project: project.write("app.py", f"{TINY_APP}\n{text}")


def _health(answer: str) -> Callable[[Project], None]:
    def spoil(project: Project) -> None:
        project.write("app.py", TINY_APP.replace('return {"status": "ok"}', answer))

    return spoil


def _requirement(line: str) -> Callable[[Project], None]:
    return lambda project: project.write("requirements.txt", f"flask\n{line}\n")


def _migration(command: str) -> Callable[[Project], None]:
    return lambda project: project.configure(release={"migrate": command})


def _sdist_that_does_not_build(project: Project) -> None:
    folder = project.directory / "broken-1.0"
    folder.mkdir(exist_ok=True)
    (folder / "setup.py").write_text("raise SystemExit('there is no compiler for this')\n")
    (folder / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    with tarfile.open(project.directory / "broken-1.0.tar.gz", "w:gz") as archive:
        archive.add(folder, "broken-1.0")
    project.write("requirements.txt", "flask\n./broken-1.0.tar.gz\n")


WRONG = {
    "raises on import": (_code("raise RuntimeError('not today')"), "RuntimeError: not today"),
    "has a syntax error": (_code("def ("), "SyntaxError"),
    "wants a package that does not exist": (_requirement("seawall-no-such-package-8c1"), "seawall-no-such-package-8c1"),
    "wants a package that does not build": (_sdist_that_does_not_build, "there is no compiler for this"),
    "fails to migrate": (_migration("echo half way; exit 3"), "exit code 3"),
    "has a migration that does not exist": (_migration("no-such-program"), "exit code 127"),
    "is not healthy": (_health('return "ill", 500'), "answered 500"),
    "hangs": (_health('__import__("time").sleep(60)'), "did not answer within"),
    "redirects for ever": (_health('return "", 302, {"Location": "/health"}'), "a redirect to /health"),
    "wants a login": (_health('return "", 401'), "without a login"),
    "serves on a port of its own": (
        _code("import werkzeug.serving; werkzeug.serving.run_simple('127.0.0.1', 5000, app)"),
        "does it serve by itself",
    ),
    "ends at once": (_code("import os; os.kill(os.getppid(), 9)"), "does not stay up"),
    "dies right after the gate": (
        _health(
            "health.asked = getattr(health, 'asked', 0) + 1\n"
            "    if health.asked > 2: __import__('os').kill(__import__('os').getppid(), 9)\n"
            '    return "ok"'
        ),
        "after it had passed the gate",
    ),
    "dies right after the switch": (
        _health(
            "if request.headers.get('X-Seawall-Probe') or request.headers.get('X-Forwarded-Host'):\n"
            "        import threading, os\n"
            "        threading.Timer(0.005, os.kill, (os.getppid(), 9)).start()\n"
            '    return "ok"'
        ),
        "after it had passed the gate",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_an_app_that_is_wrong_costs_its_visitors_nothing(site: Site, what: str) -> None:
    live, page = site.faults.look().live, visit(site.host).text
    wanted = site.mend()
    spoil, words = WRONG[what]
    spoil(site.project)
    with visited(site.host) as seen:
        told = site.project.deploy(check=False)
        assert told.code == 1, told.said
        error = told.err[told.err.index("error: ") :]
        print(error)
        assert words.lower() in error.lower()
        others = "" if "wants a package" in what else "else "  # built before the migration begins
        assert f"  now:  everything {others}is as it was; " in error
        assert "  next: " in error
        site.faults.assert_tidy(live)
        site.project.write("app.py", TINY_APP)
        site.mend()
        site.project.release(wanted.removeprefix("version "))
        site.project.deploy()
        visit(site.host)
    spoilt = {"version one"} if what.startswith("dies") else set()  # such an app is well for a moment
    assert set(seen.answers) <= {page, wanted, *spoilt}
    assert visit(site.host).text == wanted
