"""What one address may ask for, as nginx counts it."""

from __future__ import annotations

import pytest

from seawall.errors import ConfigError
from seawall.stack import limits
from seawall.stack.limits import Location, Rate, SiteLimits
from stack.cases import composed, project
from stack.test_nginx import site_of


def limited(*, health: str = "/health", **settings: object) -> SiteLimits:
    return limits.of_site(project(limits=settings, static={"/static/": "guestbook/static"}), health=health)


SITE = Rate("rate", "100r/s", 200)


def test_the_defaults_hold_for_the_app_and_its_health() -> None:
    found = limited()
    assert found.rates == (SITE,)
    assert found.connections == 100
    assert found.locations == (
        Location("=", "/health", (SITE,), quiet=True),
        Location("", "/", (SITE,)),
    )


def test_a_route_has_its_own_limit_besides_the_sites() -> None:
    login = Rate("route1", "10r/m", 5)
    found = limited(routes={"/login": {"rate": "10/m"}})
    assert found.rates == (SITE, login)
    assert Location("=", "/login", (SITE, login)) in found.locations


def test_a_route_with_a_slash_means_all_below_it_and_not_what_has_no_slash() -> None:
    found = limited(routes={"/api/": {"max_body": "200m", "read_timeout": 600}})
    assert Location("^~", "/api/", (SITE,), "200m", 600) in found.locations
    assert Location("=", "/api", (SITE,)) in found.locations


def test_a_route_for_everything_and_one_for_the_health_path_are_no_second_location() -> None:
    found = limited(routes={"/": {"rate": "5/s"}, "/health": {"rate": "1/s"}})
    everything, health = Rate("route1", "5r/s", 5), Rate("route2", "1r/s", 5)
    assert found.locations == (
        Location("", "/", (SITE, everything)),
        Location("=", "/health", (SITE, health), quiet=True),
    )


def test_a_route_below_another_keeps_its_own_location_without_a_slash() -> None:
    paths = [location.path for location in limited(routes={"/a/": {}, "/a": {"rate": "1/s"}}).locations]
    assert sorted(paths) == ["/", "/a", "/a/", "/health"]


def test_the_host_itself_and_trusted_networks_are_named_once() -> None:
    found = limited(trusted=["127.0.0.0/8", "203.0.113.7", "2001:db8::/32"])
    assert found.trusted == ("127.0.0.0/8", "::1/128", "203.0.113.7/32", "2001:db8::/32")


def test_without_limits_nothing_is_counted() -> None:
    site = site_of(composed(project(limits={"rate": "", "connections": 0})))
    assert "limit_" not in site
    assert "@busy" not in site
    assert not limited(rate="", connections=0).any


def test_static_files_do_not_count() -> None:
    site = site_of(composed(project(static={"/static/": "guestbook/static"})))
    static = site[site.index("location ^~ /static/") :]
    assert "limit_" not in static[: static.index("}")]


@pytest.mark.parametrize("path", ["/a?b=c", "/a%20b", "//a", "/a/../b", "/.", "/a#b", "/$a", '/"'])
def test_a_path_that_no_request_has_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match="no request has the path"):
        limited(routes={path: {}})


def test_a_route_among_static_files_is_refused() -> None:
    with pytest.raises(ConfigError, match="static file"):
        limited(routes={"/static/big.zip": {}})


@pytest.mark.parametrize(
    ("proxy", "place"),
    [
        ({"streams": ["/static/events"]}, "[proxy] streams"),
        ({"cache": {"paths": {"/a//b": 60}}}, "[proxy.cache] paths"),
    ],
)
def test_a_path_that_the_app_is_never_asked_for_is_no_stream_and_no_kept_page(
    proxy: dict[str, object], place: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        limits.of_site(project(proxy=proxy, static={"/static/": "guestbook/static"}))
    assert caught.value.place == place
