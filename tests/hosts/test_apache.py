"""Apache in front of an app: what it takes over from nginx, what it adds and refuses, and the way back.

The tests go through a site's life in order, on one host: each begins where the one before it ended.
"""

import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from seawall.traffic import Report, Request, TrafficPlan, TrafficProcess

from .machine import Host
from .product import Project, Result, certificate_file, eventually, tiny_project, visit, visitor
from .test_front_security import VIEWS, answer, connected

DOMAIN = "tiny.example.com"
MINE = "/etc/nginx/sites-enabled/seawall-tiny.conf"
#: What a visitor meets while one program gives the ports to another.
HANDING_OVER = re.compile(r"connection (refused|reset)|.*closed|.*ended")


@dataclass(frozen=True)
class Site:
    host: Host
    project: Project

    def up(self) -> list[str]:
        """The front servers that run, and those that start at boot."""
        units = ["nginx", "apache2"]
        runs = self.host.run(["systemctl", "is-active", *units], check=False).stdout.split()
        boots = self.host.run(["systemctl", "is-enabled", *units], check=False).stdout.split()
        return [f"{unit} {how}" for unit, *hows in zip(units, runs, boots, strict=True) for how in hows]

    def version(self) -> str:
        found = visit(self.host)
        return f"{found.headers['server']} {found.text}"


NGINX_UP = ["nginx active", "nginx enabled", "apache2 inactive", "apache2 disabled"]
APACHE_UP = ["nginx inactive", "nginx disabled", "apache2 active", "apache2 enabled"]


