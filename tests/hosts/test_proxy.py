"""The delaying proxy: far, but not slow."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from bench.proxy import delayed

ROUND_TRIP = 0.04


@pytest.fixture
def echo() -> Iterator[int]:
    """A port whose server sends back all it gets, then ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_echo_until_closed, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _echo_until_closed(listener: socket.socket) -> None:
    while True:
        try:
            connection, _peer = listener.accept()
        except OSError:
            return
        with connection:
            while chunk := connection.recv(65536):
                connection.sendall(chunk)


def test_an_answer_takes_at_least_the_round_trip_and_the_handshake_one_more(echo: int) -> None:
    with delayed("127.0.0.1", echo, ROUND_TRIP) as port, socket.create_connection(("127.0.0.1", port)) as client:
        first = _ask(client)
        second = _ask(client)
    assert first >= 2 * ROUND_TRIP
    assert second >= ROUND_TRIP


def test_what_is_in_flight_overlaps(echo: int) -> None:
    """Fifty messages sent at intervals arrive after one delay, not after fifty: their spacing is kept."""
    with delayed("127.0.0.1", echo, 0.5) as port, socket.create_connection(("127.0.0.1", port)) as client:
        begun = time.monotonic()
        for _message in range(50):
            client.sendall(b"x" * 10)
            time.sleep(0.002)
        _receive(client, 500)
        assert time.monotonic() - begun < 50 * 0.5


def test_every_byte_arrives_and_the_end_of_one_direction_leaves_the_other_open(echo: int) -> None:
    sent = bytes(range(256)) * 40_000
    with delayed("127.0.0.1", echo, 0.01) as port, socket.create_connection(("127.0.0.1", port)) as client:
        sender = threading.Thread(target=_send_and_end, args=(client, sent))
        sender.start()
        received = _receive(client, len(sent))
        sender.join()
        assert client.recv(1) == b""
    assert received == sent


def test_a_server_that_refuses_is_seen_as_a_closed_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        unused = listener.getsockname()[1]
    with delayed("127.0.0.1", unused, 0) as port, socket.create_connection(("127.0.0.1", port)) as client:
        assert client.recv(1) == b""


def test_ending_the_proxy_ends_its_connections_without_complaint(echo: int, caplog: pytest.LogCaptureFixture) -> None:
    with delayed("127.0.0.1", echo, 0) as port:
        client = socket.create_connection(("127.0.0.1", port))
        _ask(client)
    with client:
        assert client.recv(1) == b""
    assert caplog.records == []


def _send_and_end(client: socket.socket, sent: bytes) -> None:
    client.sendall(sent)
    client.shutdown(socket.SHUT_WR)


def _ask(client: socket.socket) -> float:
    begun = time.monotonic()
    client.sendall(b"hello")
    assert _receive(client, 5) == b"hello"
    return time.monotonic() - begun


def _receive(client: socket.socket, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        chunk = client.recv(1 << 20)
        if not chunk:
            break
        received += chunk
    return bytes(received)
