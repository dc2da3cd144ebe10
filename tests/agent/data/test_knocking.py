"""What a database elsewhere says before anybody logs in, and what becomes of one that says nothing."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from seawall.agent.data import knocking
from seawall.agent.data.knocking import MYSQL, POSTGRESQL, SSL_REQUEST, Target, knock, target
from seawall.agent.errors import DatabaseUnfit


@contextmanager
def server(answer: bytes, *, first: bytes = b"") -> Iterator[int]:
    """One that says ``answer`` after it has heard ``first``; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                assert connection.recv(len(first) or 1) == first if first else True
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(5)


def greeting(version: str, capabilities: int) -> bytes:
    """As the protocol has it: version 10, the server's version, a thread, a challenge, a filler, capabilities."""
    packet = b"\x0a" + version.encode() + b"\0" + bytes(4) + bytes(8) + b"\0" + struct.pack("<H", capabilities)
    return len(packet).to_bytes(3, "little") + b"\0" + packet


def at(family: str, port: int) -> Target:
    return Target(family, (("127.0.0.1", port),), False)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p@db.example.com/app", Target(POSTGRESQL, (("db.example.com", 5432),), False)),
        ("postgresql+psycopg://u:p@db:6432/app?sslmode=require", Target(POSTGRESQL, (("db", 6432),), True)),
        ("postgres://u:p@one,two:5433/app", Target(POSTGRESQL, (("one", 5432), ("two", 5433)), False)),
        ("postgresql://u:p@[2001:db8::1]:5433/app", Target(POSTGRESQL, (("2001:db8::1", 5433),), False)),
        ("postgresql://u:p@/app?host=/var/run/postgresql", Target(POSTGRESQL, (), False)),
        ("postgresql://u:p@/app?host=db", Target(POSTGRESQL, (("db", 5432),), False)),
        ("mysql+pymysql://u:p@db/app?ssl_ca=/etc/ca.pem", Target(MYSQL, (("db", 3306),), True)),
        ("mariadb://u:p@localhost/app?unix_socket=/run/mysqld/mysqld.sock", Target(MYSQL, (), False)),
        ("sqlite:////srv/data/app.db", None),
        ("no url", None),
    ],
)
def test_a_url_says_where_to_knock(url: str, expected: Target | None) -> None:
    assert target(url) == expected


@pytest.mark.parametrize(("answer", "encrypts"), [(b"S", True), (b"N", False)])
def test_postgresql_says_whether_it_encrypts(answer: bytes, encrypts: bool) -> None:
    with server(answer, first=SSL_REQUEST) as port:
        assert knock(at(POSTGRESQL, port)).encrypts is encrypts


@pytest.mark.parametrize(("capabilities", "encrypts"), [(0x0800, True), (0xF7FF, False)])
def test_mysql_says_its_version_too(capabilities: int, encrypts: bool) -> None:
    with server(greeting("8.0.36", capabilities)) as port:
        said = knock(at(MYSQL, port))
    assert (said.version, said.encrypts) == ("8.0.36", encrypts)


def test_mysql_that_turns_us_away_says_why() -> None:
    words = b"\xff\x6a\x04Host '192.0.2.1' is not allowed to connect to this MySQL server"
    with (
        server(len(words).to_bytes(3, "little") + b"\0" + words) as port,
        pytest.raises(DatabaseUnfit, match=r"turns this server away: Host '192\.0\.2\.1' is not allowed"),
    ):
        knock(at(MYSQL, port))


@pytest.mark.parametrize(
    ("family", "answer"), [(POSTGRESQL, b"HTTP/1.1 400"), (MYSQL, b"SSH-2.0-OpenSSH\r\n"), (MYSQL, b"")]
)
def test_something_else_that_answers_is_no_database(family: str, answer: bytes) -> None:
    with server(answer) as port, pytest.raises(DatabaseUnfit, match="is no "):
        knock(at(family, port))


def test_where_nothing_listens_that_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as there:
        port = there.getsockname()[1]
    with pytest.raises(DatabaseUnfit, match=f"nothing listens at 127.0.0.1:{port}") as caught:
        knock(at(POSTGRESQL, port))
    assert caught.value.state == "the new release was not started"


def test_a_name_that_nobody_knows_is_said_to_be_one() -> None:
    with pytest.raises(DatabaseUnfit, match=r"the database's host db\.invalid is not known"):
        knock(Target(POSTGRESQL, (("db.invalid", 5432),), False))


def test_one_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knocking, "TIMEOUT", 0.2)
    with (
        socket.create_server(("127.0.0.1", 0)) as there,
        pytest.raises(DatabaseUnfit, match="does not answer within") as caught,
    ):
        knock(at(POSTGRESQL, there.getsockname()[1]))
    assert "firewall" in caught.value.remedy


def test_of_several_hosts_one_is_enough() -> None:
    with server(b"S") as port:
        assert knock(Target(POSTGRESQL, (("db.invalid", 5432), ("127.0.0.1", port)), False)).port == port
