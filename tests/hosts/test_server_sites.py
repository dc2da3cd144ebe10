"""Several apps on one server, sites that others wrote, and a server that somebody changes by hand."""

import contextlib
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from .machine import Host
from .product import Project, tiny_project, visit, visitor

SITES = "/etc/nginx/sites-enabled"
OURS = f"{SITES}/seawall-first.conf"
AVAILABLE = "/etc/nginx/sites-available/seawall-first.conf"
ONE, TWO = "first.example.com", "second.example.com"


@dataclass(frozen=True)
class Neighbours:
    host: Host
    first: Project
    second: Project


@pytest.fixture(scope="module")
def neighbours(
    module_host: Host, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Neighbours:
    """Two apps on one host, and a page that has nothing to do with them."""
    module_host.write_file("/srv/page/index.html", "by hand\n")
    page = "server { listen 80; server_name page.example.com; root /srv/page; }\n"
    module_host.write_file(f"{SITES}/page", page)
    projects = [
        tiny_project(tmp_path_factory.mktemp(name), ssh_environment, module_host.name, name=name)
        for name in ("first", "second")
    ]
    for project in projects:
        project.release(f"of {project.directory.parent.name[:-1]}")
        project.deploy()
    return Neighbours(module_host, *projects)


@pytest.fixture
def broken_site(neighbours: Neighbours) -> Iterator[str]:
    """Somebody else's site with a mistake in it."""
    path = f"{SITES}/broken"
    neighbours.host.write_file(path, "server { listen 81; server_nam typo.example.com; }\n")
    yield path
    neighbours.host.run(["rm", path])


def enabled(host: Host) -> list[str]:
    return host.run(["ls", SITES]).stdout.split()


def certificate_of(host: Host, domain: str) -> bytes:
    """What a visitor of `domain` is shown, trusted or not."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection((host.address, 443)) as plain,
        trusting.wrap_socket(plain, server_hostname=domain) as wrapped,
    ):
        return wrapped.getpeercert(binary_form=True) or b""


def not_served(host: Host, name: str) -> bool:
    """Whether nothing at all comes back to a visitor who asks for this name, whatever certificate is shown."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    plain = socket.create_connection((host.address, 443), 20)
    with (
        contextlib.suppress(ConnectionResetError, ssl.SSLError),
        context.wrap_socket(plain, server_hostname=name) as site,
    ):
        site.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        return site.recv(1) == b""
    return True


def test_apps_side_by_side_answer_each_under_its_own_name(neighbours: Neighbours) -> None:
    assert visit(neighbours.host, domain=ONE).text == "version of first"
    assert visit(neighbours.host, domain=TWO).text == "version of second"
    assert visit(neighbours.host, domain="page.example.com", scheme="http").text == "by hand\n"


def test_apps_side_by_side_cannot_read_one_another(neighbours: Neighbours) -> None:
    for user, seen in (("second", True), ("first", False)):
        read = ["env", "--chdir=/", "runuser", "-u", user, "--", "cat", "/srv/second/live/code/app.py"]
        assert ("of second" in neighbours.host.run(read, check=False).stdout) is seen


def test_a_domain_of_another_app_is_refused_and_the_site_is_named(neighbours: Neighbours) -> None:
    neighbours.second.configure(domains=[TWO, ONE])
    refused = neighbours.second.deploy(check=False)
    neighbours.second.configure(domains=[TWO])
    assert refused.code == 1
    assert ONE in refused.err
    assert OURS in refused.err
    assert "nothing was changed" in refused.err
    assert visit(neighbours.host, domain=ONE).text == "version of first"
    assert neighbours.second.seawall("plan", "--exit-code").code == 0


def test_a_domain_of_a_site_written_by_hand_is_refused_and_the_file_is_named(neighbours: Neighbours) -> None:
    neighbours.second.configure(domains=[TWO, "page.example.com"])
    refused = neighbours.second.seawall("plan", check=False)
    neighbours.second.configure(domains=[TWO])
    assert refused.code == 1
    assert f"{SITES}/page" in refused.err


def test_a_mistake_in_somebody_elses_site_is_said_to_be_theirs_and_nothing_is_left_behind(
    neighbours: Neighbours, broken_site: str
) -> None:
    host, project = neighbours.host, neighbours.first
    before = host.read_file(OURS)
    project.release("of nobody")
    project.configure(proxy={"max_body": "3m"})
    refused = project.deploy(check=False)
    project.configure(proxy=None)
    project.release("of first")
    assert refused.code == 1
    assert broken_site in refused.err
    assert "server_nam" in refused.err
    assert "not seawall's" in refused.err
    assert host.read_file(OURS) == before
    assert visit(host, domain=ONE).text == "version of first"
    assert project.seawall("plan", "--exit-code").code == 0


def test_a_first_deployment_beside_a_broken_site_leaves_no_site_of_its_own(
    neighbours: Neighbours, broken_site: str, ssh_environment: Mapping[str, str], tmp_path: Path
) -> None:
    host = neighbours.host
    before = enabled(host)
    third = tiny_project(tmp_path, ssh_environment, host.name, name="third")
    refused = third.deploy(check=False)
    assert refused.code == 1
    assert broken_site in refused.err
    assert enabled(host) == before
    assert not host.exists("/etc/nginx/sites-available/seawall-third.conf")
    assert visit(host, domain=ONE).text == "version of first"


def test_a_release_that_changes_no_site_needs_no_one_elses_site_to_be_right(
    neighbours: Neighbours, broken_site: str
) -> None:
    neighbours.first.release("of first again")
    neighbours.first.deploy()
    assert visit(neighbours.host, domain=ONE).text == "version of first again"


def test_a_change_by_hand_is_shown_as_a_diff_and_put_back(neighbours: Neighbours) -> None:
    host, project = neighbours.host, neighbours.first
    wanted = host.read_file(OURS)
    host.run(["sed", "-i", "s/max_body_size 10m/max_body_size 77m/", AVAILABLE])
    plan = project.seawall("plan", "--exit-code", check=False)
    assert plan.code == 3
    assert "-    client_max_body_size 77m;" in plan.out
    assert "+    client_max_body_size 10m;" in plan.out
    live = project.live()
    project.deploy()
    assert host.read_file(OURS) == wanted
    assert project.live() == live
    assert project.seawall("plan", "--exit-code").code == 0


def test_a_site_that_somebody_removed_and_a_service_that_somebody_stopped_come_back(neighbours: Neighbours) -> None:
    host, project = neighbours.host, neighbours.first
    host.run(["rm", OURS])
    host.run(["systemctl", "stop", "nginx"])
    plan = project.seawall("plan", "--exit-code", check=False)
    assert plan.code == 3
    assert OURS in plan.out
    project.deploy()
    assert visit(host, domain=ONE).text == "version of first again"
    assert host.run(["systemctl", "is-active", "nginx"]).stdout == "active\n"


def test_a_host_that_changes_between_the_plan_and_the_yes_is_left_alone(neighbours: Neighbours) -> None:
    host, project = neighbours.host, neighbours.first
    live = project.live()
    project.release("of a plan that was overtaken")
    with project.on_a_terminal("deploy") as terminal:
        terminal.wait_for("Deploy this?")
        host.run(["sh", "-c", f"echo '# mine' >> {AVAILABLE}"])
        changed = host.read_file(OURS)
        terminal.type("y")
        code = terminal.finish()
    assert code == 1
    assert "no longer as it was" in terminal.seen
    assert "nothing was changed" in terminal.seen
    assert host.read_file(OURS) == changed
    assert project.live() == live
    assert visit(host, domain=ONE).text == "version of first again"


def test_a_release_made_by_somebody_else_between_the_plan_and_the_yes_is_not_overwritten(
    neighbours: Neighbours,
) -> None:
    project = neighbours.second
    project.release("of the slow one")
    with project.on_a_terminal("deploy") as terminal:
        terminal.wait_for("Deploy this?")
        project.configure(env={"QUICK": "1"})
        project.deploy()
        terminal.type("y")
        code = terminal.finish()
    assert code == 1
    assert "no longer as it was" in terminal.seen
    assert visit(neighbours.host, "/env/QUICK", domain=TWO).text == "1"


def test_a_file_that_changes_between_the_plan_and_the_yes_is_named_and_nothing_is_released(
    neighbours: Neighbours,
) -> None:
    project = neighbours.second
    live = project.live()
    project.release("of the plan")
    with project.on_a_terminal("deploy") as terminal:
        terminal.wait_for("Deploy this?")
        project.release("of the quick one")
        terminal.type("y")
        code = terminal.finish()
    assert code == 1
    assert "'app.py' changed while it was being sent" in terminal.seen
    assert project.live() == live
    project.deploy()
    assert visit(neighbours.host, domain=TWO).text == "version of the quick one"


def test_an_environment_is_an_app_of_its_own_beside_production(neighbours: Neighbours) -> None:
    host, project = neighbours.host, neighbours.second
    staging = {"domains": ["staging.example.com"], "env": {"STAGE": "yes"}}
    project.configure(environments={"staging": staging})
    project.release("of staging")
    project.deploy("-e", "staging")
    assert visit(host, domain="staging.example.com").text == "version of staging"
    assert visit(host, "/env/STAGE", domain="staging.example.com").text == "yes"
    assert visit(host, domain=TWO).text == "version of the quick one"
    project.release("of the quick one")
    assert project.seawall("plan", "--exit-code").code == 0
    project.seawall("destroy", "-e", "staging", "--yes", "second-staging", "--with-data")
    assert visit(host, domain=TWO).text == "version of the quick one"


def test_an_app_without_domains_answers_at_the_hosts_address(
    neighbours: Neighbours, ssh_environment: Mapping[str, str], tmp_path: Path
) -> None:
    host = neighbours.host
    bare = tiny_project(tmp_path, ssh_environment, host.address, name="bare", domains=[])
    assert f"https://{host.address}" in bare.deploy().out
    assert visit(host, domain=host.address, scheme="http").headers["location"] == f"https://{host.address}/"
    with visitor(host, host.address) as client:
        assert client.get("/").text == "version one"
    assert not_served(host, "unknown.example.com")
    assert visit(host, domain=TWO).text == "version of the quick one"
    bare.configure(tls={"mode": "off"})
    bare.deploy()
    assert visit(host, domain=host.address, scheme="http").text == "version one"
    bare.configure(tls={"mode": "self-signed"})
    bare.deploy()
    bare.seawall("destroy", "--yes", "bare", "--with-data")
    assert visit(host, domain=TWO).text == "version of the quick one"
    assert not_served(host, "unknown.example.com"), "others need an answer for unknown hosts, and have one again"
    assert neighbours.second.seawall("plan", "--exit-code").code == 0


def test_a_certificate_of_ones_own_is_used_and_a_missing_one_is_named(
    neighbours: Neighbours, ssh_environment: Mapping[str, str], tmp_path: Path
) -> None:
    host, certificate, key = neighbours.host, "/etc/ssl/own/site.crt", "/etc/ssl/own/site.key"
    own = tiny_project(tmp_path, ssh_environment, host.name, name="own")
    own.configure(tls={"mode": "files", "certificate": certificate, "key": key})
    refused = own.deploy(check=False)
    assert refused.code == 1
    assert certificate in refused.err
    assert not host.exists(f"{SITES}/seawall-own.conf")
    make = "mkdir /etc/ssl/own && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9"
    names = "-subj /CN=own -addext subjectAltName=DNS:own.example.com"
    host.run(["sh", "-c", f"{make} {names} -out {certificate} -keyout {key}"])
    own.deploy()
    assert certificate_of(host, "own.example.com") == ssl.PEM_cert_to_DER_cert(host.read_file(certificate))
    own.seawall("destroy", "--yes", "own", "--with-data")
    assert host.exists(certificate)


def test_no_is_taken_for_an_answer(neighbours: Neighbours) -> None:
    project = neighbours.second
    live = project.live()
    project.release("unwanted")
    with project.on_a_terminal("deploy") as terminal:
        terminal.wait_for("Deploy this?")
        terminal.type("n")
        assert terminal.finish() == 1
    assert "nothing was changed" in terminal.seen
    project.release("of the quick one")
    assert project.live() == live


def test_without_a_terminal_a_deployment_wants_a_yes(neighbours: Neighbours) -> None:
    refused = neighbours.second.seawall("deploy", check=False)
    assert refused.code == 2
    assert "--yes" in refused.err


def test_destroying_one_app_leaves_the_others_as_they_are(neighbours: Neighbours) -> None:
    host = neighbours.host
    second = host.run(["sh", "-c", "cat /etc/nginx/sites-available/seawall-second.conf; ls -lR /srv/second"]).stdout
    neighbours.first.seawall("destroy", "--yes", "first")
    assert visit(host, domain=TWO).text == "version of the quick one"
    assert visit(host, domain="page.example.com", scheme="http").text == "by hand\n"
    after = host.run(["sh", "-c", "cat /etc/nginx/sites-available/seawall-second.conf; ls -lR /srv/second"]).stdout
    assert after == second
    assert enabled(host) == ["page", "seawall-second.conf"]
    assert neighbours.second.seawall("plan", "--exit-code").code == 0
    neighbours.second.release("after")
    neighbours.second.deploy()
    assert visit(host, domain=TWO).text == "version after"
