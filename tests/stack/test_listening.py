"""Where releases listen: no two of a host at the same place."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.agent.vocabulary import Listen
from seawall.stack import listening
from seawall.stack.layout import layout_of
from stack.cases import LOCAL, composed, project


def test_a_release_listens_on_a_unix_socket_unless_told_otherwise() -> None:
    assert composed().release.listen == Listen("uwsgi", "")


def test_on_tcp_each_app_has_a_loopback_address_of_its_own() -> None:
    listens = [composed(project(name=name, server={"socket": "tcp"})).release.listen for name in ("shop", "blog")]
    assert all(ipaddress.ip_address(one.address).is_loopback for one in listens)
    assert listens[0] != listens[1]


@given(st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True))
def test_the_address_is_none_that_others_use(name: str) -> None:
    """Nothing in 127.0.0.0/16, where everybody else listens, and no address that ends like a network or a broadcast."""
    parts = [int(part) for part in listening.address(layout_of(f"{name}-x")).split(".")]
    assert parts[0] == 127
    assert all(0 < part < 255 for part in parts[1:])


def test_two_copies_of_a_project_on_one_machine_do_not_meet() -> None:
    tcp = project(server={"socket": "tcp"})
    here, there = composed(tcp, LOCAL), composed(tcp, replace(LOCAL, directory="/home/ada/copy"))
    assert here.release.listen.address != there.release.listen.address


@pytest.mark.parametrize(("socket", "line"), [("unix", "/run/seawall/guestbook/@RELEASE@.sock"), ("tcp", ":@PORT@")])
def test_systemd_listens_where_the_release_is_asked(socket: str, line: str) -> None:
    made = composed(project(server={"socket": socket}))
    web = made.release.programs[0].files[0].content
    assert f"ListenStream={made.release.listen.address}{line}\n" in web
    assert ("SocketMode=0660" in web) == (socket == "unix")
