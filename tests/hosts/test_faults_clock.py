"""A wrong clock, the person's or the host's: nothing that seawall decides depends on what time it is."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from .commands import run
from .machine import Host
from .product import Project, tiny_project, visit

YEARS = 10 * 365 * 86400
ON_HOST = "/usr/local/lib/clock.so"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What makes clocks wrong."""
    made = tmp_path_factory.mktemp("clock") / "clock.so"
    run(["gcc", "-shared", "-fPIC", "-O2", "-o", str(made), str(Path(__file__).with_name("clock.c"))])
    return made


@pytest.fixture
def project(warm_host: Host, ssh_environment: Mapping[str, str], tmp_path: Path) -> Project:
    return tiny_project(tmp_path, ssh_environment, warm_host.name)


def at(shift: int, library: str) -> dict[str, str]:
    """The environment of a process whose clock is wrong by `shift` seconds."""
    return {"LD_PRELOAD": library, "CLOCK_SHIFT": str(shift)}


def test_releases_made_with_wrong_clocks_of_the_person_keep_their_order(
    warm_host: Host, project: Project, library: Path
) -> None:
    ahead = replace(project, environment={**project.environment, **at(YEARS, str(library))})
    behind = replace(project, environment={**project.environment, **at(-YEARS, str(library))})
    ahead.deploy()
    project.release("two")
    behind.deploy()
    assert visit(warm_host).text == "version two"
    project.release("three")
    project.deploy()
    assert [line["id"] for line in project.seawall("releases", "--json").json["releases"]] == ["v3", "v2", "v1"]
    behind.seawall("rollback")
    assert visit(warm_host).text == "version two"


@pytest.mark.parametrize("shift", [-YEARS, YEARS])
def test_a_host_whose_clock_was_wrong_goes_on_when_it_is_right_again(
    warm_host: Host, project: Project, library: Path, shift: int
) -> None:
    encoded = base64.b64encode(library.read_bytes()).decode()
    warm_host.run(["sh", "-c", f"base64 -d > {ON_HOST}"], stdin=encoded)
    warm_host.write_file("/etc/environment", "".join(f"{name}={value}\n" for name, value in at(shift, ON_HOST).items()))
    project.deploy()
    warm_host.write_file("/etc/environment", "")
    project.release("two")
    project.deploy()
    assert visit(warm_host).text == "version two"
    made = {line["id"]: line["made"] for line in project.seawall("releases", "--json").json["releases"]}
    assert (made["v1"] < made["v2"]) == (shift < 0), "the host's clock was not wrong: the test tests nothing"
