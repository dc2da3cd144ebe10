"""An open session with the agent on one host: requests out, events and one answer in.

A session is started and only later waited for (`greet`), so that reading the project can go on while the connection
is being made.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from seawall.agent.wire import BEAT_EVERY, Wire, WireBroken
from seawall.errors import ConnectionLost, HostError
from seawall.transport.pack import MARKER, NEED, package

if TYPE_CHECKING:
    from seawall.agent.vocabulary import Event

#: Output before the marker (a login shell's banner) that we read past, bytes.
MOST_NOISE = 64 * 1024
#: How long a connection that failed may take to end by itself, seconds.
PATIENCE = 5

Tell = Callable[["Event"], None]
#: Makes the right error of a connection that ended before the agent answered: exit code, standard error.
Explain = Callable[[int, str], Exception]


class Session:
    def __init__(self, host: str, process: subprocess.Popen[bytes], explain: Explain) -> None:
        self.host = host
        self.facts: Mapping[str, Any] = {}
        self._process = process
        self._explain = explain
        self._errors: list[bytes] = []
        self._early: tuple[str, dict[str, Any]] | None = None
        assert process.stdin is not None and process.stdout is not None  # noqa: PT018, S101 - both are pipes
        self._wire = Wire(process.stdout.fileno(), process.stdin.fileno())
        self._reader = threading.Thread(target=self._collect_errors, daemon=True)
        self._reader.start()
        self._closed = threading.Event()
        self._beating = threading.Lock()

    def send_early(self, op: str, **fields: Any) -> None:
        """Send the first request on trust, before `greet`: where the agent is there already, that saves a round trip.

        Its answer comes after the greeting. If the connection has failed by now, `greet` says so.
        """
        self._early = (op, fields)
        try:
            self._wire.send({"op": op, **fields})
        except OSError:
            return

    def greet(self) -> None:
        """Wait for the agent, sending it first if the host lacks it. Raises ConnectionFailed or ConnectionLost."""
        try:
            self._skip_to_marker()
            first = self._exactly(4)
            if first == NEED:
                self._send_agent()
                first = self._exactly(4)
            self._wire.push_back(first)
            frame = self._wire.receive()
        except (EOFError, WireBroken, OSError):
            frame = None
        if frame is None:
            raise self._ended()
        self.facts = frame.message["hello"]
        threading.Thread(target=self._beat, daemon=True).start()

    def request(self, op: str, tell: Tell | None = None, **fields: Any) -> dict[str, Any]:
        """Ask and wait for the answer; events go to ``tell``. Raises HostError, ConnectionLost."""
        self.send(op, **fields)
        return self.answer(tell)

    def send(self, op: str, payload: bytes = b"", **fields: Any) -> None:
        try:
            self._wire.send({"op": op, **fields}, payload)
        except OSError as error:
            raise self._lost() from error

    def request_pieces(self, op: str, take: Callable[[bytes], None], **fields: Any) -> dict[str, Any]:
        """The same for an answer that comes with bytes: ``take`` gets them piece by piece, before it."""
        self.send(op, **fields)
        return self.answer(take=take)

    def answer(self, tell: Tell | None = None, take: Callable[[bytes], None] | None = None) -> dict[str, Any]:
        while True:
            try:
                frame = self._wire.receive()
            except (WireBroken, OSError):
                frame = None
            if frame is None:
                raise self._lost()
            message = frame.message
            if "event" in message and tell is not None:
                tell(_event(message["event"]))
            elif "piece" in message and take is not None:
                take(frame.payload)
            elif "result" in message:
                result: dict[str, Any] = message["result"]
                return result
            elif "error" in message:
                raise HostError(host=self.host, **message["error"])

    def cancel(self) -> None:
        """Ask the agent to stop before the switch; it answers the request under way with an error."""
        try:
            self._wire.send({"op": "cancel"})
        except OSError:
            return  # it is gone, which is more than was asked

    def close(self) -> None:
        """End the session; what was prepared and not committed is undone by the agent on its own."""
        self._closed.set()
        with self._beating:
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()

    def wait_closed(self, seconds: float) -> None:
        """End the session and wait until the agent has ended too."""
        self._closed.set()
        with self._beating:
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.terminate()
            self._process.wait()
        self.close()
        self._reader.join()

    def _beat(self) -> None:
        """Tell the agent now and then that we are still there."""
        while not self._closed.wait(BEAT_EVERY):
            # Not while the pipe is being closed: its number may be another file's at once.
            with self._beating, contextlib.suppress(OSError):
                if not self._closed.is_set():
                    self._wire.send({"op": "beat"})

    def _send_agent(self) -> None:
        """The agent, and once more the request that the bootstrap has read past."""
        agent = package()
        self._send_raw(MARKER + len(agent.data).to_bytes(4, "big") + agent.data)
        if self._early is not None:
            op, fields = self._early
            self._wire.send({"op": op, **fields})

    def _skip_to_marker(self) -> None:
        seen = b""
        while not seen.endswith(MARKER):
            if len(seen) > MOST_NOISE:
                raise EOFError
            seen += self._exactly(1)

    def _exactly(self, count: int) -> bytes:
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        data = b""
        while len(data) < count:
            part = os.read(self._process.stdout.fileno(), count - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def _send_raw(self, data: bytes) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        view = memoryview(data)
        while view:
            view = view[os.write(self._process.stdin.fileno(), view) :]

    def _collect_errors(self) -> None:
        assert self._process.stderr is not None  # noqa: S101 - it is a pipe
        with self._process.stderr as errors:
            while part := os.read(errors.fileno(), 65536):
                self._errors.append(part)

    def _error_text(self) -> str:
        self._reader.join(2)
        return b"".join(self._errors)[-4000:].decode(errors="replace").strip()

    def _ended(self) -> Exception:
        """What to say of a connection on which the agent never spoke; if the other side still talks, it is ended."""
        self.close()
        try:
            code = self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.terminate()
            code = self._process.wait()
        return self._explain(code, self._error_text())

    def _lost(self) -> ConnectionLost:
        return ConnectionLost(
            f"the connection to {self.host} broke while it was at work",
            place=self.host,
            state="before the switch the host undoes its work by itself; after it, it finishes",
            remedy="run the command again; `seawall status` says what is live",
            output=self._error_text(),
        )


def _event(data: dict[str, Any]) -> Event:
    from seawall.agent.resource import build
    from seawall.agent.vocabulary import Event

    return build(Event, data)
