"""Who still waits for an answer on a unix socket, counted on real ones."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from seawall.agent.sockets import Listener, listener


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
    assert listener(path) == Listener(listening=False, open_connections=0)
    server = listening(stack, path)
    assert listener(path) == Listener(listening=True, open_connections=0)
    first, second = connected(stack, path), connected(stack, path)
    assert listener(path).open_connections == 2, "both wait in the queue"
    accepted = stack.enter_context(server.accept()[0])
    assert listener(path).open_connections == 2, "one accepted, one waiting"
    first.close()
    assert listener(path).open_connections == 2, "the server has not let go of it yet"
    accepted.close()
    assert listener(path).open_connections == 1
    second.close()
    stack.enter_context(server.accept()[0]).close()
    assert listener(path) == Listener(listening=True, open_connections=0)


def test_a_listener_that_closed_may_still_owe_answers(tmp_path: Path, stack: ExitStack) -> None:
    path = tmp_path / "v1.sock"
    server = listening(stack, path)
    connected(stack, path)
    accepted = stack.enter_context(server.accept()[0])
    server.close()
    assert listener(path) == Listener(listening=False, open_connections=1)
    accepted.close()
    assert listener(path).open_connections == 0


def test_only_the_path_itself_counts(tmp_path: Path, stack: ExitStack) -> None:
    listening(stack, tmp_path / "v11.sock")
    connected(stack, tmp_path / "v11.sock")
    assert listener(tmp_path / "v1.sock") == Listener(listening=False, open_connections=0)


def test_sockets_without_a_path_are_passed_over() -> None:
    table = "Num RefCount Protocol Flags Type St Inode Path\n0: 00000002 00000000 00010000 0001 01 12345\n"
    assert listener(Path("/run/v1.sock"), table) == Listener(listening=False, open_connections=0)
