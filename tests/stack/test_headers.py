"""Which headers the proxy adds, and which it will not."""

from __future__ import annotations

import re

import pytest

from seawall.config.security import Headers
from seawall.errors import ConfigError
from seawall.stack import headers
from stack.cases import CASES, project
from stack.test_nginx import site_of


def names(**settings: object) -> list[str]:
    return [header.name for header in headers.added(project(headers=settings))]


def test_every_key_of_the_table_has_a_header() -> None:
    assert set(headers.NAMES) | {"other"} == set(Headers.model_fields)


def test_the_defaults_are_there_without_being_asked_for_and_nothing_outdated_is() -> None:
    assert names() == [
        "Content-Security-Policy",
        "X-Content-Type-Options",
        "Referrer-Policy",
        "Permissions-Policy",
        "Cross-Origin-Opener-Policy",
        "Cross-Origin-Resource-Policy",
    ]


def test_an_empty_value_adds_none_and_further_headers_come_last() -> None:
    found = names(content_type_options="", referrer_policy="", other={"X-Robots-Tag": "noindex", "X-Empty": ""})
    assert "X-Content-Type-Options" not in found
    assert "Referrer-Policy" not in found
    assert found[-1] == "X-Robots-Tag"


def test_a_site_without_a_trusted_certificate_sends_no_hsts() -> None:
    assert headers.HSTS not in names()
    assert headers.added(project(), hsts="max-age=1")[0] == headers.Header(headers.HSTS, "max-age=1")


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("content-security-POLICY", "headers.content_security_policy"),
        ("Strict-Transport-Security", "tls.hsts_seconds"),
        ("Content-Length", "servers make it"),
        ("server", "servers make it"),
    ],
)
def test_a_header_that_has_a_key_of_its_own_or_is_the_servers_is_refused(name: str, remedy: str) -> None:
    with pytest.raises(ConfigError) as caught:
        names(other={name: "x"})
    assert name in caught.value.fact
    assert remedy in caught.value.remedy


def test_a_header_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match="x-a"):
        names(other={"X-A": "1", "x-a": "2"})


def test_a_value_longer_than_nginx_reads_is_refused() -> None:
    names(content_security_policy="x" * headers.LONGEST)
    with pytest.raises(ConfigError, match="3901 characters"):
        names(content_security_policy="x" * (headers.LONGEST + 1))


@pytest.mark.parametrize("case", [name for name in CASES if name.startswith("server-")])
def test_a_location_with_headers_of_its_own_has_all_the_others_too(case: str) -> None:
    """One add_header in a location drops those of the level above (ngx_http_headers_module)."""
    site = site_of(CASES[case]())
    names = re.findall(r"^    add_header (\S+) \$\w+_h\d+ always;", site, re.MULTILINE)
    assert names
    for location in re.findall(r"^    location .*?^    }", site, re.MULTILINE | re.DOTALL):
        own = re.findall(r"^ {8,}add_header (\S+) ", location, re.MULTILINE)
        assert own in ([], [*dict.fromkeys(names), "X-Request-ID", "Cache-Control", "Retry-After", "X-Seawall-Release"])
