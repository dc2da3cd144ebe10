"""No request is lost: twenty releases, a change of settings and a rollback, at saturation and at a steady rate."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from seawall.traffic import TrafficPlan, TrafficProcess

from .machine import Host
from .product import Project, certificate_file, tiny_project, visit

DOMAIN = "tiny.example.com"
DEPLOYMENTS = 20


@dataclass(frozen=True)
class Served:
    host: Host
    project: Project


@pytest.fixture(scope="module")
def served(module_host: Host, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Served:
    """An app without limits: all this traffic comes from one address."""
    project = tiny_project(
        tmp_path_factory.mktemp("traffic"),
        ssh_environment,
        module_host.name,
        env={"COLOUR": "red"},
        limits={"rate": "", "connections": 0},
    )
    project.deploy()
    return Served(module_host, project)


def change_everything(project: Project, prefix: str) -> None:
    """Twenty releases of code, one of settings, and the way back from it."""
    for number in range(DEPLOYMENTS):
        project.release(f"{prefix}-{number}")
        project.deploy()
    project.configure(server={"workers": 2}, env={"COLOUR": prefix})
    project.deploy()
    project.seawall("rollback")
    project.configure(server={"workers": 1}, env={"COLOUR": "red"})


def test_at_a_steady_rate_no_request_is_lost(served: Served) -> None:
    trusted = certificate_file(served.host, served.project.directory.parent)
    plan = TrafficPlan(
        f"https://{DOMAIN}/",
        rate=200,
        ca_file=str(trusted),
        resolve_to=served.host.address,
        mark=r"version (\S+)",
        timeout=30,
    )
    with TrafficProcess.start(plan) as traffic:
        change_everything(served.project, "steady")
        report = traffic.stop()
    assert report.failed == 0, report.failures
    seen = {mark.name for mark in report.marks}
    assert {"one", *(f"steady-{number}" for number in range(DEPLOYMENTS))} <= seen
    assert visit(served.host).text == f"version steady-{DEPLOYMENTS - 1}"


def test_at_saturation_no_request_is_lost(served: Served) -> None:
    wrk = shutil.which("wrk")
    assert wrk, "this test needs wrk: run tools/install-test-tools"
    # A worker without threads takes one request at a time: all others wait in the socket's queue, whichever release.
    # And wrk asks for an address in the handshake, which sites with names refuse.
    served.project.configure(server={"threads": 1}, domains=None)
    served.project.deploy()
    load = [wrk, "-t2", "-c32", "-d600s", "--timeout", "30s", f"https://{served.host.address}/"]
    with subprocess.Popen(load, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            change_everything(served.project, "saturated")
        finally:
            process.send_signal(2)
            said, _ = process.communicate(timeout=60)
    answered = re.search(r"(\d+) requests in", said)
    assert answered, said
    assert int(answered[1]) > 1000, said
    assert "Socket errors" not in said, said
    assert "Non-2xx" not in said, said
    assert visit(served.host, domain=served.host.address).text == f"version saturated-{DEPLOYMENTS - 1}"
