"""A certificate authority for tests: Debian's pebble, and the name server that it asks.

Both run on the machine that runs the tests, at an address that the hosts reach. The name server says of every name that
it is at one host, unless told otherwise; pebble then looks at port 80 of that host, as any authority would.
"""

import json
import shutil
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .self_signed import self_signed

#: Its own ports: the directory, its management, the name server and that one's management.
DIRECTORY, MANAGEMENT, NAMES, NAMES_MANAGEMENT = 14000, 15000, 8053, 8055
NINETY_DAYS = 90 * 86400
READY = 15.0  # seconds
#: No pauses before it looks, and no refused nonces: both are there to try a client's patience.
CALM = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PATH": "/usr/bin:/bin"}


@dataclass
class Pebble:
    """A running authority at `address`, its files in `directory`."""

    address: str
    directory: Path
    #: The roots that its certificates end at, PEM: another one after each start.
    roots: list[str] = field(default_factory=list)
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Its directory, for `tls.directory`."""
        return f"https://{self.address}:{DIRECTORY}/dir"

    @property
    def own_certificate(self) -> str:
        """What its https address is checked against, for `tls.directory_ca`; PEM."""
        return (self.directory / "api.pem").read_text()

    def start(self, *, seconds: int = NINETY_DAYS) -> None:
        """Begin to issue certificates that are good for so long. It remembers nothing of an earlier start."""
        settings = {
            "listenAddress": f"{self.address}:{DIRECTORY}",
            "managementListenAddress": f"{self.address}:{MANAGEMENT}",
            "certificate": str(self.directory / "api.pem"),
            "privateKey": str(self.directory / "api.key"),
            "httpPort": 80,
            "tlsPort": 443,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
            "certificateValidityPeriod": seconds,
        }
        (self.directory / "pebble.json").write_text(json.dumps({"pebble": settings}))
        names = f"{self.address}:{NAMES}"
        self._run("pebble", "-config", str(self.directory / "pebble.json"), "-dnsserver", names)
        self._wait_for(DIRECTORY)
        self._wait_for(MANAGEMENT)
        url = f"https://{self.address}:{MANAGEMENT}/roots/0"
        with urllib.request.urlopen(url, context=self._trust()) as answer:
            self.roots.append(answer.read().decode())

    def stop(self) -> None:
        """It is down: nobody answers at its address."""
        self._end("pebble")

    def start_names(self, host: str) -> None:
        """Say of every name that it is at `host`."""
        here = f"{self.address}:{NAMES}"
        management = f"{self.address}:{NAMES_MANAGEMENT}"
        silent = ("-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", "")
        self._run("pebble-challtestsrv", "-dns01", here, "-management", management, "-defaultIPv4", host, *silent)
        self._wait_for(NAMES_MANAGEMENT)

    def point(self, name: str, address: str) -> None:
        """Say of one name that it is at another address."""
        body = json.dumps({"host": name, "addresses": [address]}).encode()
        with urllib.request.urlopen(f"http://{self.address}:{NAMES_MANAGEMENT}/add-a", body):
            pass

    def close(self) -> None:
        for name in list(self._processes):
            self._end(name)

    def make_own_certificate(self) -> None:
        """A certificate for its address, that signs itself."""
        self_signed(self.address, self.directory / "api.pem", self.directory / "api.key")

    def log(self) -> str:
        return (self.directory / "pebble.log").read_text()

    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self.own_certificate)

    def _run(self, name: str, *words: str) -> None:
        with (self.directory / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen([name, *words], env=CALM, stdout=log, stderr=log)

    def _end(self, name: str) -> None:
        process = self._processes.pop(name)
        process.terminate()
        process.wait(10)

    def _wait_for(self, port: int) -> None:
        deadline = time.monotonic() + READY
        while True:
            try:
                socket.create_connection((self.address, port), 1).close()
            except OSError:
                assert time.monotonic() < deadline, f"nothing listens on port {port} of {self.address}"
                time.sleep(0.05)
            else:
                return


@contextmanager
def open_pebble(address: str, host: str, directory: Path) -> Iterator[Pebble]:
    """An authority at `address`, which finds every name at `host`."""
    assert shutil.which("pebble"), "this needs pebble: run tools/install-test-tools"
    pebble = Pebble(address, directory)
    pebble.make_own_certificate()
    try:
        pebble.start_names(host)
        pebble.start()
        yield pebble
    finally:
        pebble.close()
