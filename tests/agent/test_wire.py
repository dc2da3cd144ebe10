"""Frames arrive as they were sent, and a stream that is torn or is none is recognised."""

from __future__ import annotations

import contextlib
import json
import os
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from seawall.agent.wire import CHUNK, COMPRESSED, LARGEST_MESSAGE, Frame, Wire, WireBroken

texts = some.text(alphabet=some.characters())  # lone surrogates too: names of files that are not UTF-8
plain = some.recursive(
    some.none() | some.booleans() | some.integers() | texts,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
messages = some.dictionaries(texts.filter(lambda name: name != "payload"), plain, max_size=4)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue


def raw(message: object, payload: bytes = b"") -> bytes:
    body = json.dumps(message).encode()
    return struct.pack(">I", len(body)) + body + payload


def received(data: bytes) -> Frame | None:
    """What a wire makes of a stream of just these bytes."""
    read_end, write_end = os.pipe()
    writer = threading.Thread(target=_write_and_close, args=(write_end, data))
    writer.start()
    try:
        return Wire(read_end, -1).receive()
    finally:
        os.close(read_end)
        writer.join()


def _write_and_close(write_end: int, data: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), os.fdopen(write_end, "wb", buffering=0) as pipe:
        pipe.write(data)


@given(some.lists(some.tuples(messages, some.binary(max_size=300)), max_size=5))
def test_frames_arrive_as_they_were_sent_and_in_order(frames: list[tuple[dict[str, Any], bytes]]) -> None:
    read_end, write_end = os.pipe()
    sender, receiver = Wire(-1, write_end), Wire(read_end, -1)
    for message, payload in frames:
        sender.send(message, payload)
    os.close(write_end)
    for message, payload in frames:
        frame = receiver.receive()
        assert frame is not None
        assert {name: value for name, value in frame.message.items() if name != "payload"} == message
        assert frame.payload == payload
    assert receiver.receive() is None
    os.close(read_end)


def test_a_payload_larger_than_the_pipe_arrives_whole(pipe: tuple[int, int]) -> None:
    payload = os.urandom(CHUNK)
    writer = threading.Thread(target=lambda: Wire(-1, pipe[1]).send({"op": "object"}, payload))
    writer.start()
    frame = Wire(pipe[0], -1).receive()
    writer.join()
    assert frame == Frame({"op": "object", "payload": CHUNK}, payload)


@pytest.mark.parametrize("cut", range(1, len(raw({"payload": 3}, b"abc"))))
def test_a_stream_that_ends_inside_a_frame_is_broken(cut: int) -> None:
    with pytest.raises(WireBroken):
        received(raw({"payload": 3}, b"abc")[:cut])


@pytest.mark.parametrize(
    "data",
    [
        struct.pack(">I", LARGEST_MESSAGE + 1) + b"x",
        b"Last login: Mon",
        struct.pack(">I", 3) + b"abc",
        struct.pack(">I", 2) + b"\xff\xfe",
        raw([1, 2]),
        raw("text"),
        raw({"payload": -1}),
        raw({"payload": CHUNK + 1}, bytes(CHUNK + 1)),
        raw({"payload": "many"}),
        raw({"payload": True}),
    ],
    ids=[
        "absurd length",
        "a banner",
        "no JSON",
        "no UTF-8",
        "a list",
        "a text",
        "negative payload",
        "payload too large",
        "payload of no number",
        "payload of a truth value",
    ],
)
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(WireBroken):
        received(data)


def test_a_long_message_travels_compressed_and_arrives_as_it_was(pipe: tuple[int, int]) -> None:
    message = {"op": "plan", "resources": [{"path": f"/etc/nginx/{number}"} for number in range(1000)]}
    Wire(-1, pipe[1]).send(message, b"after it")
    data = os.read(pipe[0], 1 << 16)
    assert len(data) < len(json.dumps(message)) / 4
    os.write(pipe[1], data)
    assert Wire(pipe[0], -1).receive() == Frame({**message, "payload": 8}, b"after it")


@pytest.mark.parametrize(
    "body",
    [
        zlib.compress(json.dumps({"op": "plan"}).encode())[:-1],
        zlib.compress(b" " * (LARGEST_MESSAGE + 1)),
        b"plain",
        b"",
    ],
    ids=["cut off", "longer than any", "not compressed", "nothing"],
)
def test_a_compressed_message_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(WireBroken, match="not a frame"):
        received(struct.pack(">I", len(body) | COMPRESSED) + body)


def test_bytes_read_ahead_can_be_put_back(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], raw({"a": 1}) + raw({"b": 2}))
    ahead = os.read(pipe[0], 4)
    wire = Wire(pipe[0], -1)
    wire.push_back(ahead)
    assert wire.receive() == Frame({"a": 1})
    assert wire.receive() == Frame({"b": 2})


def test_several_threads_may_send_without_mixing_their_frames(pipe: tuple[int, int]) -> None:
    wire = Wire(pipe[0], pipe[1])
    payload = b"x" * 5000
    threads = [
        threading.Thread(target=lambda n=n: [wire.send({"from": n}, payload) for _ in range(20)]) for n in range(4)
    ]
    for thread in threads:
        thread.start()
    frames = [wire.receive() for _ in range(80)]
    for thread in threads:
        thread.join()
    assert all(frame is not None and frame.payload == payload for frame in frames)


def test_sending_to_nobody_says_so(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    with pytest.raises(BrokenPipeError):
        Wire(-1, pipe[1]).send({"op": "hello"})


def test_silence_counts_as_an_end_but_a_slow_frame_does_not(pipe: tuple[int, int]) -> None:
    wire = Wire(pipe[0], -1, patience=0.3)

    def slowly() -> None:
        for byte in raw({"op": "plan"}):
            os.write(pipe[1], bytes([byte]))
            time.sleep(0.02)

    writer = threading.Thread(target=slowly)
    writer.start()
    frame = wire.receive()
    writer.join()
    assert frame == Frame({"op": "plan"})
    with pytest.raises(WireBroken, match="nothing came"):
        wire.receive()
