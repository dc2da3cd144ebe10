"""What other sites of the host do is found before anything changes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from seawall.agent import preflight
from seawall.agent.errors import DomainTaken
from seawall.agent.preflight import default_servers, domains_free, needs, sizes


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


# --- who answers for unknown host names


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("80 default_server", "80"),
        ("*:443 ssl default_server", "443"),
        ("0.0.0.0:80 default_server", "80"),
        ("* default_server", "80"),
        ("[::]:443 ssl\n  default_server", "[::]:443"),
        ("[::] default_server", "[::]:80"),
        ("8080 default", "8080"),
    ],
)
def test_a_site_that_is_the_default_of_a_port_is_found(tmp_path: Path, listen: str, address: str) -> None:
    (tmp_path / "shop").write_text(f"server {{ listen {listen}; }}\n")
    assert default_servers([str(tmp_path)]) == [f"{address} {tmp_path / 'shop'}"]


@pytest.mark.parametrize(
    "text",
    [
        "server { listen 80; }",
        "# listen 80 default_server;",
        "server { listen 203.0.113.5:80 default_server; }",
        "server { listen unix:/run/x default_server; }",
        "server { listen localhost:80 default_server; }",
        "server { listen [::1]:80 default_server; }",
    ],
)
def test_a_site_that_is_the_default_of_nothing_or_of_one_address_is_not(tmp_path: Path, text: str) -> None:
    (tmp_path / "shop").write_text(text)
    assert default_servers([str(tmp_path)]) == []


def test_our_own_catch_alls_are_nobody_elses(tmp_path: Path) -> None:
    for name in preflight.CATCH_ALLS:
        (tmp_path / name).write_text("server { listen 80 default_server; server_name _; }")
    assert default_servers([str(tmp_path)]) == []
    domains_free(["_"], "seawall-mine.conf", [str(tmp_path)])


@pytest.fixture
def stock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package's welcome page, enabled and untouched."""
    site, enabled = tmp_path / "available", tmp_path / "enabled"
    enabled.mkdir()
    site.write_text("server { listen 80 default_server; }\n")
    (enabled / "default").symlink_to(site)
    monkeypatch.setattr(preflight, "STOCK_SITE", str(site))
    digest = hashlib.md5(site.read_bytes(), usedforsecurity=False).hexdigest()
    (tmp_path / "status").write_text(f"Package: nginx-common\nConffiles:\n {site} {digest}\nVersion: 1\n")
    return enabled


def scanned(enabled: Path, status: str = "status") -> list[str]:
    return default_servers([str(enabled)], str(enabled / "default"), str(enabled.parent / status))


def test_the_welcome_page_counts_as_nobodys_until_somebody_changes_it(stock: Path) -> None:
    assert scanned(stock) == []
    theirs = [f"80 {stock / 'default'}"]
    assert scanned(stock, "no such file") == theirs
    (stock.parent / "available").write_text("server { listen 80 default_server; root /srv/mine; }\n")
    assert scanned(stock) == theirs


def test_a_welcome_page_that_is_a_file_of_its_own_is_somebodys(stock: Path) -> None:
    text = (stock / "default").read_text()
    (stock / "default").unlink()
    (stock / "default").write_text(text)
    assert scanned(stock) == [f"80 {stock / 'default'}"]


def test_sizes_that_somebody_has_set_are_found(tmp_path: Path) -> None:
    (tmp_path / "nginx.conf").write_text(
        "http {\n  variables_hash_max_size 2048;\n  # server_names_hash_bucket_size 64;\n}"
    )
    folder = tmp_path / "conf.d"
    folder.mkdir()
    (folder / "seawall.conf").write_text("variables_hash_bucket_size 128;\n")
    assert sizes([str(folder)], str(tmp_path / "nginx.conf")) == ["variables_hash_max_size"]
    (folder / "mine.conf").write_text("variables_hash_bucket_size 256;\n")
    assert sizes([str(folder)], str(tmp_path / "none")) == ["variables_hash_bucket_size"]


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("server { root /home/ada/public_html; }\n", ["home"]),
        ("ssl_certificate_key /root/key.pem;\n", ["home"]),
        ("server unix:/tmp/app.sock;\n", ["tmp"]),
        ("root /tmp/site;\nerror_log '/var/tmp/log';\n", ["tmp"]),
        ("root /srv/home/tmp/x; # not /home/ada\n", []),
        ("server { listen 80; }\n", []),
    ],
)
def test_what_sites_use_that_a_sandbox_would_take_is_found(text: str, needed: list[str], tmp_path: Path) -> None:
    (tmp_path / "site").write_text(text)
    assert needs([str(tmp_path)], str(tmp_path / "none"), str(tmp_path / "none")) == needed


def test_the_module_for_lua_is_found(tmp_path: Path) -> None:
    (tmp_path / "50-mod-http-lua.conf").write_text("load_module modules/ngx_http_lua_module.so;\n")
    assert needs([], str(tmp_path / "none"), str(tmp_path)) == ["jit"]


def test_the_modules_for_brotli_are_seen_where_debian_loads_them(tmp_path: Path) -> None:
    assert preflight.brotli(str(tmp_path)) == []
    (tmp_path / "50-mod-http-brotli-static.conf").write_text("load_module modules/ngx_http_brotli_static_module.so;")
    assert preflight.brotli(str(tmp_path)) == ["brotli_static"]
    (tmp_path / "50-mod-http-brotli-filter.conf").write_text("load_module modules/ngx_http_brotli_filter_module.so;")
    assert preflight.brotli(str(tmp_path)) == ["brotli_static", "brotli"]
