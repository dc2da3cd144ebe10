"""slowhttptest: hundreds of connections that send their request as slowly as they may, while others visit the site.

slowhttptest names no host in its TLS greeting, and a front server that refuses unknown hosts would turn it away at the
door. So it is pointed at a tunnel (`tunnel.py`) that speaks TLS for it, and the front server sees the slow requests.
"""

import csv
import http.client
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from hosts.commands import run

from .findings import Target

TUNNEL = Path(__file__).with_name("tunnel.py")
CONNECTIONS = 400
TOGETHER_AFTER = 5  # seconds until all are open
_ESCAPES = re.compile(r"\x1b\[[\d;]*m")


@dataclass(frozen=True)
class Attack:
    """What slowhttptest saw: the most connections it held at once, whether the site answered it throughout, how many
    seconds it lasted, and how it ended in its own words."""

    most_open: int
    available: bool
    seconds: int
    ended: str


@dataclass
class Visits:
    """What another visitor saw meanwhile: the seconds of each visit, and what went wrong."""

    times: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def record(self, connection: http.client.HTTPSConnection, path: str) -> None:
        """One visit, timed from the first packet to the last byte."""
        begun = time.perf_counter()
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(repr(error))
        else:
            self.times.append(time.perf_counter() - begun)
            if answer.status != 200:
                self.failures.append(f"status {answer.status}")
        finally:
            connection.close()

    def percentile(self, share: float) -> float:
        return sorted(self.times)[min(len(self.times) - 1, int(len(self.times) * share))]


def attack(target: Target, kind: Literal["-H", "-B"], path: str, scratch: Path, *, seconds: int = 20) -> Attack:
    """Slow headers (`-H`) or slow bodies (`-B`) on `CONNECTIONS` connections, for so many seconds at most."""
    table = scratch / f"slow{kind}"
    with tunnel(target) as port:
        argv = ["slowhttptest", kind, "-c", str(CONNECTIONS), "-r", str(CONNECTIONS // TOGETHER_AFTER)]
        argv += ["-i", "3", "-x", "24", "-s", "8192", "-p", "3", "-l", str(seconds), "-g", "-o", str(table)]
        argv += ["-d", f"127.0.0.1:{port}", "-u", f"http://{target.name}{path}"]
        said = run(argv, check=False, timeout=seconds + 30).stdout
    return parse(said, table.with_name(f"{table.name}.csv").read_text())


def parse(said: str, table: str) -> Attack:
    """From what it printed and its table of states, a line each second."""
    ended = re.search(r"Exit status:\s*(.+)", _ESCAPES.sub("", said))
    assert ended, f"slowhttptest did not finish:\n{said[-500:]}"
    rows = list(csv.DictReader(table.splitlines()))
    return Attack(
        most_open=max(int(row["Connected"]) for row in rows),
        available=all(int(row["Service Available"]) for row in rows),
        seconds=int(rows[-1]["Seconds"]),
        ended=ended[1].strip(),
    )


@contextmanager
def visiting(target: Target, path: str, source: str) -> Iterator[Visits]:
    """Visits the page from the address `source` all the while, each time on a connection of its own."""
    visits = Visits()
    over = threading.Event()
    trust = ssl.create_default_context(cafile=str(target.ca_file))

    def visit_on() -> None:
        while not over.wait(0.05):
            visits.record(_Straight(target, source, trust), path)

    visitor = threading.Thread(target=visit_on, daemon=True)
    visitor.start()
    try:
        yield visits
    finally:
        over.set()
        visitor.join(30)


class _Straight(http.client.HTTPSConnection):
    """The target's name is its address."""

    def __init__(self, target: Target, source: str, trust: ssl.SSLContext) -> None:
        super().__init__(target.name, timeout=10, context=trust)
        self._address = target.address
        self._source = source
        self._trust = trust

    def connect(self) -> None:
        plain = socket.create_connection((self._address, 443), self.timeout, (self._source, 0))
        self.sock = self._trust.wrap_socket(plain, server_hostname=self.host)


@contextmanager
def tunnel(target: Target) -> Iterator[int]:
    """A local port that leads to the target's port 443 through TLS, one connection for each that comes."""
    argv = [sys.executable, str(TUNNEL), target.name, target.address, str(target.ca_file)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()
