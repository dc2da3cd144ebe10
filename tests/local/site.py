"""A small app on this machine, deployed for real: supervisor, uWSGI, and nginx or the tool's own front."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import ssl
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from seawall.agent.vocabulary import Event
from seawall.config.load import load
from seawall.config.model import Project
from seawall.operations import local
from seawall.operations.deploy import deploy
from seawall.operations.events import Happening, Progress
from seawall.operations.hosts import Host, begin, connect
from seawall.operations.plan import Plan, finish_or_undo, make_plan
from seawall.traffic import TrafficPlan

T = TypeVar("T")

APP = """\
import os
from flask import Flask

app = Flask(__name__)


@app.get("/")
def home():
    return "VERSION one " + os.environ.get("COLOUR", "grey")


@app.get("/health")
def health():
    return "well"
"""

CONFIG = """\
name = "tiny"

[app]
entry = "app:app"
persist = ["kept"]

[server]
workers = 1
graceful_timeout = 1

[health]
interval = 0.02
answer_timeout = 0.5
timeout = 15.0

[release]
drain = 5.0

[static]
"/static/" = "static"

[local]
port = {port}
http_port = {http_port}
"""


@dataclass
class Done:
    """What became of a command: what was told on the way, and its answer."""

    answer: Any
    told: list[Event] = field(default_factory=list)

    def steps(self) -> list[str]:
        """The release protocol's steps that were done."""
        return [event.step for event in self.told if event.kind == "step" and event.state == "done"]

    def output(self) -> str:
        return "\n".join(event.text for event in self.told if event.kind in ("output", "note"))


class Site:
    """One project in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, http_port = free_ports(2)
        self.settings = CONFIG.format(port=self.port, http_port=http_port)
        self.recovered: list[str] = []
        self.write("static/style.css", "one")
        self.reset()

    # the project's files

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def reset(self) -> None:
        """The app as it works."""
        self.write("app.py", APP)
        self.write("requirements.txt", "flask==3.1.*\n")
        self.write("seawall.toml", self.settings)

    def configure(self, table: str, *lines: str) -> None:
        """Add to the configuration, into a table that may be there."""
        text = (self.folder / "seawall.toml").read_text()
        head = f"[{table}]\n" if table else 'name = "tiny"\n'
        addition = "".join(f"{line}\n" for line in lines)
        names = tuple(f"{line.partition('=')[0].strip()} =" for line in lines)
        kept = "".join(line for line in text.splitlines(keepends=True) if not line.startswith(names))
        self.write("seawall.toml", kept.replace(head, head + addition) if head in kept else kept + head + addition)

    def version(self, name: str) -> None:
        """A one-line change of the app."""
        self.write("app.py", APP.replace("one", name))

    # what one does with it

    @property
    def project(self) -> Project:
        return load(self.folder, "local")

    @property
    def base(self) -> Path:
        return self.folder / ".seawall" / "local"

    @property
    def live(self) -> str:
        link = self.base / "live"
        return os.path.basename(os.readlink(link)) if link.is_symlink() else ""

    @contextlib.contextmanager
    def plan(self) -> Iterator[Plan]:
        local.prepare(self.project)
        plan = make_plan(
            self.project, begin(self.project), lambda _: "", recover=lambda _, said: self.recovered.append(said)
        )
        try:
            yield plan
        finally:
            for item in plan.hosts:
                item.host.session.wait_closed(30)

    @contextlib.contextmanager
    def hosts(self) -> Iterator[list[Host]]:
        """Sessions to change something: a deployment that was cut off is taken care of first."""
        with self.connected() as hosts:
            for host in hosts:
                finish_or_undo(host, lambda _, said: self.recovered.append(said))
            yield hosts

    @contextlib.contextmanager
    def connected(self) -> Iterator[list[Host]]:
        hosts = connect(self.project, lambda _: "")
        try:
            yield hosts
        finally:
            for host in hosts:
                host.session.wait_closed(30)

    def deploy(self, watch: Callable[[Event, Plan], None] = lambda *_: None) -> Done:
        with self.plan() as plan:
            return follow(deploy(plan), lambda event: watch(event, plan))

    def do(self, operation: Callable[[list[Host]], Generator[Happening, None, Any]]) -> Done:
        with self.hosts() as hosts:
            return follow(operation(hosts))

    def down(self) -> None:
        with self.hosts() as hosts:
            local.down(self.project, hosts)

    # what a visitor sees

    def get(self, path: str = "/") -> tuple[int, str]:
        context = ssl.create_default_context(cafile=str(self.base / "tls/ca.crt"))
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=10, context=context)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def says(self) -> str:
        """Which version of the app answers."""
        status, text = self.get()
        assert status == 200, text
        return text.split()[1]

    def leaf(self) -> bytes:
        """The certificate that visitors are shown."""
        return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("localhost", self.port), timeout=10))

    def traffic(self) -> TrafficPlan:
        return TrafficPlan(
            f"https://localhost:{self.port}/",
            rate=60,
            ca_file=str(self.base / "tls/ca.crt"),
            mark=r"VERSION (\w+)",
        )

    # what is left of it

    def processes(self) -> list[int]:
        """Everything that runs out of the project's folder, or in it."""
        base = str(self.base)
        return [pid for pid in _processes() if base in command_of(pid) or folder_of(pid).startswith(base)]

    def end(self) -> None:
        """End supervisord and all it started, and remove the folder."""
        pid_file = self.base / "run" / "supervisord.pid"
        if pid_file.exists():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid_file.read_text()), signal.SIGTERM)
        deadline = time.monotonic() + 15
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder)


def follow(work: Generator[Happening, None, T], watch: Callable[[Event], None] = lambda _: None) -> Done:
    told: list[Event] = []
    while True:
        try:
            happening = next(work)
        except StopIteration as end:
            return Done(end.value, told)
        if isinstance(happening, Progress):
            told.append(happening.event)
            watch(happening.event)


def new_site() -> Site:
    """A site in a folder whose path is short enough for sockets in it."""
    return Site(Path(tempfile.mkdtemp(prefix="sw", dir="/tmp")).resolve())


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def _processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]


def folder_of(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