@pytest.fixture(scope="module")
def site(module_host: Host, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site that nginx serves."""
    project = tiny_project(
        tmp_path_factory.mktemp("apache"),
        ssh_environment,
        module_host.name,
        redirect_from=["www.tiny.example.com"],
        static={"/static/": "assets"},
        limits={"rate": "", "connections": 0, "routes": {"/size": {"max_body": "2k"}}},
        proxy={"max_body": "1m"},
        release={"keep": 10},
    )
    project.write("app.py", (project.directory / "app.py").read_text() + VIEWS)
    project.write("assets/style.css", "body {}\n" * 300)
    project.deploy()
    return Site(module_host, project)


@contextmanager
def visitors(site: Site, *also: Request) -> Iterator[TrafficProcess]:
    """200 requests a second, half of them over kept connections, in equal shares for the page and ``also``."""
    trusted = certificate_file(site.host, site.project.directory.parent)
    plan = TrafficPlan(
        f"https://{DOMAIN}/",
        rate=200,
        requests=(Request(), *also),
        ca_file=str(trusted),
        resolve_to=site.host.address,
        mark=r"version (\S+)",
        timeout=30,
    )
    with TrafficProcess.start(plan) as traffic:
        yield traffic


def handed_over(report: Report) -> None:
    """Tell how long nobody answered; what failed did so for want of somebody who listens."""
    times = [failure.at for failure in report.failures]
    print(f"\nnobody answered for {max(times) - min(times) if times else 0:.3f} s: {report.line()}")
    assert [failure for failure in report.failures if not HANDING_OVER.match(failure.what)] == []


def deployed_under_traffic(site: Site, *, proxy: str, version: str) -> tuple[Result, Report]:
    site.project.configure(proxy={"kind": proxy})
    site.project.release(version)
    with visitors(site) as traffic:
        done = site.project.deploy()
        return done, traffic.stop()


# --- the ports change hands


def test_an_apache_that_does_not_come_up_leaves_all_with_nginx(site: Site) -> None:
    """It takes its files, and ends over a port that somebody has, which it finds out only when it starts."""
    site.project.configure(proxy={"kind": "apache"})
    site.host.write_file("/etc/apache2/conf-enabled/theirs.conf", "Listen 22\n")
    done = site.project.deploy(check=False)
    site.host.run(["rm", "/etc/apache2/conf-enabled/theirs.conf"])
    assert (done.code, "apache2 could not start" in done.said) == (1, True)
    assert "everything is as it was; v1 is live" in done.said
    assert site.up() == NGINX_UP
    assert site.version() == "nginx version one"
    assert site.host.exists(MINE)
    assert site.host.run(["find", "/etc/apache2", "-name", "*seawall*"]).stdout == ""


def test_apache_takes_the_ports_from_nginx_in_an_ordinary_deployment(site: Site) -> None:
    done, report = deployed_under_traffic(site, proxy="apache", version="two")
    handed_over(report)
    for line in ("> stop service nginx", "> start service apache2", f"- link {MINE}"):
        assert line in done.said
    assert "limits.rate" not in done.said, "nothing was asked for that Apache cannot do"
    assert site.up() == APACHE_UP
    assert site.version() == "Apache version two"
    assert not site.host.exists(MINE)
    assert not site.host.exists("/etc/systemd/system/nginx.service.d/10-seawall.conf")
    assert not site.host.exists("/etc/apache2/sites-enabled/000-default.conf")
    assert site.project.seawall("plan", "--exit-code").code == 0


def test_releases_and_a_rollback_lose_no_request_nor_an_upload(site: Site) -> None:
    with visitors(site, Request("POST", "/size", body="x" * 500)) as traffic:
        for number in range(3):
            site.project.release(f"three-{number}")
            site.project.deploy()
        site.project.seawall("rollback")
        report = traffic.stop()
    assert (report.failed, report.retried) == (0, 0), report.failures
    assert {f"three-{number}" for number in range(3)} <= {mark.name for mark in report.marks}
    assert site.version() == "Apache version three-1"


def test_releases_of_other_servers_and_on_tcp_are_asked_as_they_want_it(site: Site) -> None:
    with visitors(site, Request("POST", "/size", body="x" * 500)) as traffic:
        for server in ({"kind": "uwsgi"}, {"kind": "gunicorn", "socket": "tcp"}, {"socket": "unix"}):
            site.project.configure(server=server)
            site.project.deploy()
        report = traffic.stop()
    assert report.failed == 0, report.failures
    site.project.configure(server={"kind": "uwsgi", "socket": "tcp"})
    assert "speaks uwsgi's own protocol on unix sockets only" in site.project.seawall("plan", check=False).err
    site.project.configure(server={"kind": "gunicorn", "socket": "unix"})


def test_a_change_of_the_site_reloads_apache_and_loses_no_request(site: Site) -> None:
    """A kept connection that Apache closes as a request comes is opened anew, as every browser does."""
    site.project.configure(headers={"other": {"X-Mark": "new"}})
    with visitors(site) as traffic:
        assert "> reload service apache2" in site.project.deploy().said
        report = traffic.stop()
    assert report.failed == 0, report.failures
    assert visit(site.host).headers["x-mark"] == "new"


# --- what visitors get


def test_visitors_are_served_as_by_nginx(site: Site) -> None:
    with visitor(site.host) as client:
        own = client.get("/own").headers
        assert own.get_list("content-security-policy") == ["default-src 'none'"]
        style = client.get("/static/style.css", headers={"Accept-Encoding": "gzip"})
        assert (style.status_code, style.headers["content-encoding"]) == (200, "gzip")
        assert client.get("/any", headers={"X-Seawall-Probe": "1"}).headers.get("x-seawall-release") is None
        assert client.post("/size", content=b"x" * 1500).text == "1500"
        assert client.post("/size", content=b"x" * 2500).status_code == 413
        assert client.get("/.env").status_code == client.get("/static/.env").status_code == 404
        assert client.get("/.well-known/security.txt").text == "the app answers GET security.txt"
    sent = visit(site.host, "/a%20b?c=d", domain=f"www.{DOMAIN}", scheme="http")
    assert (sent.status_code, sent.headers["location"]) == (301, f"https://{DOMAIN}/a%20b?c=d")


def test_strangers_names_and_methods_are_refused(site: Site) -> None:
    for name in ("unknown.example.com", None):
        with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
            connected(site.host, name)
    assert answer(socket.create_connection((site.host.address, 80)), site.host.address).startswith("HTTP/1.1 421")
    assert answer(connected(site.host, DOMAIN), "other.example.com").startswith("HTTP/1.1 421")
    assert answer(connected(site.host, DOMAIN), DOMAIN, "/any", "TRACE").startswith("HTTP/1.1 405")
    assert answer(connected(site.host, DOMAIN), DOMAIN, "/any", "TRACK").startswith("HTTP/1.1 405")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    plain = socket.create_connection((site.host.address, 443), 20)
    with context.wrap_socket(plain, server_hostname=DOMAIN) as talk:
        assert (talk.selected_alpn_protocol(), talk.version()) == ("h2", "TLSv1.3")


def test_maintenance_has_a_page_and_apache_comes_back_when_it_is_killed(site: Site) -> None:
    site.project.seawall("maintenance", "on")
    away = visit(site.host)
    site.project.seawall("maintenance", "off")
    assert (away.status_code, away.headers["retry-after"], "Back soon" in away.text) == (503, "60", True)
    site.host.run(["sh", "-c", "kill -9 $(cat /run/apache2/apache2.pid)"])
    eventually(lambda: site.host.run(["pgrep", "-x", "apache2"], check=False).returncode == 0, "Apache is up")
    eventually(lambda: site.project.seawall("status", check=False).code == 0, "the site is up")
    exposure = site.host.run(["systemd-analyze", "security", "--no-pager", "apache2"]).stdout
    assert float(re.findall(r"exposure level for \S+: ([\d.]+)", exposure)[0]) <= 2.8


# --- one front server for all apps, and the way back


def test_an_app_that_wants_another_front_server_is_refused_and_one_that_wants_the_same_fits_beside(
    site: Site, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tiny_project(tmp_path_factory.mktemp("other"), ssh_environment, site.host.name, name="other")
    done = other.seawall("plan", check=False)
    assert done.code == 2
    assert "apache2 serves another site of this host (/etc/apache2/sites-enabled/seawall-tiny.conf)" in done.err
    assert 'write "apache"' in done.err
    # As it says; and so different from the first that it would not do to share a file that either has written.
    other.configure(domains=None, proxy={"kind": "apache"}, tls={"mode": "off"})
    other.release("other")
    other.deploy()
    by_address = answer(socket.create_connection((site.host.address, 80)), site.host.address)
    assert by_address.endswith("version other")
    assert answer(socket.create_connection((site.host.address, 80)), "unknown.example.com").startswith("HTTP/1.1 421")
    assert "Nothing to do" in site.project.deploy().said
    assert site.version().startswith("Apache version")
    other.seawall("destroy", "--yes", "other")
    assert site.version().startswith("Apache version")
    assert "Nothing to do" in site.project.deploy().said


def test_a_rollback_to_a_release_of_nginxs_time_brings_nginx_back(site: Site) -> None:
    with visitors(site) as traffic:
        done = site.project.seawall("rollback", "--to", "v1")
        handed_over(traffic.stop())
    assert "nginx is the front server again" in done.said
    assert "> stop service apache2" in done.said
    assert site.up() == NGINX_UP
    assert site.version() == "nginx version one"
    assert site.host.run(["find", "/etc/apache2", "-name", "*seawall*"]).stdout == ""


def test_the_next_deployment_is_apaches_again_and_destroy_leaves_nothing_of_it(site: Site) -> None:
    site.project.release("four")
    site.project.deploy()
    assert site.version() == "Apache version four"
    site.project.seawall("destroy", "--yes", "tiny")
    assert site.up()[2:] == ["apache2 inactive", "apache2 disabled"], "it would show its welcome page"
    assert site.host.run(["find", "/etc/apache2", "/etc/systemd/system", "-name", "*seawall*"]).stdout == ""
    site.project.configure(proxy={"kind": "nginx"})
    site.project.deploy()
    assert site.version() == "nginx version four"
