"""What is added to the units of front servers, judged by systemd."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from seawall.agent.converge import DROP_IN
from seawall.agent.vocabulary import File
from seawall.config.model import Project
from seawall.stack import front_unit
from stack import place
from stack.cases import BOOKWORM, project

#: The part of Debian's unit that matters here.
UNIT = "[Unit]\nDescription=a web server\n[Service]\nType=forking\nPIDFile=/run/nginx.pid\nExecStart=/bin/true\n"


FRONTS = pytest.mark.parametrize("kind", ["nginx", "apache"])


def drop_in(kind: str = "nginx", made: Project | None = None, needs: tuple[str, ...] = ()) -> str:
    facts = replace(BOOKWORM, nginx_needs=needs, apache_needs=needs)
    (file,) = (item for item in getattr(front_unit, kind)(made or project(), facts) if isinstance(item, File))
    assert DROP_IN.match(file.path)
    return file.content


def unit_with(text: str, folder: Path) -> str:
    (folder / "web.service.d").mkdir()
    (folder / "web.service").write_text(UNIT)
    (folder / "web.service.d/10-seawall.conf").write_text(text)
    return str(folder / "web.service")


@FRONTS
@pytest.mark.parametrize("needs", [(), ("home", "tmp", "jit")])
def test_systemd_knows_every_line(needs: tuple[str, ...], kind: str, tmp_path: Path) -> None:
    unit = unit_with(drop_in(kind, needs=needs), tmp_path)
    command = [place.needed("systemd-analyze"), "verify", "--man=no", "--recursive-errors=one", unit]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@FRONTS
def test_systemd_finds_little_exposed_for_a_service_that_starts_as_root(kind: str, tmp_path: Path) -> None:
    unit = tmp_path / "web.service"
    unit.write_text(f"{UNIT}{drop_in(kind)}")
    command = [place.needed("systemd-analyze"), "security", "--offline=yes", "--no-pager", str(unit)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"exposure level for \S+: ([\d.]+) ", said)
    assert found, said
    assert float(found[1]) <= 2.8


@FRONTS
@pytest.mark.parametrize(
    ("need", "line"), [("home", "ProtectHome=yes"), ("tmp", "PrivateTmp=yes"), ("jit", "MemoryDenyWriteExecute=yes")]
)
def test_what_a_site_of_the_host_uses_is_left_to_its_front_server(need: str, line: str, kind: str) -> None:
    before, after = drop_in(kind).splitlines(), drop_in(kind, needs=(need,)).splitlines()
    assert line in before
    assert [item for item in before if item not in after] == [line]


def test_a_certificate_in_a_home_stays_in_reach() -> None:
    tls = {"mode": "files", "certificate": "/home/ada/chain.pem", "key": "/etc/ssl/private/key.pem"}
    assert "ProtectHome" not in drop_in(made=project(tls=tls))


def test_a_fresh_apache_does_not_start_before_a_site_of_ours_is_there() -> None:
    assert "ConditionPathExists=/etc/apache2/conf-enabled/seawall.conf" in drop_in("apache").splitlines()
    assert "Condition" not in drop_in("nginx")
