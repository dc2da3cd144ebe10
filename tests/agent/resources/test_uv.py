"""uv in a virtual environment of its own, observed without running it."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.agent.errors import ApplyFailed
from seawall.agent.resources import uv
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Uv

from ..fake_programs import Programs

#: What ``python3 -m venv PLACE`` and ``PLACE/bin/python -m pip install … uv==VERSION`` leave behind.
PYTHON = """
place=$3
mkdir -p $place/bin $place/lib/python3.11/site-packages
cat > $place/bin/python <<'END'
#!/bin/sh
for last; do :; done
here=$(dirname $(dirname $0))
mkdir $here/lib/python3.11/site-packages/uv-${last#uv==}.dist-info
echo "$@" > $here/arguments
echo '#!/bin/sh' > $here/bin/uv
chmod 755 $here/bin/uv $here/bin/python
END
chmod 755 $place/bin/python
"""


def test_it_is_built_beside_its_place_and_then_found(programs: Programs, work: Work, tmp_path: Path) -> None:
    programs.add("python3", PYTHON)
    resource = Uv(str(tmp_path / "lib" / "uv"), "0.9.1")
    change = uv.diff(resource, uv.observe(resource))
    assert change is not None
    assert (change.action, change.diff) == ("install", "uv 0.9.1")
    uv.apply(resource, "", work)
    assert uv.observe(resource) == "0.9.1"
    assert uv.diff(resource, "0.9.1") is None
    assert [entry.name for entry in (tmp_path / "lib").iterdir()] == ["uv"]


def test_pip_takes_ready_made_uv_only_and_trusts_the_hosts_authorities(
    programs: Programs, work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs.add("python3", PYTHON)
    authorities = tmp_path / "ca.crt"
    authorities.touch()
    monkeypatch.setattr(uv, "AUTHORITIES", str(authorities))
    uv.apply(Uv(str(tmp_path / "uv"), "0.9.1"), "", work)
    arguments = (tmp_path / "uv" / "arguments").read_text()
    assert arguments.startswith("-m pip install ")
    assert "--only-binary :all:" in arguments
    assert f"--cert {authorities}" in arguments
    assert arguments.endswith("uv==0.9.1\n")


def test_another_version_replaces_it_and_can_be_taken_back(programs: Programs, work: Work, tmp_path: Path) -> None:
    programs.add("python3", PYTHON)
    old, new = Uv(str(tmp_path / "uv"), "0.9.1"), Uv(str(tmp_path / "uv"), "0.9.2")
    uv.apply(old, "", work)
    work.undo.forget()
    change = uv.diff(new, uv.observe(new))
    assert change is not None
    assert (change.action, change.diff) == ("update", "uv 0.9.1 → 0.9.2")
    uv.apply(new, "0.9.1", work)
    assert uv.observe(new) == "0.9.2"
    work.undo.roll_back()
    assert uv.observe(old) == "0.9.1"


def test_half_a_virtual_environment_is_none(tmp_path: Path) -> None:
    resource = Uv(str(tmp_path), "0.9.1")
    (tmp_path / "lib" / "python3.11" / "site-packages" / "uv-0.9.1.dist-info").mkdir(parents=True)
    assert uv.observe(resource) == ""


def test_pips_refusal_is_passed_on_and_nothing_stays(programs: Programs, work: Work, tmp_path: Path) -> None:
    programs.add("python3", "mkdir -p $3/half; echo 'ensurepip is not available'; exit 1")
    with pytest.raises(ApplyFailed, match=r"uv 0\.9\.1 could not be installed") as caught:
        uv.apply(Uv(str(tmp_path / "lib" / "uv"), "0.9.1"), "", work)
    assert caught.value.output == "ensurepip is not available"
    work.undo.roll_back()
    assert not (tmp_path / "lib").exists()
