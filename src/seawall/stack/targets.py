"""Where an app can go: a server, or the machine the tool runs on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ServerTarget:
    """A server reached over ssh; ``address`` is the host name or address that the person wrote."""

    address: str


#: Where everything of the local target is, in the project's folder.
FOLDER = ".seawall/local"


@dataclass(frozen=True)
class LocalTarget:
    """This machine, without root, everything inside ``folder`` in ``directory``.

    ``user`` is the person's login name; ``nginx`` the path of an nginx to put in front, "" for the tool's own front;
    ``certificate`` and ``key`` are the PEM files of the local authority's leaf, ``leaf`` says which one that is: a
    front server reads them only when it starts or is told. ``python`` is the interpreter that
    virtual environments are made with, ``uv`` the uv that makes them, ``tool_python`` the interpreter that has
    supervisor and the front. With ``is_root`` nginx is told to stay the person it was started by. ``runtime`` is the
    person's folder of runtime files where a systemd of their own runs, else ""; ``runs_under`` the service manager
    that has the front server running just now, else ""; ``elsewhere`` another folder whose app of this name is run by
    that systemd, else "".
    """

    directory: str
    user: str
    nginx: str
    https_port: int
    http_port: int
    is_root: bool
    python: str
    uv: str
    tool_python: str
    certificate: str
    key: str
    runtime: str = ""
    runs_under: str = ""
    elsewhere: str = ""
    leaf: str = ""
    folder: str = FOLDER


Target = ServerTarget | LocalTarget
