"""Driving the product as a person does: the `seawall` command in a project's folder, and a browser at the site.

A `Project` runs the environment's own `seawall` as a process, with the session's `ssh` first on PATH and a home of its
own, so nothing of the person who runs the tests is read or written. `tiny_project` makes the smallest Flask app worth
deploying; `visit` is the browser.
"""

import json
import os
import pty
import re
import select
import shutil
import signal
import ssl
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import tomlkit

from .machine import Host

SEAWALL = Path(sys.executable).with_name("seawall")
TIMEOUT = 300.0  # seconds; a test machine may be busy

TINY_APP = '''\
"""The smallest app worth deploying."""

import os
import sys

from flask import Flask, request

app = Flask(__name__)
VERSION = "one"


@app.get("/")
def index():
    return f"version {VERSION}"


@app.get("/health")
def health():
    return {"status": "ok"}


@app.get("/env/<name>")
def variable(name):
    return os.environ.get(name, "(none)")


@app.get("/say/<word>")
def say(word):
    print(word, file=sys.stderr, flush=True)
    return "said"


@app.post("/size")
def size():
    return str(len(request.get_data()))
'''


@dataclass(frozen=True)
class Result:
    """What a run of `seawall` came to; `out` is standard output, `err` standard error."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """All that a person would have read, without the order of the two streams."""
        return self.err + self.out

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Project:
    """A project in a folder of its own."""

    directory: Path
    environment: Mapping[str, str]

    def seawall(self, *args: str, input: str | None = None, check: bool = True, timeout: float = TIMEOUT) -> Result:
        """Run `seawall ARGS` without a terminal. Fails the test with all that was said unless it exits with 0, or
        `check` is off."""
        done = subprocess.run(
            [str(SEAWALL), *args],
            cwd=self.directory,
            env=dict(self.environment),
            input=input or "",
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        result = Result(done.returncode, done.stdout, done.stderr)
        assert not check or result.code == 0, f"seawall {' '.join(args)}: exit {result.code}\n{result.said}"
        return result

    def deploy(self, *args: str, check: bool = True) -> Result:
        return self.seawall("deploy", "--yes", *args, check=check)

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Begin `seawall ARGS` and go on; the streams are pipes."""
        return subprocess.Popen(
            # A program that a script runs in the background is deaf to Ctrl-C, and so would be all that it starts.
            ["env", "--default-signal=INT", str(SEAWALL), *args],
            cwd=self.directory,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @contextmanager
    def on_a_terminal(self, *args: str) -> Iterator["Terminal"]:
        """`seawall ARGS` with a terminal, at which the test is the person."""
        pid, fd = pty.fork()
        if pid == 0:
            os.chdir(self.directory)
            environment = {**self.environment, "TERM": "xterm", "COLUMNS": "200"}
            environment.pop("CI", None)
            # A run of tests in the background may be deaf to it, and so would be what it starts.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.execve(SEAWALL, [str(SEAWALL), *args], environment)  # noqa: S606 - an argument list, in a child of our own
        terminal = Terminal(pid, fd)
        try:
            yield terminal
        finally:
            terminal.close()

    def write(self, path: str, text: str) -> None:
        """Write a file of the project."""
        file = self.directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a text that is there in a file of the project."""
        text = (self.directory / path).read_text()
        assert old in text, f"{path} has no {old!r}"
        self.write(path, text.replace(old, new))

    def configure(self, **changes: Any) -> None:
        """Lay `changes` over seawall.toml: tables merge, other values replace, None removes."""
        file = self.directory / "seawall.toml"
        settings = tomllib.loads(file.read_text()) if file.exists() else {}
        _merge(settings, changes)
        file.write_text(tomlkit.dumps(settings))

    def release(self, word: str) -> None:
        """Make the tiny app another version, `word`, in its files only."""
        text = (self.directory / "app.py").read_text()
        self.write("app.py", re.sub(r'^VERSION = ".*"$', f'VERSION = "{word}"', text, count=1, flags=re.M))

    def live(self) -> str:
        """The id of the release that is live on the first host."""
        found = [line["id"] for line in self.seawall("releases", "--json").json["releases"] if line["live"]]
        return str(found[0]) if found else ""


class Terminal:
    """A running `seawall` and its terminal."""

    def __init__(self, pid: int, fd: int) -> None:
        self._pid = pid
        self._fd = fd
        self._code: int | None = None
        self.seen = ""

    def shows(self, text: str, within: float) -> bool:
        """Whether `text` has been printed, or is in so many seconds; it and all before it are in `seen`."""
        deadline = time.monotonic() + within
        while text not in self.seen and self._read(deadline):
            pass
        return text in self.seen

    def wait_for(self, text: str, timeout: float = 120.0) -> None:
        """Wait until `text` has been printed."""
        assert self.shows(text, timeout), f"{text!r} never came; the terminal shows:\n{self.seen}"

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self._fd, f"{text}\n".encode())

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        os.write(self._fd, b"\x03")

    def finish(self, timeout: float = TIMEOUT) -> int:
        """Wait for the end; the answer is the exit code."""
        deadline = time.monotonic() + timeout
        while self._read(deadline):
            pass
        assert time.monotonic() < deadline, f"it did not end; the terminal shows:\n{self.seen}"
        return self._wait()

    def close(self) -> None:
        if self._code is None:
            os.kill(self._pid, signal.SIGKILL)
            self._wait()
        os.close(self._fd)

    def _wait(self) -> int:
        if self._code is None:
            self._code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return self._code

    def _read(self, deadline: float) -> bool:
        """Read what there is; False at the end of the terminal's life or at the deadline."""
        ready, _, _ = select.select([self._fd], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self._fd, 65536)
        except OSError:  # Linux's way to say that nobody has the terminal open any more
            return False
        self.seen += data.decode(errors="replace")
        return bool(data)


def empty_project(directory: Path, ssh_environment: Mapping[str, str]) -> Project:
    """A folder to be filled."""
    folder = directory / "project"
    folder.mkdir(parents=True)
    own = {"XDG_CONFIG_HOME": str(directory / "config"), "HOME": str(directory), "NO_COLOR": "1"}
    return Project(folder, {**ssh_environment, **own})


def tiny_project(
    directory: Path, ssh_environment: Mapping[str, str], *hosts: str, name: str = "tiny", **settings: Any
) -> Project:
    """The tiny app, for these hosts as `ssh` takes them, at NAME.example.com; `settings` as `configure` takes them."""
    project = empty_project(directory, ssh_environment)
    project.write("app.py", TINY_APP)
    project.write("requirements.txt", "flask\n")
    project.configure(
        name=name,
        domains=[f"{name}.example.com"],
        hosts=list(hosts),
        app={"entry": "app:app"},
        server={"workers": 1},
        health={"interval": 0.02},
    )
    project.configure(**settings)
    return project


def copied_project(directory: Path, ssh_environment: Mapping[str, str], source: Path) -> Project:
    """A copy of the project in `source`."""
    project = empty_project(directory, ssh_environment)
    shutil.copytree(source, project.directory, dirs_exist_ok=True)
    return project


class _Straight(httpx.BaseTransport):
    """Every name is this address; the name itself is still what is asked for and what the certificate must bear."""

    def __init__(self, address: str, trust: ssl.SSLContext | bool) -> None:
        self._address = address
        self._inner = httpx.HTTPTransport(verify=trust, trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._inner.handle_request(
            httpx.Request(
                request.method,
                request.url.copy_with(host=self._address),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": request.url.host},
            )
        )

    def close(self) -> None:
        self._inner.close()


def visitor(host: Host, domain: str = "tiny.example.com", *, scheme: str = "https") -> httpx.Client:
    """A browser at the site: it trusts the certificates that seawall made on the host, and no others."""
    trust = ssl.create_default_context(cadata=_certificates(host)) if scheme == "https" else False
    return httpx.Client(base_url=f"{scheme}://{domain}", transport=_Straight(host.address, trust), timeout=20)


def visit(host: Host, path: str = "/", *, domain: str = "tiny.example.com", scheme: str = "https") -> httpx.Response:
    """One request of a visitor; a redirect is not followed."""
    with visitor(host, domain, scheme=scheme) as client:
        return client.get(path)


def certificate_file(host: Host, directory: Path) -> Path:
    """The certificates that seawall made on the host, for a program that wants a file of those it trusts."""
    file = directory / "trusted.pem"
    file.write_text(_certificates(host))
    return file


def eventually(holds: Callable[[], Any], what: str, within: float = 30.0) -> None:
    """Wait until `holds()` is true; `what` says what never came otherwise."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, f"not within {within:g} s: {what}"
        time.sleep(0.1)


def _certificates(host: Host) -> str:
    return host.run(["sh", "-c", "cat /etc/ssl/seawall/*.crt"]).stdout


def _merge(settings: dict[str, Any], changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        if value is None:
            settings.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(settings.get(key), dict):
            _merge(settings[key], value)
        else:
            settings[key] = value
