"""Frames between the tool and the agent.

A frame is a 4-byte big-endian length, a JSON object of that length and, where the object has ``"payload": N``, N raw
bytes. A long object is compressed (zlib, RFC 1950), which the length's highest bit says. Both sides use this file, so
there is one definition.
"""

from __future__ import annotations

import json
import os
import select
import struct
import threading
import zlib
from dataclasses import dataclass
from typing import Any

#: The largest payload of one frame, bytes: big files travel in several, so memory stays flat on both sides.
CHUNK = 1 << 20
#: The largest JSON part of a frame, bytes: some 200,000 files; a longer one is a broken stream.
LARGEST_MESSAGE = 64 << 20
#: What a new TCP connection may send before it has heard anything (RFC 6928), and ssh has used some of that: a longer
#: object waits for the other side once or twice more, bytes.
LONG = 8192
#: Set in the length of an object that is compressed.
COMPRESSED = 1 << 31
#: The tool says that it is still there this often; a network that dies silently, or a laptop that sleeps, would else
#: keep a host's lock for as long as TCP takes to give up, which may be hours (tcp(7)). Seconds.
BEAT_EVERY = 15.0
#: Silence after which the other side counts as gone, seconds.
PATIENCE = 90.0


class WireBroken(Exception):
    """The stream ended in the middle of a frame, or holds something that is no frame."""


@dataclass(frozen=True)
class Frame:
    message: dict[str, Any]
    payload: bytes = b""


class Wire:
    """Reads and writes frames on two file descriptors; writing is safe from several threads.

    ``patience`` is how many seconds the other side may be silent, None for ever.
    """

    def __init__(self, read_fd: int, write_fd: int, patience: float | None = None) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._patience = patience
        self._writing = threading.Lock()
        self._pushed_back = b""

    def push_back(self, data: bytes) -> None:
        """Put back bytes that were read before it was known that frames begin."""
        self._pushed_back = data

    def send(self, message: dict[str, Any], payload: bytes = b"") -> None:
        """Write one frame whole. Raises OSError (BrokenPipeError) if the other side is gone."""
        if payload:
            message = {**message, "payload": len(payload)}
        body = json.dumps(message, separators=(",", ":")).encode()
        length = len(body)
        if length > LONG:
            body = zlib.compress(body, 1)
            length = len(body) | COMPRESSED
        with self._writing:
            _write_all(self._write_fd, struct.pack(">I", length) + body)
            if payload:
                _write_all(self._write_fd, payload)

    def receive(self) -> Frame | None:
        """The next frame, or None where the stream ends between frames. Raises WireBroken elsewhere, and after a
        silence of more than ``patience``."""
        head = self._read(4)
        if not head:
            return None
        number = struct.unpack(">I", head)[0] if len(head) == 4 else LARGEST_MESSAGE + 1
        length = number & ~COMPRESSED
        if length > LARGEST_MESSAGE:
            raise WireBroken(f"not a frame: {head!r}")
        body = self._whole(length)
        message = _parse(_unpacked(body) if number & COMPRESSED else body)
        return Frame(message, self._whole(message.get("payload", 0)))

    def _whole(self, count: int) -> bytes:
        data = self._read(count)
        if len(data) < count:
            raise WireBroken(f"the stream ended {count - len(data)} bytes early")
        return data

    def _read(self, count: int) -> bytes:
        parts = [self._pushed_back[:count]]
        self._pushed_back = self._pushed_back[count:]
        count -= len(parts[0])
        while count:
            self._await()
            part = os.read(self._read_fd, min(count, CHUNK))
            if not part:
                break
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _await(self) -> None:
        if self._patience is not None and not select.select([self._read_fd], [], [], self._patience)[0]:
            raise WireBroken(f"nothing came for {self._patience:g} s")


def _unpacked(body: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        whole = unpacking.decompress(body, LARGEST_MESSAGE)
    except zlib.error as error:
        raise WireBroken(f"not a frame: {error}") from error
    if not unpacking.eof or unpacking.unused_data:
        raise WireBroken("not a frame: it ends early, or is longer than any")
    return whole


def _parse(body: bytes) -> dict[str, Any]:
    try:
        message = json.loads(body)
    except ValueError as error:  # no UTF-8, or no JSON
        raise WireBroken(f"not a frame: {error}") from error
    size = message.get("payload", 0) if isinstance(message, dict) else None
    if type(size) is not int or not 0 <= size <= CHUNK:
        raise WireBroken("not a frame: it is no object, or its payload has an impossible size")
    return dict(message)


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
