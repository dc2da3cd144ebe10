"""Without nginx, the tool's own front: the same switch, the same static files, the same maintenance."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.site import Site, new_site
from seawall.operations import hosts
from seawall.operations.rollback import rollback
from seawall.operations.stop import set_maintenance
from seawall.traffic import TrafficProcess


@pytest.fixture
def without_nginx(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(hosts, "_nginx", str)
    site = new_site()
    try:
        yield site
    finally:
        site.end()


def test_without_nginx_the_tools_own_front_serves_and_switches(without_nginx: Site) -> None:
    site = without_nginx
    with site.plan() as plan:
        assert any("no nginx" in note for note in plan.notes)
    site.deploy()
    assert site.says() == "one"
    assert site.get("/static/style.css") == (200, "one")
    assert site.get("/static/../../../../../../../etc/passwd")[0] == 404
    with TrafficProcess.start(site.traffic()) as traffic:
        site.version("two")
        site.write("static/style.css", "two")
        site.deploy()
        assert site.get("/static/style.css") == (200, "two")
        site.do(rollback)
        report = traffic.stop()
    assert report.failed == 0, report.failures
    assert {mark.name for mark in report.marks} == {"one", "two"}
    with site.hosts() as connected:
        set_maintenance(connected, on=True)
        assert site.get()[0] == 503
        set_maintenance(connected, on=False)
    assert site.says() == "one"
