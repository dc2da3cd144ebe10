"""The first deployment on a server, and the ones that change nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from verifiers import exposure

from .conftest import BootHost
from .machine import Host
from .product import Project, Result, tiny_project, visit


@dataclass(frozen=True)
class FirstDeployment:
    host: Host
    project: Project
    plan: Result
    deployed: Result


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def first(
    request: pytest.FixtureRequest,
    boot_module_host: BootHost,
    ssh_environment: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> FirstDeployment:
    """A bare host of each suite, planned for and deployed to once."""
    host = boot_module_host(suite=request.param)
    project = tiny_project(tmp_path_factory.mktemp(request.param), ssh_environment, host.name)
    plan = project.seawall("plan", "--exit-code", check=False)
    return FirstDeployment(host, project, plan, project.deploy())


def test_the_plan_of_a_bare_host_names_packages_users_files_and_the_release(first: FirstDeployment) -> None:
    assert first.plan.code == 3
    for word in ("nginx", "seawall-build", "/etc/nginx/sites-available/seawall-tiny.conf", "app.py"):
        assert word in first.plan.out


def test_https_answers_through_nginx_under_the_projects_name(first: FirstDeployment) -> None:
    assert first.deployed.code == 0
    answer = visit(first.host)
    assert answer.text == "version one"
    assert answer.headers["server"] == "nginx"


def test_plain_http_leads_to_https(first: FirstDeployment) -> None:
    answer = visit(first.host, "/page?a=1", scheme="http")
    assert answer.status_code == 301
    assert answer.headers["location"] == "https://tiny.example.com/page?a=1"


def test_right_after_a_deployment_the_plan_is_empty(first: FirstDeployment) -> None:
    assert first.project.seawall("plan", "--exit-code").code == 0


def test_a_deployment_of_the_same_says_that_there_is_nothing_to_do(first: FirstDeployment) -> None:
    again = first.project.deploy()
    assert "nothing to do" in again.said.lower()
    assert first.project.live() == "v1"


def test_a_change_makes_the_plan_exit_with_3_and_changes_nothing(first: FirstDeployment) -> None:
    app = first.project.directory / "app.py"
    before = app.read_text()
    first.project.release("two")
    try:
        plan = first.project.seawall("plan", "--exit-code", check=False)
    finally:
        app.write_text(before)
    assert plan.code == 3
    assert "app.py" in plan.out
    assert visit(first.host).text == "version one"


#: What is asked of the site, by the host's own openssl, and whether there is an answer.
HANDSHAKES = {
    "-tls1_1 -cipher DEFAULT@SECLEVEL=0": False,
    "-tls1_2 -cipher AES128-GCM-SHA256": False,
    "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256": False,
    "-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256": True,
    "-tls1_3 -groups P-521": False,
    "-tls1_3 -groups X25519": True,
}


@pytest.mark.parametrize("words", HANDSHAKES)
def test_a_handshake_is_made_by_todays_rules_whatever_the_distribution_says(first: FirstDeployment, words: str) -> None:
    assert handshake(first.host, words) is HANDSHAKES[words]


def test_the_key_exchange_that_quantum_computers_do_not_break_is_there_where_openssl_has_it(
    first: FirstDeployment,
) -> None:
    new = "Debian GNU/Linux 13" in first.host.read_file("/etc/os-release")
    assert handshake(first.host, "-tls1_3 -groups X25519MLKEM768") is new


def handshake(host: Host, words: str) -> bool:
    """Whether the site agrees to a connection of this kind."""
    where = ["-connect", "127.0.0.1:443", "-servername", "tiny.example.com"]
    done = host.run(["openssl", "s_client", *where, *words.split()], stdin="", check=False)
    return done.returncode == 0 and "Cipher is (NONE)" not in done.stdout


def test_the_app_and_nginx_are_in_their_sandboxes_from_their_first_start(first: FirstDeployment) -> None:
    assert exposure.scan(first.host, f"seawall-tiny@{first.project.live()}.service").level <= 1.5
    assert exposure.scan(first.host, "nginx.service").level <= 2.8
    main = first.host.run(["systemctl", "show", "-P", "MainPID", "nginx"]).stdout.strip()
    assert "NoNewPrivs:\t1" in first.host.read_file(f"/proc/{main}/status")
