"""Packages: seen with one command, installed with one; apt's sources are read only where that is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.agent import process
from seawall.agent.errors import ApplyFailed
from seawall.agent.resources import package
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Package

from ..fake_programs import Programs

STATES = r"printf 'nginx\tinstalled\nheld\tinstalled\nremoved\tconfig-files\nhalf\thalf-configured\n'; exit 1"


@pytest.fixture
def apt_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """apt's lists, read once already."""
    folder = tmp_path / "lists"
    folder.mkdir()
    (folder / "mirror_dists_stable_main_binary-amd64_Packages").touch()
    monkeypatch.setattr(package, "LISTS", str(folder))
    return folder


def test_one_query_tells_of_all_packages_and_only_whole_ones_count(programs: Programs) -> None:
    programs.add("dpkg-query", STATES)
    names = ["nginx", "held", "removed", "half", "unknown"]
    found = package.observe([Package(name) for name in names])
    missing = [name for name in names if package.diff(Package(name), found)]
    assert missing == ["removed", "half", "unknown"]
    assert len([line for line in programs.called() if line.startswith("dpkg-query")]) == 1


def test_no_packages_are_no_query(programs: Programs) -> None:
    programs.add("dpkg-query")
    package.observe([])
    assert programs.called() == []


def test_a_host_without_dpkg_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PATH", str(tmp_path))
    with pytest.raises(ApplyFailed, match="Debian and Ubuntu"):
        package.observe([Package("nginx")])


def test_missing_packages_are_installed_together_without_a_question(
    programs: Programs, work: Work, apt_lists: Path, lines: list[str]
) -> None:
    programs.add("apt-get", 'echo "frontend $DEBIAN_FRONTEND"')
    package.apply(["nginx", "openssl"], work)
    (call,) = programs.called()
    assert call.startswith("apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 ")
    assert call.endswith(" -- nginx openssl")
    assert lines == ["frontend noninteractive"]


def test_sources_never_read_are_read_first(programs: Programs, work: Work, apt_lists: Path) -> None:
    for path in apt_lists.iterdir():
        path.unlink()
    programs.add("apt-get")
    package.apply(["nginx"], work)
    assert [call.split()[1] for call in programs.called()] == ["update", "install"]


def test_stale_sources_are_read_again_and_the_install_repeated(programs: Programs, work: Work, apt_lists: Path) -> None:
    flag = programs.folder / "updated"
    programs.add(
        "apt-get",
        f"[ $1 = update ] && touch {flag}\n"
        f"[ -e {flag} ] || {{ echo 'E: Failed to fetch http://mirror/nginx.deb  404  Not Found' >&2; exit 100; }}",
    )
    package.apply(["nginx"], work)
    assert [call.split()[1] for call in programs.called()] == ["install", "update", "install"]


def test_another_refusal_is_passed_on_in_apts_words_without_a_second_try(
    programs: Programs, work: Work, apt_lists: Path
) -> None:
    programs.add("apt-get", "echo 'E: dpkg was interrupted' >&2; exit 100")
    with pytest.raises(ApplyFailed, match="could not install nginx") as caught:
        package.apply(["nginx"], work)
    assert caught.value.output == "E: dpkg was interrupted"
    assert [call.split()[1] for call in programs.called()] == ["install"]


def test_a_package_that_does_not_exist_is_told_after_reading_the_sources(
    programs: Programs, work: Work, apt_lists: Path
) -> None:
    programs.add("apt-get", "[ $1 = update ] || { echo 'E: Unable to locate package nginxx' >&2; exit 100; }")
    with pytest.raises(ApplyFailed) as caught:
        package.apply(["nginxx"], work)
    assert caught.value.output == "E: Unable to locate package nginxx"
    assert [call.split()[1] for call in programs.called()] == ["install", "update", "install"]


def test_sources_just_read_are_not_read_again(programs: Programs, work: Work, apt_lists: Path) -> None:
    for path in apt_lists.iterdir():
        path.unlink()
    programs.add("apt-get", "[ $1 = update ] || { echo 'E: Unable to locate package nginxx' >&2; exit 100; }")
    with pytest.raises(ApplyFailed):
        package.apply(["nginxx"], work)
    assert [call.split()[1] for call in programs.called()] == ["update", "install"]
