"""How many workers a release gets: a sum of the host's cores and memory, and of what the app was measured to take.

``server.workers = "auto"`` follows the sum; a number that somebody chose is checked against it. The same project, facts
and measurements give the same answer, and measurements that differ a little give the same answer too (`_kept`), so that
a deployment that changes nothing changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seawall.agent.vocabulary import Measured, Serving
from seawall.config.model import Project
from seawall.errors import ConfigError
from seawall.stack import at_once, data
from seawall.stack.at_once import LEAST_WORKERS, MOST_WORKERS
from seawall.stack.facts import Facts

MIB = 1024 * 1024
#: What an unknown worker counts for: a Flask app with an ORM and a few libraries takes 40 to 100 MiB.
ESTIMATE = 128 * MIB
#: Less than this no worker of a Python server takes, whatever it shares with others: for refusing what cannot be.
LEAST = 8 * MIB
#: What an app of this host counts for that was deployed before memory was measured.
ESTIMATED_APP = 2 * ESTIMATE
#: Kept for the system: systemd, the journal, sshd and nginx of a bare Debian 12 take 16 MiB (PSS, measured); the rest
#: is for the kernel, for the agent and uv while a deployment is at work, and for files that want to be cached.
SYSTEM, SYSTEM_SHARE = 128 * MIB, 10
#: Servers that are one process, however many are asked for.
ONE_PROCESS = ("waitress",)
#: In per cent of what was measured: a new number of workers leaves this much room …
ROOMY = 114
#: … and a number that holds is only raised if there is this much. The square of the one is the other, so that a number
#: chosen by one measurement is kept by every other that is within a tenth of it.
AMPLE = 130


@dataclass(frozen=True)
class Term:
    """One line of the sum: bytes, or a count where ``counts`` (cores, workers)."""

    name: str
    value: int
    why: str
    counts: bool = False


@dataclass(frozen=True)
class Figure:
    """What a release counts for: bytes that are there once, bytes for each worker, and where they are from.

    ``measured`` says that they are those of this app under this server; else they are more, or an estimate.
    """

    main: int
    worker: int
    processes: int
    source: str
    measured: bool

    def need(self, workers: int, per_cent: int = 100) -> int:
        return (self.main + workers * self.worker + self.processes) * per_cent // 100


@dataclass(frozen=True)
class Sizing:
    """What follows. ``limit`` says from what: ``cores``, ``memory``, ``server`` (it is one process), ``chosen`` (the
    project names the number) or ``most``. ``fit`` is how many workers the memory allows, 0 for not even one."""

    workers: int
    threads: int
    limit: str
    fit: int | None
    figure: Figure
    terms: tuple[Term, ...]


def size(project: Project, facts: Facts, kind: str) -> Sizing:
    """The workers and threads that a release with this server gets on this host."""
    figure = _figure(project, facts, kind)
    room = _room(project, facts, figure)
    fit = _fit(room, figure) if room is not None else None
    workers, limit = _workers(project, facts, kind, room, figure)
    return Sizing(
        workers, at_once.threads(project, workers), limit, fit, figure, _terms(project, facts, figure, room, fit)
    )


def too_many(project: Project, facts: Facts, kind: str) -> Iterator[ConfigError]:
    """The mistake of more workers than the memory holds, with the number that it does: by what was measured, or where
    nothing was, by what no server could do with less."""
    sizing = size(project, facts, kind)
    figure = sizing.figure if sizing.figure.measured else Figure(0, LEAST, 0, "the least that one can", False)
    room = _room(project, facts, figure)
    if sizing.limit != "chosen" or room is None or figure.need(sizing.workers) <= room:
        return
    yield ConfigError(
        f"{sizing.workers} workers do not fit into the memory of the host beside those of the release before: a worker "
        f"takes {_megabytes(figure.worker)} ({figure.source}), and one release has room for {_megabytes(room)}",
        place="server.workers",
        remedy=f'set [server] workers = {max(sizing.fit or 0, 1)}, or "auto"; `seawall explain server` shows the sum',
    )


def notes(project: Project, facts: Facts, kind: str) -> tuple[str, ...]:
    """What a person should know before a deployment: that an estimate has decided on the number of workers."""
    sizing = size(project, facts, kind)
    if sizing.limit != "memory" or facts.measured:
        return ()
    counted = f"{sizing.workers} worker{'s' if sizing.workers > 1 else ''}"
    return (
        f"{counted} by an estimate of {_megabytes(ESTIMATE)} each: this deployment measures what one takes "
        "(`seawall explain server`)",
    )


def _workers(project: Project, facts: Facts, kind: str, room: int | None, figure: Figure) -> tuple[int, str]:
    if kind in ONE_PROCESS:
        return 1, "server"
    if project.server.workers != "auto":
        return project.server.workers, "chosen"
    wanted = at_once.workers(project, facts.cores)
    most = min(wanted, MOST_WORKERS)
    limit = "most" if wanted > MOST_WORKERS else "cores"
    if room is None:
        return most, limit
    live = _live_workers(facts, kind)
    # One that the cores no longer allow was chosen for another sum: what takes its place is a new number.
    workers = max(1, min(most, _kept(room, figure, live if live <= most else 0)))
    return workers, limit if workers == most else "memory"


def _kept(room: int, figure: Figure, live: int) -> int:
    """As many as fit with some room left; but what is live stays while it fits, unless clearly more would."""
    least, most = _fit(room, figure, AMPLE), _fit(room, figure)
    return live if live and least <= live <= most else _fit(room, figure, ROOMY)


def _fit(room: int, figure: Figure, per_cent: int = 100) -> int:
    """The most workers whose need, grown to ``per_cent``, is in the room."""
    left = room - figure.need(0, per_cent)
    return max(0, left * 100 // (figure.worker * per_cent))


def _live_workers(facts: Facts, kind: str) -> int:
    live = next((one for one in facts.measured if one.live), None)
    return live.serving.workers if live and live.serving.kind == kind else 0


def _room(project: Project, facts: Facts, figure: Figure) -> int | None:
    """The bytes that one release may take; None where the host did not say what it has."""
    if not facts.memory_bytes:
        return None
    taken = sum(_others(facts).values()) + sum(data.memory(project, facts).values())
    room = max(0, facts.memory_bytes - _system(facts) - taken) // 2
    limit = _sandbox(project)
    return min(room, limit + figure.processes) if limit else room


def _sandbox(project: Project) -> int:
    """The bytes that the app's own unit may take; its processes have units of their own. 0 is no limit."""
    said = project.sandbox.memory.lower()
    power = {"k": 1, "m": 2, "g": 3}.get(said[-1:], 0)
    return int(said.rstrip("kmg") or 0) << 10 * power


