"""What the programs of a release are called, and where they listen."""

from __future__ import annotations

import ipaddress

from seawall.stack import names


def test_each_app_has_a_loopback_address_of_its_own_that_never_changes() -> None:
    assert names.loopback("guestbook") == "127.112.209.191"
    addresses = [names.loopback(f"app-{number}") for number in range(500)]
    assert len(set(addresses)) == 500
    assert all(ipaddress.ip_address(address).is_loopback for address in addresses)


def test_no_app_takes_an_address_that_resolvers_or_host_names_use() -> None:
    assert not [name for n in range(2000) if (name := names.loopback(f"app-{n}")).startswith("127.0.")]
    assert not [name for n in range(2000) if (name := names.loopback(f"app-{n}")).endswith((".0", ".255"))]
