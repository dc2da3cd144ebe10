"""Several hosts of one project: every host is ready before any switches, and what is once per fleet happens once."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from .conftest import BootHost
from .image import WARM_PACKAGES
from .machine import Host
from .product import Project, tiny_project, visit

MIGRATE = "sh -c 'echo migrated >> kept/migrations'"


@pytest.fixture(scope="module")
def hosts(boot_module_host: BootHost) -> list[Host]:
    return [boot_module_host(packages=WARM_PACKAGES) for _ in range(2)]


@pytest.fixture(scope="module")
def project(hosts: list[Host], ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = tiny_project(
        tmp_path_factory.mktemp("fleet"),
        ssh_environment,
        *(host.name for host in hosts),
        app={"persist": ["kept"]},
        release={"migrate": MIGRATE},
    )
    made.deploy()
    return made


def answers(hosts: list[Host]) -> list[str]:
    return [visit(host).text for host in hosts]


def test_a_release_gets_the_same_id_on_every_host(project: Project, hosts: list[Host]) -> None:
    lines = project.seawall("releases", "--json").json["releases"]
    assert sorted((line["host"], line["id"]) for line in lines) == sorted((host.name, "v1") for host in hosts)
    assert answers(hosts) == ["version one"] * 2


def test_the_migration_runs_on_one_host_only(project: Project, hosts: list[Host]) -> None:
    ran = [host.exists("/srv/tiny/data/kept/migrations") for host in hosts]
    assert ran == [True, False]


def test_if_one_host_cannot_prepare_no_host_switches(project: Project, hosts: list[Host], tmp_path: Path) -> None:
    """The second host refuses the release; the first had prepared it and takes it back."""
    text = (project.directory / "app.py").read_text()
    project.write(
        "app.py", f"import os\nif os.uname().nodename == {hosts[1].name!r}: raise RuntimeError('not here')\n{text}"
    )
    project.release("two")
    refused = project.deploy(check=False)
    assert refused.code == 1
    assert "no host has switched" in refused.said
    assert hosts[1].name in refused.said
    assert answers(hosts) == ["version one"] * 2
    for host in hosts:
        units = host.run(["sh", "-c", "ls /etc/systemd/system | grep seawall-tiny@"]).stdout
        assert set(units.split()) == {"seawall-tiny@v1.service", "seawall-tiny@v1.socket"}
    project.write("app.py", text)


def test_the_next_deploy_reaches_every_host(project: Project, hosts: list[Host]) -> None:
    project.release("three")
    project.deploy()
    assert answers(hosts) == ["version three"] * 2


def test_one_host_can_be_named_alone(project: Project, hosts: list[Host]) -> None:
    status = project.seawall("status", "--json", "--host", hosts[1].name).json
    assert [line["host"] for line in status["hosts"]] == [hosts[1].name]


def test_a_rollback_reaches_every_host(project: Project, hosts: list[Host]) -> None:
    project.seawall("rollback")
    assert answers(hosts) == ["version one"] * 2


def test_a_host_that_joins_later_neither_sets_up_nor_migrates(
    hosts: list[Host], ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The first host has done both for this release; to set up twice could empty a database that they share."""
    first, later = hosts
    project = tiny_project(
        tmp_path_factory.mktemp("joining"),
        ssh_environment,
        first.name,
        name="joining",
        app={"persist": ["kept"]},
        release={"setup": "sh -c 'echo set up >> kept/setup'", "migrate": MIGRATE},
    )
    project.deploy()
    script = "cd /srv/joining/resolved; n=$(ls | grep -v constraints); echo '# by the first host' >> $n; echo $n"
    record = first.run(["sh", "-c", script])
    project.configure(hosts=[host.name for host in hosts])
    project.deploy()
    assert visit(later, domain="joining.example.com").text == "version one"
    resolved = later.read_file(f"/srv/joining/resolved/{record.stdout.strip()}")
    assert resolved.endswith("# by the first host\n"), "what the requirements came to is the same on all hosts"
    assert [host.exists("/srv/joining/data/kept/setup") for host in hosts] == [True, False]
    assert [host.exists("/srv/joining/data/kept/migrations") for host in hosts] == [True, False]
