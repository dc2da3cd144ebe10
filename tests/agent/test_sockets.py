"""Who still waits for an answer of a listener, counted on real sockets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from seawall.agent.endpoint import Endpoint
from seawall.agent.sockets import Listener, listener, on_tcp, on_unix


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def listening(stack: ExitStack, path: Path) -> socket.socket:
    server = stack.enter_context(socket.socket(socket.AF_UNIX))
    server.bind(str(path))
    server.listen(8)
    return server


def connected(stack: ExitStack, path: Path) -> socket.socket:
    client = stack.enter_context(socket.socket(socket.AF_UNIX))
    client.connect(str(path))
    return client


@pytest.mark.parametrize("name", ["v1.sock", "with space.sock", "ünïcode.sock"])
def test_connections_count_from_the_queue_to_their_end(tmp_path: Path, stack: ExitStack, name: str) -> None:
    path = tmp_path / name
    assert on_unix(path) == Listener(listening=False, open_connections=0)
    server = listening(stack, path)
    assert on_unix(path) == Listener(listening=True, open_connections=0)
    first, second = connected(stack, path), connected(stack, path)
    assert on_unix(path).open_connections == 2, "both wait in the queue"
    accepted = stack.enter_context(server.accept()[0])
    assert on_unix(path).open_connections == 2, "one accepted, one waiting"
    first.close()
    assert on_unix(path).open_connections == 2, "the server has not let go of it yet"
    accepted.close()
    assert on_unix(path).open_connections == 1
    second.close()
    stack.enter_context(server.accept()[0]).close()
    assert on_unix(path) == Listener(listening=True, open_connections=0)


def test_a_listener_that_closed_may_still_owe_answers(tmp_path: Path, stack: ExitStack) -> None:
    path = tmp_path / "v1.sock"
    server = listening(stack, path)
    connected(stack, path)
    accepted = stack.enter_context(server.accept()[0])
    server.close()
    assert on_unix(path) == Listener(listening=False, open_connections=1)
    accepted.close()
    assert on_unix(path).open_connections == 0


def test_only_the_path_itself_counts(tmp_path: Path, stack: ExitStack) -> None:
    listening(stack, tmp_path / "v11.sock")
    connected(stack, tmp_path / "v11.sock")
    assert on_unix(tmp_path / "v1.sock") == Listener(listening=False, open_connections=0)


def test_sockets_without_a_path_are_passed_over() -> None:
    table = "Num RefCount Protocol Flags Type St Inode Path\n0: 00000002 00000000 00010000 0001 01 12345\n"
    assert on_unix(Path("/run/v1.sock"), table) == Listener(listening=False, open_connections=0)


def test_connections_over_tcp_count_from_the_queue_to_their_end(tmp_path: Path, stack: ExitStack) -> None:
    """Another listener of the same port, at another address of loopback, is another's."""
    server, other = (stack.enter_context(socket.socket()) for _ in range(2))
    server.bind(("127.83.1.2", 0))
    server.listen(8)
    port = server.getsockname()[1]
    other.bind(("127.83.1.3", port))
    other.listen(8)
    stack.enter_context(socket.create_connection(("127.83.1.3", port)))

    def now() -> Listener:
        return listener(Endpoint(tmp_path / "v1.sock", "127.83.1.2", port))

    assert now() == Listener(listening=True, open_connections=0)
    first = stack.enter_context(socket.create_connection(("127.83.1.2", port)))
    assert now().open_connections == 1, "it waits in the queue"
    accepted = stack.enter_context(server.accept()[0])
    assert now().open_connections == 1
    first.close()
    assert now().open_connections == 1, "the server has not let go of it yet"
    accepted.close()
    assert now() == Listener(listening=True, open_connections=0)


def test_a_tcp_connection_that_the_server_closed_itself_is_none_it_owes_for(stack: ExitStack) -> None:
    server = stack.enter_context(socket.create_server(("127.83.1.4", 0)))
    port = server.getsockname()[1]
    stack.enter_context(socket.create_connection(("127.83.1.4", port)))
    server.accept()[0].close()
    assert on_tcp("127.83.1.4", port) == Listener(listening=True, open_connections=0)
