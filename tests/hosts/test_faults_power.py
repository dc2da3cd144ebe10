"""The power fails in the middle of a deployment. What was not on the disk is gone; the host boots by itself.

Without any command the site must answer again, wholly as before or wholly as after, and the next deployment must work.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count

import pytest

from .conftest import BootHost
from .faults import Faults, deployed
from .image import WARM_PACKAGES
from .machine import Host
from .product import Project, tiny_project, visit

BIG_MODULE = '"""Long enough to need blocks of its own."""\nVALUE = """\n' + "x" * 100_000 + '\n"""\n'
#: More than one frame, bytes.
LENGTH = 2_500_000
#: Milliseconds after the commit has begun.
OFFSETS = (0, 5, 10, 20, 40, 80, 150)


@dataclass
class Site:
    """A deployed app whose page needs a module, a static file and a package; and a new version of all of them."""

    host: Host
    project: Project
    faults: Faults
    words: Iterator[int]

    def change(self) -> str:
        """A new version in all that a release is made of; the page it would show."""
        word = f"number-{next(self.words)}"
        self.project.write("static/word.txt", f"{word} {'x' * LENGTH}")
        self.project.write("part.py", f"{BIG_MODULE}WORD = {word!r}\n")
        self.project.release(word)
        self.project.configure(proxy={"max_body": f"{next(self.words)}m"}, env={"WORD": word})
        return word

    def shows(self) -> str:
        """The one word that all parts of the site agree on."""
        page, variable = visit(self.host).text, visit(self.host, "/env/WORD").text
        static = visit(self.host, "/static/word.txt").text
        words = {page.removeprefix("version "), variable, static.split(" ", 1)[0], visit(self.host, "/part").text}
        assert len(words) == 1, words
        assert static.endswith("x" * LENGTH)
        return words.pop()


@pytest.fixture(scope="module")
def site(
    boot_module_host: BootHost, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Site:
    host = boot_module_host(packages=WARM_PACKAGES)
    project = tiny_project(
        tmp_path_factory.mktemp("power"),
        ssh_environment,
        host.name,
        release={"migrate": "true"},
        static={"/static/": "static"},
    )
    app = (project.directory / "app.py").read_text()
    project.write("app.py", f'import part\n{app}\n\n@app.get("/part")\ndef in_part():\n    return part.WORD\n')
    found = Site(host, project, Faults(host), count(1))
    found.change()
    deployed(host, project)
    return found


def cut_power_at(site: Site, place: str) -> None:
    """Deploy, and lose the power at `place`, at the worst moment: the disk has the names, and not all content yet."""
    with site.faults.held(site.project, place) as process:
        site.host.run(["sh", "-c", "echo >/var/tmp/mark; sync /var/tmp/mark"])
        site.host.kill_power()
        process.kill()
        process.communicate()


def comes_back(site: Site, old: str, new: str) -> str:
    """Boot. The site is whole without a command; the next deployment works and says what it found."""
    site.host.boot()
    site.faults.disarm()
    shown = site.shows()
    assert shown in (old, new)
    assert not site.faults.look().hollow
    told = site.project.deploy()
    assert site.shows() == new
    site.faults.assert_tidy(site.faults.look().live)
    if shown == new:
        assert "nothing to do" in told.said.lower()
    return shown


@pytest.mark.parametrize(
    "place",
    [
        "store.Store.keep after",
        "converge._check before",
        "stage._settings before",
        "staged done",
        "started done",
        "gated done",
        "switched start",
        "deployment.replace_link before",
    ],
)
def test_power_lost_before_the_switch_boots_into_the_old_release(site: Site, place: str) -> None:
    old = site.shows()
    new = site.change()
    cut_power_at(site, place)
    assert comes_back(site, old, new) == old


@pytest.mark.parametrize(
    "place", ["deployment.replace_link after", "switched done", "drained start", "drained done", "pruned start"]
)
def test_power_lost_after_the_switch_boots_into_the_new_release(site: Site, place: str) -> None:
    old = site.shows()
    new = site.change()
    cut_power_at(site, place)
    assert comes_back(site, old, new) == new


@pytest.mark.parametrize("offset", OFFSETS)
def test_power_lost_around_the_switch_boots_into_one_release_wholly(site: Site, offset: int) -> None:
    old = site.shows()
    new = site.change()
    with site.faults.held(site.project, "gated done") as process:
        site.faults.release()
        time.sleep(offset / 1000)
        site.host.kill_power()
        process.kill()
        process.communicate()
    comes_back(site, old, new)


#: Compares every file of a virtual environment with what its package says of it (PEP 376, RECORD).
DIFFERENT = r"""
import base64, csv, hashlib, pathlib, sys
site = next(pathlib.Path(sys.argv[1]).resolve().glob("lib/python*/site-packages"))
for record in site.glob("*.dist-info/RECORD"):
    for path, digest, _ in csv.reader(record.open()):
        algorithm, _, value = digest.partition("=")
        if value:
            found = hashlib.new(algorithm, (site / path).read_bytes()).digest()
            if base64.urlsafe_b64encode(found).rstrip(b"=").decode() != value:
                print(path)
"""


@pytest.mark.parametrize(
    ("place", "version"),
    [("venvs._seal before", "1.15.0"), ("built start", "1.16.0"), ("uv_cache.end before", "1.17.0")],
)
def test_a_virtual_environment_that_was_being_built_is_whole_afterwards(site: Site, place: str, version: str) -> None:
    """Neither it nor the cache it is made from may hold a file that the disk never got."""
    old = site.shows()
    new = site.change()
    site.project.write("requirements.txt", f"flask\nsix=={version}\n")
    cut_power_at(site, place)
    assert comes_back(site, old, new) == old
    assert site.host.run(["python3", "-c", DIFFERENT, "/srv/tiny/live/venv"]).stdout == ""


def test_an_agent_that_was_being_unpacked_is_whole_afterwards(site: Site) -> None:
    old = site.shows()
    site.host.run(["rm", "-r", "/var/lib/seawall/agent"])
    new = site.change()
    cut_power_at(site, "begin")
    assert comes_back(site, old, new) == old
