"""A domain that another site of the host serves is found before anything changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.agent.preflight import DomainTaken, domains_free


@pytest.fixture
def sites(tmp_path: Path) -> Path:
    (tmp_path / "other").write_text(
        "server {\n  listen 80;\n  server_name shop.example.com # ours; ours\n     WWW.Example.com;\n"
        "  # server_name old.example.com;\n}\n"
    )
    (tmp_path / "seawall-mine.conf").write_text("server { server_name mine.example.com; }")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    return tmp_path


def test_a_domain_of_somebody_else_is_refused_with_the_site_that_has_it(sites: Path) -> None:
    with pytest.raises(DomainTaken) as caught:
        domains_free(["new.example.com", "Shop.example.com"], "seawall-mine.conf", [str(sites)])
    assert caught.value.place == str(sites / "other")
    assert "shop.example.com is already served" in caught.value.fact
    assert caught.value.state == "nothing was changed"


def test_names_over_several_lines_and_in_capitals_count(sites: Path) -> None:
    with pytest.raises(DomainTaken):
        domains_free(["www.example.com"], "seawall-mine.conf", [str(sites)])


@pytest.mark.parametrize("domain", ["mine.example.com", "old.example.com", "example.com", "ample.com"])
def test_ones_own_site_comments_and_other_names_are_no_trouble(sites: Path, domain: str) -> None:
    domains_free([domain], "seawall-mine.conf", [str(sites), str(sites / "no such folder")])