def _system(facts: Facts) -> int:
    return SYSTEM + facts.memory_bytes // SYSTEM_SHARE


def _others(facts: Facts) -> dict[str, int]:
    return {name: taken or ESTIMATED_APP for name, taken in facts.other_apps}


# --- what a worker counts for


def _figure(project: Project, facts: Facts, kind: str) -> Figure:
    serving = Serving(kind, preload=project.server.preload)
    alike = [one for one in facts.measured if _alike(one.serving, serving)]
    if alike:
        return _measured(alike)
    if facts.measured:
        return _converted(facts.measured[0], serving)
    processes = sum(item.count for item in project.processes.values()) * ESTIMATE
    return Figure(0, ESTIMATE, processes, "an estimate, until a deployment has measured it", False)


def _alike(one: Serving, other: Serving) -> bool:
    return (one.kind, one.preload) == (other.kind, other.preload)


def _measured(alike: list[Measured]) -> Figure:
    """The first is the live release's, or the newest. If it was measured when it started, what an earlier one grew to
    counts too: this one will grow likewise."""
    first = alike[0]
    grown = first if first.served else next((one for one in alike if one.served), first)
    chosen = max(first, grown, key=lambda one: one.worker)
    when = "when it had served" if chosen.served else "when it started"
    source = f"measured in {chosen.release} {when}"
    return Figure(chosen.main, chosen.worker, first.processes, source, True)


def _converted(one: Measured, wanted: Serving) -> Figure:
    """From a measurement under another server, or with preload the other way, to what it is at most."""
    main, worker = one.main, one.worker
    if one.serving.preload and not wanted.preload:
        # What was shared by the master and its workers counted for each by its part: now each has all of it.
        worker += one.main * max(1, one.serving.workers)
    preload = "preload" if one.serving.preload else "no preload"
    kind = preload if one.serving.kind == wanted.kind else one.serving.kind
    return Figure(main, worker, one.processes, f"measured in {one.release}, with {kind}", False)


# --- the sum


def _terms(project: Project, facts: Facts, figure: Figure, room: int | None, fit: int | None) -> tuple[Term, ...]:
    cores = Term("cores", facts.cores, _keeps_busy(project), counts=True)
    if room is None or fit is None:
        return (cores,)
    limit = _sandbox(project)
    return (
        cores,
        Term("memory", facts.memory_bytes, "of the host"),
        Term("system", -_system(facts), f"kept for the system: {SYSTEM // MIB} MiB and a tenth"),
        *(Term(f"app {name}", -taken, _of_other(facts, name)) for name, taken in _others(facts).items()),
        *(Term(name, -taken, "what its settings let it take") for name, taken in data.memory(project, facts).items()),
        *((Term("sandbox", limit, "the most that [sandbox] memory lets a unit use"),) if limit else ()),
        Term("release", room, "for one release: during a deployment two run side by side"),
        Term("main", -figure.main, "the part of the server that is there once"),
        *((Term("processes", -figure.processes, "[processes]"),) if figure.processes else ()),
        Term("worker", figure.worker, figure.source),
        Term("fit", fit, "workers fit", counts=True),
    )


def _keeps_busy(project: Project) -> str:
    if at_once.one_at_a_time(project):
        return "one worker more than there are cores keeps them busy: none has threads"
    if at_once.with_threads(project):
        return f"twice as many workers keep them busy, since threads wait for each other; {MOST_WORKERS} are the most"
    return f"as many workers keep them busy, and {LEAST_WORKERS} are the least"


def _of_other(facts: Facts, name: str) -> str:
    return "another app here" + ("" if dict(facts.other_apps)[name] else ", not measured yet: an estimate")


def _megabytes(number: int) -> str:
    return f"{number / 1_000_000:.0f} MB"
