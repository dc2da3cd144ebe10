"""`deploy` goes through the production checklist before it changes anything."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from .machine import Host
from .product import TINY_APP, Project, tiny_project, visit


@pytest.fixture
def project(module_host: Host, ssh_environment: Mapping[str, str], tmp_path: Path) -> Project:
    return tiny_project(tmp_path, ssh_environment, module_host.name)


def test_an_error_of_the_checklist_stops_a_deployment_until_it_is_mended_or_skipped(
    project: Project, module_host: Host
) -> None:
    project.write("app.py", TINY_APP + "\napp.debug = True\n")
    refused = project.deploy(check=False)
    assert refused.code == 1
    assert "app.py" in refused.err
    assert "SW101" in refused.err
    assert "nothing was changed" in refused.err
    assert "tiny" not in module_host.run(["ls", "/srv"]).stdout

    unknown = project.deploy("--skip-check", "SW999", check=False)
    assert unknown.code == 2

    assert project.deploy("--skip-check", "SW101").code == 0
    assert visit(module_host).text == "version one"
