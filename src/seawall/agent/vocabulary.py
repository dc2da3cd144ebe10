"""The words the tool and the agent share: resources, releases, changes, events.

Everything here is plain data. The tool builds it, it travels as JSON, the agent acts on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from seawall.agent.resource import Resource, build, table

#: Stands in unit and settings files for the release's id (``v12``); the agent fills it in when it stages.
RELEASE = "@RELEASE@"
#: Stands there for the port of a release that listens on TCP.
PORT = "@PORT@"
#: A program of supervisor begins its log with this line, each time it is started.
BEGINS = "seawall: starting"


@dataclass(frozen=True)
class Layout:
    """Where an app lives on a host, and who owns what.

    ``base`` holds releases, objects, virtual environments, data and state; ``run`` the sockets. ``user`` and ``group``
    run the app, ``build_user`` builds it and ``front_group`` (nginx's) may connect to its sockets; all four are
    empty on the local target, where everything belongs to the person who runs the tool.

    ``units`` is the folder of systemd's unit files, "" where no systemd is at hand; ``fragments``, ``logs`` and
    ``supervisor`` are supervisor's folder of configuration, the folder of its programs' logs, and its socket.
    """

    app: str
    base: str
    run: str
    units: str
    fragments: str
    logs: str
    supervisor: str
    uv: str
    user: str = ""
    group: str = ""
    build_user: str = ""
    front_group: str = ""


# --- resources: what a host should hold


@dataclass(frozen=True)
class Package(Resource):
    """A distribution package (apt) that must be installed."""

    kind: ClassVar[str] = "package"

    name: str


@dataclass(frozen=True)
class User(Resource):
    """A system user with a group of the same name; ``groups`` are supplementary."""

    kind: ClassVar[str] = "user"

    name: str
    home: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Directory(Resource):
    kind: ClassVar[str] = "directory"

    path: str
    mode: int = 0o755
    owner: str = ""
    group: str = ""


@dataclass(frozen=True)
class File(Resource):
    """A whole file. ``service`` names the Service that must check it and read it again when it changes."""

    kind: ClassVar[str] = "file"

    path: str
    content: str
    mode: int = 0o644
    owner: str = ""
    group: str = ""
    service: str = ""
    secret: bool = False


@dataclass(frozen=True)
class Link(Resource):
    """A symbolic link ``path -> target``."""

    kind: ClassVar[str] = "link"

    path: str
    target: str
    service: str = ""


@dataclass(frozen=True)
class Absent(Resource):
    """A symbolic link ``path -> target`` that must not be there. Anything else at the path is left alone."""

    kind: ClassVar[str] = "absent"

    path: str
    target: str
    service: str = ""


@dataclass(frozen=True)
class Certificate(Resource):
    """A self-signed certificate for ``domains``, made by the host's openssl where none is there yet."""

    kind: ClassVar[str] = "certificate"

    certificate: str
    key: str
    domains: tuple[str, ...]
    service: str = ""


@dataclass(frozen=True)
class AcmeCertificate(Resource):
    """A certificate that an authority issues for ``domains`` (RFC 8555): certbot asks for it under ``name``.

    It is asked for once the site is there to be looked at. Until then the one in the two files of ``meanwhile`` is
    shown, if they are named and fit, else a self-signed one. ``challenges`` is the folder that the site serves the
    answers from, ``install`` the program that puts a new one in place, ``address`` the one that people know the host
    by.
    """

    kind: ClassVar[str] = "acme-certificate"

    name: str
    certificate: str
    key: str
    domains: tuple[str, ...]
    challenges: str
    install: str
    directory: str
    directory_ca: str = ""
    email: str = ""
    address: str = ""
    meanwhile: tuple[str, ...] = ()
    service: str = ""


@dataclass(frozen=True)
class GivenCertificate(Resource):
    """A certificate that somebody else puts there: it is looked at, never written."""

    kind: ClassVar[str] = "given-certificate"

    certificate: str
    key: str
    domains: tuple[str, ...]


@dataclass(frozen=True)
class Service(Resource):
    """A long-running service that files belong to: ``check`` must pass before ``reload`` makes changes live.

    ``pid_file`` is that of its main process, where a reload is done only when the workers of before accept no more.
    ``ports`` are those that must be free when it starts, or held by the service that it ``takes_over`` from: that one
    is ended, and this one started, in the place of a reload. One that is not ``wanted`` is ended, by ``stop``.
    """

    kind: ClassVar[str] = "service"

    name: str
    check: tuple[str, ...] = ()
    reload: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    running: tuple[str, ...] = ()
    pid_file: str = ""
    ports: tuple[int, ...] = ()
    stop: tuple[str, ...] = ()
    wanted: bool = True
    takes_over: str = ""


@dataclass(frozen=True)
class AtBoot(Resource):
    """Whether systemd starts a unit of the distribution's at boot: what `systemctl enable` does, without a start."""

    kind: ClassVar[str] = "at-boot"

    unit: str
    on: bool = True


@dataclass(frozen=True)
class Uv(Resource):
    """uv in a virtual environment of its own at ``path``; it resolves and installs the apps' requirements."""

    kind: ClassVar[str] = "uv"

    path: str
    version: str
    user: str = ""


@dataclass(frozen=True)
class AgentCopy(Resource):
    """A copy of the agent that is asking, as one file at ``path``: what the host's own timers run."""

    kind: ClassVar[str] = "agent-copy"

    path: str


@dataclass(frozen=True)
class Line(Resource):
    """One line in a file that belongs to somebody else.

    It takes the place of the lines that the pattern ``replaces`` matches; where there are none it goes to the end,
    or with ``first`` to the beginning. ``needs`` says what must be there for anything to be written: "file" its file,
    "line" a line that it replaces.
    """

    kind: ClassVar[str] = "line"

    path: str
    line: str
    replaces: str = ""
    first: bool = False
    needs: str = ""
    service: str = ""


@dataclass(frozen=True)
class Unit(Resource):
    """A unit of systemd that starts at boot, and runs now unless its own conditions keep it from running."""

    kind: ClassVar[str] = "unit"

    name: str


RESOURCES = table(
    Package,
    User,
    Directory,
    File,
    Link,
    Absent,
    Certificate,
    AcmeCertificate,
    GivenCertificate,
    Service,
    AtBoot,
    Uv,
    AgentCopy,
    Line,
    Unit,
)


# --- releases: what runs


@dataclass(frozen=True)
class Entry:
    """One path of the project that travels. ``path`` is relative, with ``/``; bytes that are not UTF-8 are
    surrogate-escaped. A link has a ``target`` and no ``sha256``."""

    path: str
    sha256: str = ""
    size: int = 0
    executable: bool = False
    target: str = ""


@dataclass(frozen=True)
class Requirements:
    """What the virtual environment is built from.

    ``path`` is the requirements file inside the code; ``text`` replaces it where the tool has already read a lock
    (``locked``). ``extra`` names what the stack adds (the app server) unless the app asks for it itself.
    ``install_project`` installs the code as a package too. ``python`` is a version or range for uv, or "".
    """

    path: str = ""
    text: str = ""
    locked: bool = False
    extra: tuple[str, ...] = ()
    python: str = ""
    install_project: bool = False


@dataclass(frozen=True)
class UnitFile:
    """A file of the release's settings, by its path in the release, or one of a service manager, by its name."""

    name: str
    content: str


@dataclass(frozen=True)
class Program:
    """Something of the release that the service manager runs.

    ``role`` is ``web`` (has the socket the gate and proxy use), ``process`` (a worker) or ``schedule`` (a timer).
    ``units`` are started in this order and stopped in reverse; ``boot`` are those enabled at boot. ``manager`` is
    ``systemd`` or ``supervisor``: a property of the release, so that each release is ended by what it was started by.
    """

    role: str
    name: str
    units: tuple[str, ...]
    boot: tuple[str, ...]
    files: tuple[UnitFile, ...]
    manager: str = ""


@dataclass(frozen=True)
class Gate:
    """When the new release counts as healthy: ``successes`` answers of 2xx in a row within ``timeout`` seconds."""

    path: str
    host: str
    scheme: str = "https"
    successes: int = 3
    interval: float = 0.1
    answer_timeout: float = 5.0
    timeout: float = 60.0


@dataclass(frozen=True)
class FrontDoor:
    """How the agent reaches the app the way a visitor does, through the proxy on this host, which is of a ``kind``."""

    address: str
    port: int
    tls: bool
    host: str
    path: str
    kind: str = "nginx"


@dataclass(frozen=True)
class Listen:
    """How a release is asked: in HTTP or uwsgi's own protocol, on its unix socket or, where there is an ``address``
    (of loopback, the app's own), on TCP; the port there follows from the release's id."""

    speaks: str = "http"
    address: str = ""


@dataclass(frozen=True)
class Source:
    """Where the code came from, for people: commit, whether the tree had changes, and who deployed from where."""

    commit: str = ""
    dirty: bool = False
    by: str = ""
    message: str = ""


@dataclass(frozen=True)
class Serving:
    """How the app server of a release divides its work: what a measurement of its memory is a measurement of.

    ``workers`` is 0 for a release that was made before this was recorded.
    """

    kind: str = ""
    workers: int = 0
    threads: int = 0
    preload: bool = False


@dataclass(frozen=True)
class Release:
    """Everything that makes a release; two releases with equal fields (``source`` aside) are the same release.

    ``external`` is the variable with the URL of a database elsewhere, which is asked before the release starts.
    """

    entries: tuple[Entry, ...]
    requirements: Requirements
    env: Mapping[str, str]
    files: tuple[UnitFile, ...]
    static: Mapping[str, str]
    persist: tuple[str, ...]
    programs: tuple[Program, ...]
    gate: Gate
    front: FrontDoor
    listen: Listen = field(default_factory=Listen)
    setup: str = ""
    migrate: str = ""
    snapshot: bool = True
    drain: float = 30.0
    keep: int = 5
    secret_names: tuple[str, ...] = ()
    external: str = ""
    serving: Serving = field(default_factory=Serving)
    source: Source = field(default_factory=Source)


# --- what the agent answers


@dataclass(frozen=True)
class Change:
    """One line of a plan. ``action`` is create, update, delete, start, stop, reload, restart or install; ``diff`` is
    for people and never holds a secret; ``before`` is a digest of what was observed."""

    kind: str
    name: str
    action: str
    diff: str = ""
    before: str = ""


@dataclass(frozen=True)
class Measured:
    """The memory of a release's processes, in bytes, each process's proportional share (PSS: proc(5), smaps_rollup).

    ``main`` is the part that is there once, ``worker`` the largest worker's, ``processes`` all of the release's other
    programs together. ``served`` says that it had been answering visitors; else it had just passed its gate.
    """

    release: str
    serving: Serving
    main: int
    worker: int
    processes: int = 0
    served: bool = False
    live: bool = False

    @property
    def whole(self) -> int:
        """All that the release takes."""
        return self.main + max(1, self.serving.workers) * self.worker + self.processes


@dataclass(frozen=True)
class Event:
    """Progress. ``kind`` is step, output or note; ``state`` of a step is start, done, failed or skipped."""

    kind: str
    step: str = ""
    state: str = ""
    text: str = ""
    seconds: float | None = None


# --- to and from JSON


def to_wire(value: Any) -> dict[str, Any]:
    """A dataclass of this module as JSON-ready data."""
    return asdict(value)


def release_from_wire(data: Mapping[str, Any]) -> Release:
    """The nested counterpart of :func:`build` for a release."""
    values = dict(data)
    values["entries"] = tuple(build(Entry, e) for e in values["entries"])
    values["requirements"] = build(Requirements, values["requirements"])
    values["files"] = tuple(build(UnitFile, f) for f in values["files"])
    values["programs"] = tuple(
        build(Program, {**p, "files": [build(UnitFile, f) for f in p["files"]]}) for p in values["programs"]
    )
    values["gate"] = build(Gate, values["gate"])
    values["front"] = build(FrontDoor, values["front"])
    values["listen"] = build(Listen, values.get("listen", {}))
    values["serving"] = build(Serving, values.get("serving", {}))
    values["source"] = build(Source, values.get("source", {}))
    return build(Release, values)


def measured_from_wire(data: Mapping[str, Any]) -> Measured:
    """The nested counterpart of :func:`build` for a measurement. Raises TypeError, KeyError."""
    return build(Measured, {**data, "serving": build(Serving, data["serving"])})
