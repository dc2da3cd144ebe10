"""What is tried: the app's own server, the other kinds, and around the best of them one thing changed at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from seawall.config.model import Project
from seawall.config.server import Kind, Server
from seawall.stack import sizing
from seawall.stack.choosing import choose
from seawall.stack.combinations import LACKS
from seawall.stack.facts import Facts

WSGI: tuple[Kind, ...] = ("gunicorn", "uwsgi", "granian", "waitress")
ASGI: tuple[Kind, ...] = ("gunicorn", "uvicorn", "granian")
#: The settings of the server that a candidate decides itself.
VARIED = frozenset({"kind", "workers", "threads", "preload"})
#: What the dynamic linker loads first (ld.so(8)).
LD_PRELOAD = "LD_PRELOAD"


@dataclass(frozen=True)
class Candidate:
    """One way to run the app. ``allocator`` is the path of a library that takes malloc's place, "" for none."""

    kind: Kind
    workers: int
    threads: int
    preload: bool = False
    allocator: str = ""

    @property
    def label(self) -> str:
        """`gunicorn 3×4 preload`: three workers with four threads each."""
        switches = [" preload"] * self.preload + [f" {_library(self.allocator)}"] * bool(self.allocator)
        return f"{self.kind} {self.workers}×{self.threads}{''.join(switches)}"

    def over(self, project: Project) -> Project:
        """The project run this way, the app alone: what runs beside it or by the clock would do real work."""
        return project.model_copy(update={"server": self.server(project), "processes": {}, "schedule": {}})

    def env(self, env: Mapping[str, str]) -> dict[str, str]:
        """The app's variables, with the allocator among them."""
        others = {name: value for name, value in env.items() if name != LD_PRELOAD}
        return {**others, LD_PRELOAD: self.allocator} if self.allocator else others

    def server(self, project: Project) -> Server:
        """The table of the server: what was set of it, without what this kind lacks."""
        kept = project.server.model_fields_set - VARIED - LACKS[self.kind]
        values = {name: getattr(project.server, name) for name in kept}
        values |= {"kind": self.kind, "workers": self.workers}
        values |= {"threads": self.threads} if has_threads(project, self.kind) else {}
        values |= {"preload": True} if self.preload else {}
        return Server.model_validate(values)


@dataclass(frozen=True)
class Wish:
    """What a person wants tried; where nothing is named, what is worth trying is."""

    kinds: tuple[Kind, ...] = ()
    workers: tuple[int, ...] = ()
    threads: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.kinds or self.workers or self.threads)


def current(project: Project, facts: Facts, required: frozenset[str]) -> Candidate:
    """What a deployment would run now; ``required`` are the packages that the app asks for."""
    kind = choose(project, facts, required).kind
    sized = sizing.size(project, facts, kind)
    threads = sized.threads if has_threads(project, kind) else 1
    return Candidate(kind, sized.workers, threads, project.server.preload, project.env.get(LD_PRELOAD, ""))


def kinds(project: Project, facts: Facts, now: Candidate) -> tuple[Candidate, ...]:
    """The other kinds."""
    others = WSGI if project.app.interface == "wsgi" else ASGI
    return tuple(_alike(project, facts, now, kind) for kind in others if kind != now.kind)


def wished(project: Project, facts: Facts, now: Candidate, wish: Wish) -> tuple[Candidate, ...]:
    """All combinations of what a person named."""
    found = [
        replace(like, workers=workers, threads=threads)
        for kind in wish.kinds or (now.kind,)
        for like in [_alike(project, facts, now, kind)]
        for workers in wish.workers or (like.workers,)
        for threads in wish.threads or (like.threads,)
    ]
    return _without(found, now)


def around(project: Project, facts: Facts, best: Candidate, *, counts: bool, allocator: str) -> tuple[Candidate, ...]:
    """The best one with one thing changed. ``counts`` tries other numbers of workers too, which say something about
    the host that they were tried on alone; ``allocator`` is a library to try, or ""."""
    found = [
        *_with_threads(project, best),
        *(_with_workers(facts, best) if counts else ()),
        *_with_switches(best, allocator),
    ]
    return _without(found, best)


def has_threads(project: Project, kind: Kind) -> bool:
    """Whether the number of threads means anything: an ASGI app has an event loop instead."""
    return project.app.interface == "wsgi" and "threads" not in LACKS[kind]


def _alike(project: Project, facts: Facts, now: Candidate, kind: Kind) -> Candidate:
    """Another kind as much like what runs now as can be: with as many workers and threads, where it has them."""
    several = now.kind not in sizing.ONE_PROCESS and kind not in sizing.ONE_PROCESS
    automatic = project.model_copy(update={"server": Server(workers="auto")})
    workers = now.workers if several else sizing.size(automatic, facts, kind).workers
    threads = now.threads if has_threads(project, now.kind) else sizing.size(automatic, facts, kind).threads
    preload = now.preload and "preload" not in LACKS[kind]
    return replace(
        now, kind=kind, workers=workers, threads=threads if has_threads(project, kind) else 1, preload=preload
    )


def _with_threads(project: Project, best: Candidate) -> Iterator[Candidate]:
    if has_threads(project, best.kind):
        for threads in sorted({1, 4, 2 * best.threads}):
            yield replace(best, threads=threads)


def _with_workers(facts: Facts, best: Candidate) -> Iterator[Candidate]:
    if best.kind not in sizing.ONE_PROCESS:
        for workers in (facts.cores, facts.cores + 1, 2 * facts.cores):
            yield replace(best, workers=workers)


def _with_switches(best: Candidate, allocator: str) -> Iterator[Candidate]:
    if "preload" not in LACKS[best.kind]:
        yield replace(best, preload=not best.preload)
    if allocator and not best.allocator:
        yield replace(best, allocator=allocator)


def _without(found: Iterable[Candidate], there: Candidate) -> tuple[Candidate, ...]:
    return tuple(one for one in dict.fromkeys(found) if one != there)


def _library(path: str) -> str:
    """`jemalloc` of `/usr/lib/x86_64-linux-gnu/libjemalloc.so.2`."""
    return path.rpartition("/")[2].partition(".")[0].removeprefix("lib")
