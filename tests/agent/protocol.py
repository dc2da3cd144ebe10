"""A session with the agent over pipes, on a host whose service manager is played by threads."""

from __future__ import annotations

import hashlib
import os
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from agent.http_servers import Behaviour, answers, on_port, on_socket
from agent.sample import places, release
from seawall.agent import session
from seawall.agent.places import Places, ReleasePlaces
from seawall.agent.releases import live_id
from seawall.agent.vocabulary import Entry, FrontDoor, Program, Release, to_wire
from seawall.agent.wire import Wire


class Manager:
    """Keeps a real server on each release's socket, as a service manager would."""

    def __init__(self) -> None:
        self.behave: Behaviour = answers(200)
        self.running_now: dict[str, ExitStack] = {}
        self.why_broken = ""
        self.killed: list[str] = []

    def start(self, at: ReleasePlaces, program: Program) -> None:
        if at.id not in self.running_now:
            self.running_now[at.id] = ExitStack()
            self.running_now[at.id].enter_context(on_socket(at.socket, self.behave))

    def stop(self, at: ReleasePlaces, program: Program) -> None:
        if at.id in self.running_now:
            self.running_now.pop(at.id).close()

    retire = stop

    def kill(self, at: ReleasePlaces, program: Program) -> None:
        self.killed.append(at.id)

    def broken(self, at: ReleasePlaces, program: Program) -> str:
        return "" if at.id in self.running_now and not self.why_broken else self.why_broken or "not running"

    down = broken

    def pids(self, at: ReleasePlaces, program: Program) -> list[int]:
        return []

    def log_tail(self, at: ReleasePlaces, program: Program, lines: int) -> str:
        return "last words of hunter2hunter2"

    def log_commands(self, places: Places, names: object, lines: int, follow: str) -> list[list[str]]:
        then = "; exec sleep 600" if follow else ""
        return [["sh", "-c", f"echo one hunter2hunter2{then}"], ["sh", "-c", f"echo two{then}"]]

    def installed(self, places: Places) -> list[str]:
        return sorted(self.running_now)

    running = installed


class Host:
    """One host and the sessions with it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.places = places(folder / "base")
        self.manager = Manager()
        self.stack = stack
        self.front_answers = True
        self.port = stack.enter_context(on_port(self._front))

    def _front(self, handler: Any) -> None:
        live = live_id(self.places) if self.front_answers else "another"
        answers(200, X_Seawall_Release=live)(handler)

    @property
    def live(self) -> str:
        return live_id(self.places)

    def wanted(self, text: str = "one", **changes: Any) -> tuple[Release, dict[str, bytes]]:
        """A release of one file, and the objects it needs."""
        content = text.encode()
        name = hashlib.sha256(content).hexdigest()
        front = FrontDoor("127.0.0.1", self.port, False, "localhost", "/health")
        return release(Entry("app.py", name, len(content)), front=front, **changes), {name: content}

    def session(self) -> Talk:
        talk = Talk(self)
        self.stack.callback(talk.leave)
        return talk


class Talk:
    """The tool's side of one session."""

    def __init__(self, host: Host) -> None:
        self.host = host
        there, mine = os.pipe(), os.pipe()
        self._ends = [there[1], mine[0]]
        self.wire = Wire(mine[0], there[1])
        self.events: list[dict[str, Any]] = []
        self.agent = threading.Thread(target=self._serve, args=(there[0], mine[1]), daemon=True)
        self.agent.start()
        hello = self.wire.receive()
        assert hello is not None
        assert hello.message == {"hello": {"os": "a test"}}
        self.app = self.ask("open", layout=to_wire(host.places.layout))["result"]

    def _serve(self, read_end: int, write_end: int) -> None:
        session.serve(read_end, write_end, {"os": "a test"})
        os.close(read_end)

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        """The answer, as it came: with a result or an error."""
        self.wire.send({"op": op, **fields})
        return self.answer()

    def answer(self) -> dict[str, Any]:
        while (frame := self.wire.receive()) is not None:
            if "event" not in frame.message:
                return frame.message
            self.events.append(frame.message["event"])
        raise AssertionError("the agent has gone")

    def plan(self, wanted: Release | None, resources: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
        release = to_wire(wanted) if wanted else None
        answer = self.ask("plan", resources=list(resources), release=release, domains=[])
        return dict(answer["result"])

    def upload(self, objects: dict[str, bytes]) -> dict[str, Any]:
        for name, content in objects.items():
            self.wire.send({"op": "object", "name": name, "offset": 0, "last": True}, content)
        return self.ask("objects-end", names=list(objects))

    def prepare(self, text: str = "one", release_id: str = "", **changes: Any) -> dict[str, Any]:
        """Plan, upload and prepare a release of one file."""
        wanted, objects = self.host.wanted(text, **changes)
        plan = self.plan(wanted)
        self.upload({name: content for name, content in objects.items() if name in plan["missing"]})
        return self.ask(
            "prepare",
            fingerprint=plan["fingerprint"],
            new_release=plan["release"]["new"],
            release_id=release_id or self.app["next"],
            lead=True,
            by="ada@desk",
        )

    def leave(self) -> None:
        """End the connection, and wait until the agent has done what it does then."""
        for end in self._ends:
            os.close(end)
        self._ends = []
        self.agent.join()


class NoBuilder:
    """Virtual environments are tested elsewhere."""

    def __init__(self, *_: object) -> None:
        return

    def build(self, at: ReleasePlaces, release: Release) -> str:
        at.venv.symlink_to("/nonexistent")
        return ""
