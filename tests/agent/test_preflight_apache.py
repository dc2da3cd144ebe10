"""What other sites of Apache do on the host is found before anything changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.agent import preflight_apache
from seawall.agent.errors import DomainTaken

SHOP = """<VirtualHost *:80 [::]:8080>
    ServerName https://shop.example.com:443
    ServerAlias WWW.example.com *.shop.example.com # ours
    # ServerAlias old.example.com
    DocumentRoot /home/shop
</VirtualHost>
<VirtualHost _default_:443>
</VirtualHost>
<VirtualHost 203.0.113.5:81>
</VirtualHost>
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    sites = tmp_path / "sites-enabled"
    sites.mkdir()
    (tmp_path / "mods-enabled").mkdir()
    (sites / "000-seawall.conf").write_text("<VirtualHost *:80>\n  Listen 1\n</VirtualHost>\n")
    (sites / "seawall-mine.conf").write_text("<VirtualHost *:443>\n  ServerName mine.example.com\n</VirtualHost>\n")
    (sites / "shop.conf").write_text(SHOP)
    (sites / "snippet.conf").write_text("# no site\nListen 127.0.0.1:8080\n")
    (sites / "dangling.conf").symlink_to(sites / "nothing")
    (tmp_path / "ports.conf").write_text("Listen 80\n\n<IfModule ssl_module>\n\tListen 443\n</IfModule>\n# Listen 9\n")
    return tmp_path


@pytest.mark.parametrize("domain", ["Shop.example.com", "www.example.com", "*.shop.example.com"])
def test_a_domain_of_somebody_else_is_refused_with_the_site_that_has_it(root: Path, domain: str) -> None:
    with pytest.raises(DomainTaken, match="already served") as caught:
        preflight_apache.domains_free([domain], "seawall-mine.conf", str(root / "sites-enabled"))
    assert caught.value.place == str(root / "sites-enabled/shop.conf")


@pytest.mark.parametrize("domain", ["mine.example.com", "old.example.com", "example.com"])
def test_ones_own_site_comments_and_other_names_are_no_trouble(root: Path, domain: str) -> None:
    preflight_apache.domains_free([domain], "seawall-mine.conf", str(root / "sites-enabled"))


def test_sites_and_those_that_answer_for_unknown_names_are_told_without_what_is_shared(root: Path) -> None:
    folder = root / "sites-enabled"
    assert preflight_apache.sites(str(folder), str(root / "none")) == [
        f"{folder}/seawall-mine.conf",
        f"{folder}/shop.conf",
    ]
    assert preflight_apache.default_servers(str(folder)) == [f"80 {folder}/shop.conf", f"443 {folder}/shop.conf"]


def test_what_a_package_shows_on_every_site_counts_as_one(root: Path) -> None:
    confs = root / "conf-enabled"
    confs.mkdir()
    for name, text in (("serve-cgi-bin", "ScriptAlias /cgi-bin/ /usr/lib\n"), ("tuning", "KeepAlive On\n")):
        (confs / f"{name}.conf").write_text(text)
    (confs / "phpmyadmin.conf").write_text("# phpMyAdmin\nAlias /phpmyadmin /usr/share/phpmyadmin\n")
    assert preflight_apache.sites(str(root / "none"), str(confs)) == [f"{confs}/phpmyadmin.conf"]


def test_the_ports_that_others_have_apache_listen_on_are_found(root: Path) -> None:
    assert preflight_apache.ports(str(root)) == ["443", "80", "8080"]


def test_what_a_sandbox_would_take_is_found(root: Path) -> None:
    assert preflight_apache.needs(str(root)) == ["home"]
    (root / "mods-enabled/php8.2.load").touch()
    assert preflight_apache.needs(str(root)) == ["home", "jit"]
