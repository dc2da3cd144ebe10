"""Every app server behind every front server under every process manager, led through one after the other on one host.

`SEAWALL_WRITE_PAGE=1 pytest tests/hosts/test_combinations.py` writes the page that the last test compares.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from seawall.traffic import TrafficPlan, TrafficProcess

from .combinations import ALL, PAGE, Combination, page
from .conftest import BootHost
from .image import WARM_PACKAGES
from .machine import Host
from .product import Project, certificate_file, tiny_project, visit

#: The same pages by both interfaces, so that one project can change from one to the other.
APP = """\
from flask import Flask

VERSION = "none"
app = Flask(__name__)


@app.get("/")
def index():
    return f"version {VERSION}"


@app.get("/health")
def health():
    return "well"


async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    text = f"version {VERSION}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": text})
"""
ENTRIES = {"wsgi": "app:app", "asgi": "app:asgi"}


@dataclass
class Walk:
    """One host and its project, and how far it was led."""

    host: Host
    project: Project
    front: str = ""
    passed: list[Combination] = field(default_factory=list)

    def configure(self, wanted: Combination) -> None:
        self.project.configure(
            app={"entry": ENTRIES[wanted.interface], "interface": wanted.interface},
            server={"kind": wanted.server},
            proxy={"kind": wanted.front},
            process={"manager": wanted.manager},
        )

    def release(self, word: str) -> None:
        self.project.release(word)
        self.project.deploy()
        assert visit(self.host).text == f"version {word}"


@pytest.fixture(scope="module")
def walk(
    boot_module_host: BootHost, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Walk:
    host = boot_module_host(packages=WARM_PACKAGES)
    project = tiny_project(
        tmp_path_factory.mktemp("combinations"),
        ssh_environment,
        host.name,
        limits={"rate": "", "connections": 0},  # all this traffic comes from one address
    )
    project.write("app.py", APP)
    return Walk(host, project)


@pytest.mark.parametrize("wanted", ALL, ids=str)
def test_each_combination_takes_over_from_the_one_before_and_releases_without_losing_a_request(
    walk: Walk, wanted: Combination
) -> None:
    walk.configure(wanted)
    number = len(walk.passed)
    if walk.front != wanted.front:
        walk.release(f"front-{number}")
        walk.front = wanted.front
    trusted = certificate_file(walk.host, walk.project.directory.parent)
    visitors = TrafficPlan(
        "https://tiny.example.com/",
        rate=200,
        ca_file=str(trusted),
        resolve_to=walk.host.address,
        mark=r"version (\S+)",
        timeout=30,
    )
    with TrafficProcess.start(visitors) as traffic:
        walk.release(f"switch-{number}")
        walk.release(f"again-{number}")
        report = traffic.stop()
    assert report.failed == 0, report.failures
    assert {f"switch-{number}", f"again-{number}"} <= {mark.name for mark in report.marks}
    walk.passed.append(wanted)


def test_the_page_says_what_was_seen(walk: Walk) -> None:
    if os.environ.get("SEAWALL_WRITE_PAGE"):
        PAGE.write_text(page(walk.passed))
    assert PAGE.read_text() == page(walk.passed)
