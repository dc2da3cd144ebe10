"""Where it is measured: a warm test host, near and far, and a small project that is deployed there."""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.hosts.image import WARM_PACKAGES
from tests.hosts.lab import Lab, open_lab
from tests.hosts.machine import Host
from tests.hosts.product import SEAWALL, Project, empty_project

from bench.proxy import delayed
from bench.timing import seconds_of

#: What projects call the host; the ssh configuration says where that leads.
ALIAS = "bench"
ROUND_TRIP = 0.05  # seconds

APP = '''\
"""A small app with a quick view and a slow one."""

import time

from flask import Flask

VERSION = "version 0"
SLOW = 0.05

app = Flask(__name__)


@app.get("/")
def index():
    return VERSION


@app.get("/slow")
def slow():
    time.sleep(SLOW)
    return VERSION


@app.get("/health")
def health():
    return {"status": "ok"}
'''


@dataclass(frozen=True)
class Place:
    """A host, and a folder for projects."""

    lab: Lab
    host: Host
    folder: Path
    environment: Mapping[str, str]

    def project(self, name: str, files: int = 0, **settings: object) -> Project:
        """A project as `seawall init` sets it up, deployed; `files` more lie beside the app."""
        project = Project(empty_project(self.folder / name, self.environment).directory, self.environment)
        project.write("app.py", APP)
        project.write("requirements.txt", "flask\n")
        for number in range(files):
            project.write(f"pages/{number % 10}/page{number}.html", f"<p>page {number} of {name}</p>\n")
        project.seawall("init", "--yes", "--name", name, "--domain", f"{name}.example.com", "--host", ALIAS)
        project.configure(**settings)
        project.deploy()
        return project

    def ssh_true(self) -> float:
        """What reaching the host costs anybody: seconds of `ssh bench true`."""
        return seconds_of(["ssh", ALIAS, "true"], self.environment, self.folder)

    def seawall(self, project: Project, *args: str) -> float:
        """Seconds of `seawall ARGS` in a project's folder."""
        return seconds_of([str(SEAWALL), *args], project.environment, project.directory)

    @contextmanager
    def at_distance(self, round_trip: float) -> Iterator[None]:
        """The same host `round_trip` seconds away."""
        with delayed(self.host.address, 22, round_trip) as port:
            self.lab.client.add_route(ALIAS, self.host.name, "127.0.0.1", port)
            try:
                yield
            finally:
                self._near()

    def _near(self) -> None:
        self.lab.client.add_route(ALIAS, self.host.name, self.host.address, 22)

    @contextmanager
    def distances(self, where: str) -> Iterator[None]:
        if where == "near":
            yield
        else:
            with self.at_distance(ROUND_TRIP):
                yield


@contextmanager
def open_place(packages: Sequence[str] = WARM_PACKAGES) -> Iterator[Place]:
    """A host of its own with these packages, gone at the end."""
    with open_lab() as lab, tempfile.TemporaryDirectory(prefix="seawall-bench-") as folder:
        host = lab.boot("bench1", packages=packages)
        place = Place(lab, host, Path(folder), _environment(lab.client.environment(), Path(folder)))
        place._near()
        yield place


def _environment(ssh: Mapping[str, str], folder: Path) -> dict[str, str]:
    """A person's environment: a configuration folder of its own, and bytecode is kept."""
    own = {"XDG_CONFIG_HOME": str(folder / "config"), "HOME": str(folder), "NO_COLOR": "1"}
    left_out = ("PYTHONDONTWRITEBYTECODE", "CI")
    return {**{name: value for name, value in ssh.items() if name not in left_out}, **own}


def machine() -> dict[str, str]:
    """What it was measured on, and how busy that was."""
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    return {
        "cores": str(len(os.sched_getaffinity(0))),
        "system": release.get("PRETTY_NAME", "").strip('"'),
        "python": sys.version.split()[0],
        "load": " ".join(f"{value:.2f}" for value in os.getloadavg()),
    }
