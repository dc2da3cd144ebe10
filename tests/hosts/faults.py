"""Accidents on purpose: a deployment held, killed or cut off at an exact point, and a look at what is left.

`Faults.arm` puts a hook into the host's own python3. The agent then stops at one point of its work: where it has
written a record into its journal ("built start"), or before or after one of its functions
("deployment.replace_link after"). There it waits to be released, or dies by SIGKILL. The hook acts once.
"""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from .machine import Host
from .product import Project, Result, eventually, tiny_project, visitor

HOOK_FOLDER = "/usr/lib/python3/dist-packages"
ORDERS = "/var/lib/faults"
HOOK = f"""\
import importlib.abc, importlib.machinery, os, signal, sys, time

WANTED, TAKEN, REACHED = "{ORDERS}/wanted", "{ORDERS}/taken", "{ORDERS}/reached"


def act(action):
    try:
        os.rename(WANTED, TAKEN)
    except OSError:
        return
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    open(REACHED, "w").close()
    while os.path.exists(TAKEN):
        time.sleep(0.002)


def around(function, when, action):
    def wrapped(*arguments, **named):
        if when == "before":
            act(action)
        result = function(*arguments, **named)
        if when == "after":
            act(action)
        return result
    return wrapped


def on_record(write, step, state, action):
    def wrapped(self, at, **facts):
        write(self, at, **facts)
        if at == step and facts.get("state", "") == state:
            act(action)
    return wrapped


class Loader(importlib.abc.Loader):
    def __init__(self, real, name, place, action):
        self.real, self.name, self.place, self.action = real, name, place, action

    def __getattr__(self, name):
        return getattr(self.real, name)

    def create_module(self, spec):
        return self.real.create_module(spec)

    def exec_module(self, module):
        self.real.exec_module(module)
        what, _, rest = self.place.partition(" ")
        if "." in what:
            owner, _, function = what.partition(".")[2].rpartition(".")
            owner = getattr(module, owner) if owner else module
            setattr(owner, function, around(getattr(owner, function), rest, self.action))
        else:
            module.Journal.write = on_record(module.Journal.write, what, rest, self.action)


class Finder(importlib.abc.MetaPathFinder):
    def __init__(self, place, action):
        what = place.partition(" ")[0]
        self.module = "seawall.agent." + (what.partition(".")[0] if "." in what else "journal")
        self.place, self.action = place, action

    def find_spec(self, name, path, target=None):
        if name != self.module:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        spec.loader = Loader(spec.loader, name, self.place, self.action)
        return spec


try:
    with open(WANTED) as orders:
        sys.meta_path.insert(0, Finder(*orders.read().splitlines()))
except OSError:
    pass
"""

