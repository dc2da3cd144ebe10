"""A wrong clock on the person's machine: nothing that seawall decides depends on what time it is there."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from . import clock
from .machine import Host
from .product import Project, tiny_project, visit

YEARS = 10 * 365 * 86400


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clock.library(tmp_path_factory.mktemp("clock"))


@pytest.fixture
def project(warm_host: Host, ssh_environment: Mapping[str, str], tmp_path: Path) -> Project:
    return tiny_project(tmp_path, ssh_environment, warm_host.name)


def test_releases_made_with_wrong_clocks_of_the_person_keep_their_order(
    warm_host: Host, project: Project, library: Path
) -> None:
    ahead = replace(project, environment={**project.environment, **clock.at(YEARS, str(library))})
    behind = replace(project, environment={**project.environment, **clock.at(-YEARS, str(library))})
    ahead.deploy()
    project.release("two")
    behind.deploy()
    assert visit(warm_host).text == "version two"
    project.release("three")
    project.deploy()
    assert [line["id"] for line in project.seawall("releases", "--json").json["releases"]] == ["v3", "v2", "v1"]
    behind.seawall("rollback")
    assert visit(warm_host).text == "version two"
