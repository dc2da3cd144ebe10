"""One candidate after the other on one host: prepared, loaded, taken back."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from seawall.agent.vocabulary import Event, measured_from_wire
from seawall.errors import ConfigError, ConfigErrors, Declined, HostError, SeawallError, UsageError
from seawall.operations.events import Happening, Progress, note
from seawall.operations.hosts import Host, person
from seawall.operations.parallel import Tell, on_each
from seawall.operations.plan import Plan, Wanted, plan_host
from seawall.operations.tuning.analysis import Run
from seawall.operations.tuning.candidates import Candidate, Wish
from seawall.operations.upload import send_objects
from seawall.stack.facts import Facts

#: What starting a candidate, and stopping it, takes about, seconds: to say beforehand how long it will take.
STARTING = 1.5
#: Before each load that counts, one of this part of its length warms the candidate up.
WARMING = 0.25
#: Shorter than this, seconds, a load says nothing; longer, it says no more.
SHORTEST, LONGEST = 0.5, 10.0
#: About so many turns come together, so long is one of them: 4 kinds, then 6 changes of the best, those without hope
#: once and the others in each round.
TURNS = 22
#: Steps that only the first turn of a candidate has, and that the time does not count.
UNCOUNTED = ("built", "migrated")
#: Why a candidate is out of the question while the others go on; anything else ends it all.
ITS_OWN_FAULT = ("gate-failed", "build-failed", "start-failed")


@dataclass(frozen=True)
class Order:
    """What is asked of a tuning. Of the ``routes`` the ``optional`` are left out if the app does not have them.
    ``visitors`` ask at the same time. ``seconds`` bound it, but for the building of environments; ``leads`` says that
    the app's data are made for it, by the commands of a first deployment."""

    routes: tuple[str, ...]
    optional: tuple[str, ...] = ()
    wish: Wish = field(default_factory=Wish)
    seconds: float = 60.0
    visitors: int = 16
    counts: bool = True
    leads: bool = False

    def load(self, starting: float = STARTING) -> float:
        """The length of a turn's load on each route, seconds, if a candidate takes so long to start and stop."""
        each = (self.seconds / TURNS - starting) / (1 + WARMING) / len(self.routes)
        return max(SHORTEST, min(LONGEST, each))


@dataclass
class Trials:
    """The host, what is tried there, and the clock: ``until`` when, and how long a ``turn`` and its ``load`` take."""

    host: Host
    wanted: Wanted
    order: Order
    until: float
    routes: tuple[str, ...]
    load: float
    turn: float = 0.0
    uncounted: float = 0.0
    led: bool = False
    out_of_time: bool = False
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def facts(self) -> Facts:
        return Facts.from_wire(self.host.session.facts).with_memory(self.host.app["memory"])

    def time_for(self, turns: int) -> bool:
        """Whether so many turns can still be had; with 0, whether there is time at all."""
        return time.monotonic() + turns * self.turn < self.until


def turn(trials: Trials, candidate: Candidate, *, must: bool) -> Generator[Happening, None, tuple[Run | None, str]]:
    """One turn; or why it could not be had, where that is the candidate's own fault."""
    began = time.monotonic()
    trials.uncounted = 0.0

    def work(host: Host, tell: Tell) -> Run:
        return _tried(trials, host, candidate, tell)

    def stop() -> str:
        trials.stopped.set()
        trials.host.session.cancel()
        return "stopping: what is being tried out is taken back"

    outcomes = yield from on_each([trials.host], work, stop)
    if outcomes.stopped:
        raise Declined("stopped", state="nothing of what was tried out is left")
    if not outcomes.failures:
        took = time.monotonic() - began - trials.uncounted
        if not trials.led:
            trials.load = trials.order.load(took - trials.load * (1 + WARMING) * len(trials.routes))
        trials.turn = min(trials.turn, took) if trials.led else took
        trials.led = True
        return outcomes.results[0], ""
    error = outcomes.failures[0][1]
    own_fault = isinstance(error, ConfigError | ConfigErrors) or (
        isinstance(error, HostError) and error.code in ITS_OWN_FAULT
    )
    if must or not own_fault:
        raise error
    return None, _fact(error)


def _fact(error: SeawallError) -> str:
    return "; ".join(one.fact for one in error.errors) if isinstance(error, ConfigErrors) else error.fact


def _tried(trials: Trials, host: Host, candidate: Candidate, tell: Tell) -> Run:
    """Prepare it, load it, take it back."""
    wanted = replace(trials.wanted, project=candidate.over(trials.wanted.project), env=candidate.env(trials.wanted.env))
    item = plan_host(wanted, host)
    if item.missing:
        plan = Plan(wanted.project, wanted.tree, [item], ())
        send_objects(plan, item, tell, trials.stopped)

    def hear(event: Event) -> None:
        if event.step in UNCOUNTED and event.seconds is not None:
            trials.until += event.seconds
            trials.uncounted += event.seconds
        tell(Progress(host.name, event))

    session, lead = host.session, trials.order.leads and not trials.led
    session.request("try", hear, release_id=_release_id(trials), lead=lead, by=person())
    try:
        if not trials.led:
            trials.routes = tuple(path for path in trials.routes if _answers(trials, path, tell))
        answers = [_driven(trials, path) for path in trials.routes]
    finally:
        session.request("abort")
    return _run(answers)


def _release_id(trials: Trials) -> str:
    """On a host what is tried takes the next number. Where the place is its own, one that is far from those of the
    local site: a port follows from it, which must not be that of a release there."""
    return "v9999" if trials.order.leads else str(trials.host.app["next"])


def _answers(trials: Trials, path: str, tell: Tell) -> bool:
    """Whether the app has the route. Raises UsageError for one that it must have."""
    report = trials.host.session.request("drive", path=path, visitors=1, seconds=0.2)["report"]
    if not report["failed"]:
        return True
    what = f"{path}: {report['failures'][0]}"
    if path not in trials.order.optional:
        raise UsageError(what, place="--route", remedy="name paths that answer everybody with 2xx or 3xx")
    tell(note(trials.host.name, f"{what}; it is left out (--route names what to ask for)"))
    return False


def _driven(trials: Trials, path: str) -> dict[str, Any]:
    session, seconds = trials.host.session, trials.load
    session.request("drive", path=path, visitors=trials.order.visitors, seconds=seconds * WARMING)
    return session.request("drive", path=path, visitors=trials.order.visitors, seconds=seconds)


def _run(answers: Sequence[dict[str, Any]]) -> Run:
    reports = [answer["report"] for answer in answers]
    taken = [measured_from_wire(answer["memory"]).whole for answer in answers if answer["memory"]]
    return Run(
        rates=tuple(report["requests"] / report["seconds"] for report in reports),
        p99_ms=tuple(report["p99_ms"] for report in reports),
        failed=sum(report["failed"] for report in reports),
        failure=next((what for report in reports for what in report["failures"]), ""),
        memory=max(taken, default=0),
        busy=max(report["busy"] for report in reports),
    )