#: All that a deployment may leave half done, told as JSON by the host itself.
LOOK = r"""
import gzip, hashlib, json, os, subprocess, sys
app = sys.argv[1]
base = f"/srv/{app}"
def lines(*argv):
    return subprocess.run(argv, capture_output=True, text=True).stdout.splitlines()
def differs(path):
    # What is kept compressed beside a content has the name of the content.
    read = gzip.open if path.endswith(".gz") else open
    try:
        return hashlib.sha256(read(path, "rb").read()).hexdigest() not in path
    except FileNotFoundError:
        return False
patterns = (f"seawall-{app}@*", f"seawall-{app}.*@*")
units = [line.split()[0] for line in lines("systemctl", "list-units", "--plain", "--no-legend", *patterns)]
files, temporary = [], []
for top in ("/etc/systemd/system", "/etc/nginx", "/etc/ssl/seawall", base, "/var/lib/seawall/agent"):
    for folder, dirs, names in os.walk(top):
        if folder == f"{base}/venvs": dirs[:] = []
        for name in [*names, *dirs]:
            if name.startswith(".seawall-"): temporary.append(os.path.join(folder, name))
            if top == "/etc/systemd/system" and name.startswith((f"seawall-{app}@", f"seawall-{app}.")):
                files.append(os.path.relpath(os.path.join(folder, name), top))
journal = f"{base}/state/journal.jsonl"
records = [json.loads(line) for line in open(journal) if line.strip()] if os.path.exists(journal) else []
begun = [r for r in records if r["step"] in ("begin", "end")]
releases = sorted(os.listdir(f"{base}/releases")) if os.path.isdir(f"{base}/releases") else []
agents, orphans = [], []
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        words = open(f"/proc/{pid}/cmdline", "rb").read().split(b"\0")
        folder = os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        continue
    if b"/var/lib/seawall/agent" in words or words[0].endswith(b"/uv"):
        agents.append(b" ".join(words)[:100].decode(errors="replace"))
    if folder.startswith(f"{base}/releases/") and folder.split("/")[4] not in releases:
        orphans.append(folder)
objects = f"{base}/objects"
names = os.listdir(objects) if os.path.isdir(objects) else []
whole = [f"{objects}/{name}" for name in names if not name.endswith(".part")]
nginx = subprocess.run(["nginx", "-t"], capture_output=True, text=True)
print(json.dumps({
    "live": os.path.basename(os.readlink(f"{base}/live")) if os.path.islink(f"{base}/live") else "",
    "units": sorted(units), "files": sorted(files), "temporary": temporary,
    "open": bool(begun) and begun[-1]["step"] != "end",
    "releases": releases, "partial": [r for r in releases if not os.path.exists(f"{base}/releases/{r}/release.json")],
    "undo": os.path.exists(f"{base}/state/undo/log"), "agents": agents,
    "orphans": orphans,
    "hollow": lines("find", f"{base}/live/settings", f"{base}/live/units", f"{base}/live/release.json", "-empty"),
    "damaged": [path for path in whole if differs(path)],
    "nginx": nginx.stderr if nginx.returncode else "",
}))
"""


@dataclass(frozen=True)
class Left:
    """What is on the host after an accident."""

    live: str
    units: list[str]
    files: list[str]
    temporary: list[str]
    open: bool
    releases: list[str]
    partial: list[str]
    undo: bool
    agents: list[str]
    orphans: list[str]
    hollow: list[str]
    damaged: list[str]
    nginx: str


@dataclass
class Faults:
    """A host with an app called `app`, and ways to hurt it."""

    host: Host
    app: str = "tiny"

    def install(self) -> None:
        """Put the hook on the host. It sleeps until `arm`."""
        self.host.write_file(f"{HOOK_FOLDER}/seawall_faults.py", HOOK)
        self.host.write_file(f"{HOOK_FOLDER}/seawall_faults.pth", "import seawall_faults\n")
        self.host.run(["mkdir", "-p", ORDERS])

    def arm(self, place: str, action: str = "hold") -> None:
        """The next agent holds, or is killed (`kill`), at `place`."""
        self.disarm()
        self.host.write_file(f"{ORDERS}/wanted", f"{place}\n{action}\n")

    def disarm(self) -> None:
        self.host.run(["rm", "-f", f"{ORDERS}/wanted", f"{ORDERS}/taken", f"{ORDERS}/reached"])

    def reached(self) -> bool:
        return (self._orders / "reached").exists()

    def taken(self) -> bool:
        return (self._orders / "taken").exists()

    def release(self) -> None:
        """Let a held agent go on."""
        self.host.run(["rm", "-f", f"{ORDERS}/taken", f"{ORDERS}/reached"])

    @property
    def _orders(self) -> Path:
        return self.host.disk.root / ORDERS.lstrip("/")

    @contextlib.contextmanager
    def held(self, project: Project, place: str, *args: str) -> Iterator[subprocess.Popen[str]]:
        """`seawall ARGS` (a deploy, if not told) held at `place` for the length of the block."""
        self.arm(place)
        process = project.start(*(args or ("deploy", "--yes")))
        try:
            deadline = time.monotonic() + 120
            while not self.reached():
                assert process.poll() is None, f"ended before {place}: {process.communicate()}"
                assert time.monotonic() < deadline, f"never came to {place}"
                time.sleep(0.005)
            yield process
        except BaseException:
            process.kill()
            process.communicate()
            raise

    def runs(self, command: str) -> bool:
        """Whether a program with exactly this command line runs on the host."""
        return self.host.run(["pgrep", "-xf", command], check=False).returncode == 0

    def kill_agent(self) -> None:
        """End the agent at once, and nothing that it started."""
        self.host.run(["pkill", "-KILL", "-f", "^python3 -I .*/var/lib/seawall/agent"])

    def look(self) -> Left:
        done = self.host.run(["python3", "-c", LOOK, self.app])
        return Left(**json.loads(done.stdout))

    def assert_tidy(self, live: str, domain: str = "") -> None:
        """Only `live` is there and runs; nothing is half done. What ends in its own time may take some."""
        seen: list[Left] = []

        def tidy() -> bool:
            seen[:] = [self.look()]
            left = seen[0]
            strays = [name for name in (*left.units, *left.files) if f"@{live}." not in name]
            return not (strays or left.agents or left.orphans)

        eventually(tidy, f"strays: {self.look()}", within=45)
        left = seen[0]
        assert left.live == live, left
        assert not left.temporary, left
        assert not left.open, left
        assert not left.partial, left
        assert not left.undo, left
        assert not left.hollow, left
        assert not left.damaged, left
        assert not left.nginx, left
        assert bool(left.files) == bool(live), left


