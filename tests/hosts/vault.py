"""A place for backups: rclone's S3 server on the machine that runs the tests, behind TLS, unreliable where wished."""

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from .self_signed import self_signed

BUCKET = "backups"
#: A name that its certificate is for too; a host that is to know it gets it into /etc/hosts.
NAME = "vault.example.com"
KEY_ID, KEY = "vaultkeeper", "a-key-that-nobody-else-has"
READY = 15.0  # seconds
REFUSAL = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass
class Vault:
    """An S3 server at `address`; what it keeps is below `directory`.

    `mood` is "well"; or "failing", and each request is answered with 500; or "cutting", and each connection ends when
    `allowed` bytes more have been sent.
    """

    address: str
    directory: Path
    mood: str = "well"
    allowed: int = 0
    received: int = 0
    port: int = 0
    certificate: str = ""
    _behind: int = 0
    _server: subprocess.Popen[bytes] | None = None
    _listening: socket.socket | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """As restic has it; a path may follow."""
        return f"s3:https://{self.address}:{self.port}/{BUCKET}"

    @property
    def settings(self) -> dict[str, object]:
        """The [backup] of a project, but for the path."""
        secrets = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
        return {"repository": self.url, "ca": self.certificate, "secrets": secrets}

    def open(self) -> None:
        self._behind = _free_port()
        (self.directory / "kept" / BUCKET).mkdir(parents=True)
        words = [_rclone(), "serve", "s3", "--addr", f"127.0.0.1:{self._behind}", "--auth-key", f"{KEY_ID},{KEY}"]
        with (self.directory / "rclone.log").open("ab") as log:
            self._server = subprocess.Popen([*words, str(self.directory / "kept")], stdout=log, stderr=log)
        _wait_for(self._behind)
        context = self._trust()
        self._listening = socket.create_server((self.address, 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listening, context), daemon=True).start()

    def close(self) -> None:
        """Nobody answers any more."""
        if self._listening is not None:
            self._listening.close()
        if self._server is not None:
            self._server.terminate()
            self._server.wait(10)

    def _trust(self) -> ssl.SSLContext:
        self.certificate = self_signed(self.address, self.directory / "vault.pem", self.directory / "vault.key", NAME)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.directory / "vault.pem", self.directory / "vault.key")
        return context

    def _accept(self, listening: socket.socket, context: ssl.SSLContext) -> None:
        with suppress(OSError):
            while True:
                plain, _ = listening.accept()
                threading.Thread(target=self._carry, args=(plain, context), daemon=True).start()

    def _carry(self, plain: socket.socket, context: ssl.SSLContext) -> None:
        with suppress(OSError), context.wrap_socket(plain, server_side=True) as near:
            if self.mood == "failing":
                near.recv(65536)
                near.sendall(REFUSAL)
                return
            with socket.create_connection(("127.0.0.1", self._behind)) as far:
                back = threading.Thread(target=_copy, args=(far, near), daemon=True)
                back.start()
                self._forward(near, far)

    def _forward(self, near: ssl.SSLSocket, far: socket.socket) -> None:
        while data := near.recv(65536):
            with self._lock:
                self.received += len(data)
                self.allowed -= len(data)
                cut = self.mood == "failing" or (self.mood == "cutting" and self.allowed < 0)
            if cut:
                far.shutdown(socket.SHUT_RDWR)
                return
            far.sendall(data)


@contextmanager
def open_vault(address: str, directory: Path) -> Iterator[Vault]:
    vault = Vault(address, directory)
    vault.open()
    try:
        yield vault
    finally:
        vault.close()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


def _rclone() -> str:
    found = shutil.which("rclone")
    assert found, "this needs rclone: it comes with the development dependencies"
    return found


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + READY
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < deadline, "the S3 server does not listen"
            time.sleep(0.05)
        else:
            return
