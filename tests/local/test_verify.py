"""What was edited in a real release on this machine is found, and the remedy that is named mends it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.site import Site
from seawall.errors import HostError


def verify(site: Site, *options: str) -> dict[str, Any]:
    """What `seawall verify --json` says, and its exit code."""
    argv = [sys.executable, "-m", "seawall.cli.main", "-C", str(site.folder), "-e", "local", "verify", "--json"]
    done = subprocess.run([*argv, *options], capture_output=True, text=True, check=False)
    host = json.loads(done.stdout)["hosts"][0]
    assert done.returncode == (0 if host["well"] else 1)
    return dict(host)


def differing(site: Site, *options: str) -> set[str]:
    """The names of the files that differ."""
    found = verify(site, *options)
    areas = [*found["areas"], *(area for one in found["releases"] for area in one["areas"])]
    return {Path(one["path"]).name for area in areas for one in area["differences"]}


def test_a_release_is_as_it_was_sent_and_an_edit_of_its_code_is_mended_by_the_next_deployment(site: Site) -> None:
    assert differing(site) == set()
    app = site.base / "live/code/app.py"
    app.write_text(app.read_text().replace("VERSION one", "VERSION evil"))
    assert "app.py" in differing(site)
    site.deploy()
    assert differing(site) == set()
    assert "evil" not in (site.base / "live/code/app.py").read_text()


def test_an_edited_package_is_found_reaches_no_other_environment_and_is_made_anew(site: Site) -> None:
    venv = (site.base / "live/venv").resolve()
    (package,) = venv.glob("lib/python*/site-packages/itsdangerous/url_safe.py")
    assert package.stat().st_nlink == 1
    before = package.read_text()
    package.write_text(before + "EVIL = 1\n")
    assert differing(site) == {"url_safe.py"}
    (venv / "seawall-complete").unlink()
    site.configure("env", 'COLOUR = "blue"')
    site.deploy()
    fresh = (site.base / "live/venv").resolve()
    assert fresh.name == f"{venv.name}.2"
    assert (fresh / package.relative_to(venv)).read_text() == before
    assert differing(site) == set()


def test_a_requirement_whose_hash_is_wrong_is_refused_by_name_and_the_old_release_serves_on(site: Site) -> None:
    live = (site.base / "live").resolve()
    site.write("requirements.txt", f"flask==3.1.3 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(HostError, match=r"Hash mismatch for `flask==3\.1\.3`") as caught:
        site.deploy()
    assert "somebody exchanged the file" in caught.value.remedy
    assert (site.base / "live").resolve() == live
    assert differing(site) == set()
