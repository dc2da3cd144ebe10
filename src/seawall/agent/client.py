"""The tool at the other end of a session, as the agent sees it."""

from __future__ import annotations

import queue
import threading
from typing import Any

from seawall.agent.vocabulary import Event
from seawall.agent.wire import Frame, Wire, WireBroken

#: Frames read ahead of the work; with the largest payload this bounds the agent's memory at 64 MiB.
READ_AHEAD = 64


class Client:
    """The tool at the other end. It may vanish at any moment; the work decides what that means.

    It says ``beat`` now and then, so that its silence means that it is gone (`Wire`).
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._frames: queue.Queue[Frame | None] = queue.Queue(READ_AHEAD)
        self._gone = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        try:
            while (frame := self._wire.receive()) is not None:
                op = frame.message.get("op")
                if op == "beat":  # it has been heard by now, which is all it is for
                    continue
                if op == "cancel":
                    self._gone.set()
                self._frames.put(frame)
        except (WireBroken, OSError, ValueError):
            pass  # a stream that is torn or silent is the same as an ended one
        self._gone.set()
        self._frames.put(None)

    def gone(self) -> bool:
        """Whether the person cancelled or the connection ended."""
        return self._gone.is_set()

    def next(self) -> Frame | None:
        """The next frame; None at the end, however often that is asked for."""
        frame = self._frames.get()
        if frame is None:
            self._frames.put(None)
        return frame

    def send(self, message: dict[str, Any], payload: bytes = b"") -> None:
        try:
            self._wire.send(message, payload)
        except OSError:
            self._gone.set()

    def report(self, event: Event) -> None:
        self.send({"event": {name: value for name, value in vars(event).items() if value not in ("", None)}})