def ended(process: subprocess.Popen[str], timeout: float = 120) -> Result:
    """How a started `seawall` came to its end."""
    out, err = process.communicate(timeout=timeout)
    return Result(process.returncode, out, err)


def cut_connection(process: subprocess.Popen[str]) -> None:
    """Kill the ssh processes of a running `seawall`, as a dead network would end them."""
    children = Path(f"/proc/{process.pid}/task")
    pids = {int(pid) for file in children.glob("*/children") for pid in file.read_text().split()}
    ssh = [pid for pid in pids if Path(f"/proc/{pid}/cmdline").read_bytes().startswith((b"ssh\0", b"/usr/bin/ssh\0"))]
    assert ssh, f"no ssh among {pids}"
    for pid in ssh:
        os.kill(pid, signal.SIGKILL)


def press_ctrl_c(process: subprocess.Popen[str]) -> None:
    """What a terminal does: SIGINT to the whole process group."""
    os.killpg(process.pid, signal.SIGINT)


@dataclass
class Watch:
    """What visitors got while it was on: each distinct answer, and every failure."""

    answers: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@contextlib.contextmanager
def visited(host: Host, path: str = "/", domain: str = "tiny.example.com") -> Iterator[Watch]:
    """Visitors come all the time; every one of them must get a good answer."""
    watch, over = Watch(), threading.Event()

    def come() -> None:
        with visitor(host, domain) as client:
            while not over.wait(0.02):
                try:
                    answer = _got(client, path)
                except httpx.HTTPError as error:
                    watch.failures.append(repr(error))
                    continue
                if answer.status_code != 200:
                    watch.failures.append(f"{answer.status_code} {answer.text[:200]}")
                elif answer.text not in watch.answers[-1:]:
                    watch.answers.append(answer.text)

    thread = threading.Thread(target=come)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()
    assert not watch.failures, watch.failures
    assert watch.answers


def _got(client: httpx.Client, path: str) -> httpx.Response:
    """Ask once more where the server ended an idle connection at that very moment, as browsers do (RFC 9112, 9.3.1)."""
    try:
        return client.get(path)
    except httpx.RemoteProtocolError:
        return client.get(path)


def deployed(host: Host, project: Project) -> Faults:
    """The project's first release on the host, with the hook in place, saved as `deployed`."""
    faults = Faults(host)
    faults.install()
    project.deploy()
    host.save("deployed")
    return faults


Make = Callable[..., Project]


def maker(directory: Path, ssh_environment: Mapping[str, str], host: Host) -> Make:
    """A factory of projects for the host: always the same app, in a folder of its own."""
    count = iter(range(1000))

    def make(**settings: Any) -> Project:
        return tiny_project(directory / str(next(count)), ssh_environment, host.name, **settings)

    return make
