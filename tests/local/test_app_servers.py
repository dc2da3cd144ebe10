"""Application servers on this machine, behind nginx and behind the tool's own front: a change of one loses nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.site import Site, command_of, new_site
from seawall.operations import hosts
from seawall.operations.rollback import rollback
from seawall.traffic import TrafficProcess

#: The own front speaks HTTP alone; nginx is asked for what that cannot: uwsgi's protocol, on TCP too.
WAYS = {
    "own front": ("uwsgi unix", "granian unix", "gunicorn tcp"),
    "nginx": ("uwsgi tcp", "waitress unix"),
}


@pytest.fixture(params=WAYS)
def site_and_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Site, list[str]]]:
    if request.param == "own front":
        monkeypatch.setattr(hosts, "_nginx", str)
    site = new_site()
    try:
        yield site, list(WAYS[request.param])
    finally:
        site.end()


def test_a_change_of_server_loses_nothing_here_too(site_and_way: tuple[Site, list[str]]) -> None:
    site, way = site_and_way
    site.deploy()
    with TrafficProcess.start(site.traffic()) as traffic:
        for step in way:
            kind, socket = step.split()
            site.configure("server", f'kind = "{kind}"', f'socket = "{socket}"')
            site.deploy()
            assert kind in running(site)
        site.do(rollback)
        report = traffic.stop()
    assert report.failed == 0, report.failures
    assert way[-2].split()[0] in running(site)
    assert site.says() == "one"


def running(site: Site) -> str:
    """The command lines of what runs of the live release."""
    release = f"{site.base}/releases/{site.live}/"
    return "\n".join(command for command in map(command_of, site.processes()) if release in command)
