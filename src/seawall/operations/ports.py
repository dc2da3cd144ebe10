"""The ports of the local target. A port of 0 in the configuration is any free one, and stays the same from then on."""

from __future__ import annotations

import json
import socket
from dataclasses import asdict, dataclass

from seawall.config.folder import own_folder
from seawall.config.model import Project


@dataclass(frozen=True)
class Ports:
    https: int
    http: int


def ports(project: Project) -> Ports:
    """The ports to listen on at 127.0.0.1."""
    wanted = Ports(project.local.port, project.local.http_port)
    if wanted.https and wanted.http:
        return wanted
    path = own_folder(project.directory) / "ports.json"
    try:
        chosen = Ports(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        chosen = Ports(*_free_ports())
        path.write_text(json.dumps(asdict(chosen)))
    return Ports(wanted.https or chosen.https, wanted.http or chosen.http)


def _free_ports() -> tuple[int, int]:
    """Two ports nobody listens on now."""
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]
