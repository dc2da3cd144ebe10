"""Making a host hold what it should: a plan of all changes, the changes, and their undoing.

The order is drop-ins of units, packages, users, folders, uv, files (with links and certificates, and the deletion of
files no longer wanted), servers of databases and what apps have there, the checks of the services that the files
belong to, the start of services. A reload is planned here and run later, by :func:`reload`, just before the release
switches.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import PurePath
from types import ModuleType
from typing import Any, TypeVar

from seawall.agent import owned
from seawall.agent.alongside import Alongside
from seawall.agent.errors import AgentError, ApplyFailed, BadRequest, Cancelled, NeedsPerson
from seawall.agent.owned import Owned
from seawall.agent.resource import Resource
from seawall.agent.resources import package, service
from seawall.agent.resources.work import Work
from seawall.agent.undo import UndoLog
from seawall.agent.vocabulary import (
    Absent,
    AcmeCertificate,
    AtBoot,
    Certificate,
    Change,
    Directory,
    Event,
    File,
    Link,
    Package,
    Service,
)

T = TypeVar("T")
Report = Callable[[Event], None]

#: Kinds that a database server is asked about.
SERVERS = ("postgresql-certificate", "postgresql-server", "postgresql-replica", "mariadb-server")
DATABASES = (
    "postgresql-database",
    "postgresql-replication",
    "postgresql-door",
    "mariadb-database",
    "sqlite-file",
)
#: The order in which kinds are made, by the name of the step; packages come before, services after them.
STEPS: dict[str, tuple[str, ...]] = {
    "upgrades": ("upgrades",),
    "users": ("user", "login"),
    "directories": ("directory",),
    "uv": ("uv",),
    "agent": ("agent-copy",),
    "files": (
        "file",
        "line",
        "moduli",
        "host-key",
        "link",
        "absent",
        "certificate",
        "acme-certificate",
        "given-certificate",
        "at-boot",
        "owned",
    ),
    "database server": SERVERS,
    "databases": DATABASES,
    "firewall": ("firewall",),
    "swap": ("swap",),
    "units": ("unit",),
}
#: What adds to a unit of systemd (systemd.unit(5)).
DROP_IN = re.compile(r"/etc/systemd/system/[^/]+\.d/")


@dataclass(frozen=True)
class _Difference:
    resource: Any
    state: Any
    change: Change


def plan(
    resources: Sequence[Resource], owned_now: Sequence[Owned] = (), shared: Collection[str] = ()
) -> tuple[Change, ...]:
    """Every change that would make the host hold ``resources``, in the order they would be made.

    ``owned_now`` are the paths seawall wrote earlier for this app; those no longer wanted are deleted, unless they
    are among ``shared``, the paths other apps of this host have too. Raises ApplyFailed where something is in the
    way, BadRequest for resources that contradict each other.
    """
    wanted = _complete(resources, owned_now, shared)
    with _explained():
        # Programs are asked for these, and are at it while the rest is looked at.
        packages = Alongside(lambda: _packages(wanted))
        running = Alongside(lambda: [(item, service.observe(item)) for item in _of(wanted, Service)])
        asked = {kinds: Alongside(partial(_differences, wanted, kinds)) for kinds in (SERVERS, DATABASES)}
        differences = [
            difference
            for kinds in STEPS.values()
            for difference in (asked[kinds].result() if kinds in asked else _differences(wanted, kinds))
        ]
        told = _services_told(differences)
        services = [service.diff(item, runs, item.name in told) for item, runs in running.result()]
        made = [difference.change for difference in differences]
        return (*packages.result(), *made, *(change for change in services if change))


def digest(changes: Sequence[Change], wanted: Any = None) -> str:
    """A plan's fingerprint: its changes with what was observed before each, and ``wanted`` (JSON-ready data).

    A host that is no longer as it was where the plan changes it, or newly differs elsewhere, gives another one.
    """
    text = json.dumps([[asdict(change) for change in changes], wanted], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def apply(
    resources: Sequence[Resource],
    undo: UndoLog,
    *,
    owned_path: str,
    shared: Collection[str] = (),
    report: Report = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[Service, ...]:
    """Make the host hold ``resources``; the answer is the services to :func:`reload`.

    If anything fails, everything in ``undo`` is taken back before the error is raised: ApplyFailed, CheckRefused,
    DiskFull, Cancelled, BadRequest; NeedsPerson if taking back fails too. After success the caller keeps the log
    until the changes are to stay (:meth:`UndoLog.forget`) or go (:meth:`UndoLog.roll_back`).
    """
    work = Work(undo, lambda text: report(Event("output", text=text)), cancelled)
    try:
        with _explained():
            owned_now = owned.read(owned_path)
            wanted = _complete(resources, owned_now, shared)
            told = _make(wanted, work, report)
            _remember(resources, owned_now, owned_path, undo)
            _check(_of(wanted, Service), told, _paths(wanted), report)
            return _start(_of(wanted, Service), told, report)
    except BaseException as error:
        _take_back(undo, error)
        raise


def reload(services: Sequence[Service], undo: UndoLog) -> None:
    """Have services read their changed files, or take the place of others.

    If one cannot, everything in ``undo`` is taken back, all read the old files again, and ApplyFailed is raised.
    """
    try:
        for item in services:
            service.reload(item)
    except BaseException as error:
        _take_back(undo, error)
        reload_old(services)
        raise


def is_for_the_old(item: Service) -> bool:
    """Whether it is not wanted, but the release that is about to go may still use it: nobody waits for its ports."""
    return not item.wanted and not item.ports


def end_unwanted(services: Sequence[Service], report: Report) -> None:
    """End what only the old release used, now that it is drained. What does not end is in the next plan again."""
    for item in filter(is_for_the_old, services):
        try:
            service.reload(item)
        except ApplyFailed as error:
            report(Event("note", text=f"{error.fact}; the next deployment tries it again"))


def reload_old(services: Sequence[Service]) -> None:
    """Have services read files that were put back, and put back what took another's place; one that will not still runs
    as it did before."""
    for item in sorted(services, key=lambda item: not item.takes_over):
        try:
            service.put_back(item)
        except ApplyFailed:
            continue


# --- what is wanted


def _complete(resources: Sequence[Resource], owned_now: Sequence[Owned], shared: Collection[str]) -> list[Resource]:
    """The resources, each once and none against another, and the paths that are to go."""
    wanted = list(dict.fromkeys(resources))
    _refuse_contradictions(wanted)
    staying = {*_paths(wanted), *shared}
    gone = [item for item in owned_now if item.path not in staying]
    return [*wanted, *sorted(gone, key=lambda item: item.path)]


def _refuse_contradictions(resources: Sequence[Resource]) -> None:
    seen: set[str] = set()
    for path in _paths(resources):
        if not PurePath(path).is_absolute():
            raise BadRequest(f"The path {path!r} is not absolute", place=path)
        if path in seen:
            raise BadRequest(f"{path} is wanted twice, in different ways", place=path)
        seen.add(path)
    services = {"", *(item.name for item in _of(resources, Service))}
    for resource in resources:
        name = getattr(resource, "service", "")
        if name not in services:
            place = _paths([resource])[0]
            raise BadRequest(f"{place} names the service {name!r}, which is not among the resources", place=place)


def _of(resources: Sequence[Resource], kind: type[T]) -> list[T]:
    return [resource for resource in resources if isinstance(resource, kind)]


def _paths(resources: Sequence[Resource]) -> list[str]:
    """The paths that resources speak of."""
    paths: list[str] = []
    for resource in resources:
        if isinstance(resource, Certificate):
            paths += [resource.certificate, resource.key]
        elif isinstance(resource, AcmeCertificate):
            paths += owned.acme_paths(resource)
        elif isinstance(resource, (Directory, File, Link, Absent, Owned)):
            paths.append(resource.path)
    return paths


def _packages(resources: Sequence[Resource]) -> list[Change]:
    packages = _of(resources, Package)
    installed = package.observe(packages)
    return [change for item in packages if (change := package.diff(item, installed))]


def _differences(resources: Sequence[Resource], kinds: tuple[str, ...]) -> list[_Difference]:
    """How the host differs from those resources that are of these kinds."""
    found: list[_Difference] = []
    for resource in resources:
        if resource.kind in kinds:
            knows = _who_knows(resource)
            state = knows.observe(resource)
            change = knows.diff(resource, state)
            found += [_Difference(resource, state, change)] if change else []
    return found


def _who_knows(resource: Resource) -> ModuleType:
    """The module with observe(resource), diff(resource, state) and apply(resource, state, work)."""
    return import_module(f"seawall.agent.resources.{resource.kind.replace('-', '_')}")


def _services_told(differences: Sequence[_Difference]) -> set[str]:
    """The names of the services whose files these are."""
    return {getattr(difference.resource, "service", "") for difference in differences} - {""}


# --- making it so


def _make(wanted: Sequence[Resource], work: Work, report: Report) -> set[str]:
    """Make every change but those of services; the answer is the services whose files changed."""
    told = _make_kinds("drop-ins", [item for item in wanted if _is_drop_in(item)], ("file", "at-boot"), work, report)
    missing = [change.name for change in _packages(wanted)]
    if missing:
        with _step(report, "packages", ", ".join(missing)):
            package.apply(missing, work)
    for name, kinds in STEPS.items():
        told |= _make_kinds(name, wanted, kinds, work, report)
    return told


def _is_drop_in(item: Resource) -> bool:
    """A service runs as soon as its package is installed, and at each boot: what is said of its unit must be there by
    then, or could not be taken back."""
    if isinstance(item, AtBoot):
        return item.on
    return isinstance(item, File) and bool(DROP_IN.match(item.path))


def _make_kinds(name: str, wanted: Sequence[Resource], kinds: tuple[str, ...], work: Work, report: Report) -> set[str]:
    """Make the changes of these kinds; the answer is the services whose files changed."""
    differences = _differences(wanted, kinds)
    if differences:
        with _step(report, name, ", ".join(difference.change.name for difference in differences)):
            _make_all(differences, work)
    return _services_told(differences)


def _make_all(differences: Sequence[_Difference], work: Work) -> None:
    for difference in differences:
        if work.cancelled():
            raise Cancelled("Stopped before all changes were made", state="everything is as it was")
        _who_knows(difference.resource).apply(difference.resource, difference.state, work)


def _remember(resources: Sequence[Resource], owned_now: Sequence[Owned], owned_path: str, undo: UndoLog) -> None:
    """Write down what is seawall's now; that is undone with the rest."""
    after = owned.of(dict.fromkeys(resources))
    if after != tuple(owned_now):
        undo.write_file(owned_path, owned.to_bytes(after), 0o600)


def _check(services: Sequence[Service], told: set[str], ours: Sequence[str], report: Report) -> None:
    for item in services:
        if item.name in told and item.check and item.wanted:
            with _step(report, f"check {item.name}", " ".join(item.check)):
                service.check(item, ours)


def _start(services: Sequence[Service], told: set[str], report: Report) -> tuple[Service, ...]:
    """Start what does not run; the answer is what must read its files again, or is to take another's place."""
    later: list[Service] = []
    for item in services:
        change = service.diff(item, service.observe(item), item.name in told)
        if change and change.action == "start" and not item.takes_over:
            with _step(report, f"start {item.name}", " ".join(item.start)):
                # What has no process only reads: systemd its units, by which this one starts.
                for reader in later:
                    if not reader.running:
                        service.reload(reader)
                service.start(item)
        elif change:
            later.append(item if change.action != "reload" else replace(item, takes_over=""))
    return tuple(later)


@contextmanager
def _step(report: Report, name: str, text: str) -> Iterator[None]:
    """Tell of a step's start, and of its end with the seconds it took."""
    started = time.monotonic()
    report(Event("step", name, "start", text))
    try:
        yield
    except BaseException:
        report(Event("step", name, "failed", text, time.monotonic() - started))
        raise
    report(Event("step", name, "done", text, time.monotonic() - started))


@contextmanager
def _explained() -> Iterator[None]:
    """The system's refusals as errors with a fact and a place."""
    try:
        yield
    except OSError as error:
        place = str(error.filename or "")
        raise ApplyFailed(f"{place or 'The system'}: {error.strerror}", place=place) from error


def _take_back(undo: UndoLog, error: BaseException) -> None:
    try:
        undo.roll_back()
    except NeedsPerson as second:
        first = error.fact if isinstance(error, AgentError) else repr(error)
        raise NeedsPerson(
            f"{first}; then {second.fact}",
            place=second.place,
            state=second.state,
            remedy=second.remedy,
            output=error.output if isinstance(error, AgentError) else "",
        ) from error
