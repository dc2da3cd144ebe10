"""A replica takes the primary's place: the old primary is fenced, and only then the other promoted.

What follows is an ordinary deployment with the changed file. Each step sets a state, so a run that was cut off is taken
up by the next one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from seawall.config.document import FILE, PYPROJECT
from seawall.errors import Declined, HostError, SeawallError
from seawall.operations.data.promotable import Outlook, There
from seawall.operations.events import Happening, note
from seawall.operations.hosts import Host, person
from seawall.operations.parallel import on_each
from seawall.operations.plan import Plan

ACTION = "promotion"


@dataclass
class Steps:
    """What has been done so far, for whoever must know where things stand. ``stopped``: Ctrl-C was pressed."""

    of: str
    new: str
    fenced: bool = False
    promoted: bool = False
    stopped: bool = False

    def stand(self) -> str:
        """In words."""
        if self.promoted:
            return f"{self.new} is the primary"
        if self.fenced:
            return f"{self.of} is fenced and takes no changes, and {self.new} has not taken its place yet"
        return "nothing was changed"


@dataclass(frozen=True)
class Promoted:
    """``fenced`` says that the old primary was seen to be fenced; ``lossless`` that the replica was seen to have all
    that it had; ``timeline`` is the new primary's."""

    new: str
    of: str
    fenced: bool
    lossless: bool
    timeline: int


def without_snapshot(plan: Plan) -> Plan:
    """The plan without the dump that is made before each migration, where the code stays what it is: there is nothing
    to migrate, and nobody can write for as long as a dump takes."""
    own = (FILE, PYPROJECT)
    changed = {
        path for item in plan.hosts for paths in item.release.files.values() for path in paths if path not in own
    }
    if changed:
        return plan
    release = plan.project.release.model_copy(update={"snapshot": False})
    return replace(plan, project=plan.project.model_copy(update={"release": release}))


def promote(there: There, outlook: Outlook) -> Generator[Happening, None, Promoted]:
    """Do it. Raises SeawallError; its state says which of the two takes changes."""
    steps = Steps(there.of, there.new.name)
    hosts = [there.new, *([there.old] if there.old else []), *there.apps]
    try:
        for host in hosts:
            host.session.request("hold", action=ACTION, by=person())
        lossless = yield from _fence(there, outlook, steps)
        _supersede(there, outlook)
        told = {"of": there.of, "address": outlook.address, "fenced": steps.fenced}
        made = yield from _ask(there.new, "data-promote", steps, **told)
        steps.promoted = True
        yield note(there.new.name, f"is the primary now: it takes changes, on timeline {made['timeline']}")
    except SeawallError as error:
        raise _with_state(error, steps) from None
    finally:
        _let_go(hosts)
    return Promoted(there.new.name, there.of, steps.fenced, lossless, int(made["timeline"]))


def _fence(there: There, outlook: Outlook, steps: Steps) -> Generator[Happening, None, bool]:
    """Fence the old primary, where it is reached. Returns whether the replica was seen to have all that it had."""
    if there.old is None or not outlook.can_be_fenced:
        steps.fenced = outlook.fenced
        if not steps.fenced:
            yield note(there.of, "is not reached: nothing is fenced there")
        return False
    answer = yield from _ask(there.old, "data-fence", steps, successor=there.new.name)
    steps.fenced = True
    end = str(answer["checkpoint"])
    yield note(there.of, f"is fenced: PostgreSQL is down and stays so{f'; its log ends at {end}' if end else ''}")
    if outlook.promoted or not end:
        return False
    try:
        _go_on(steps)
        yield from _ask(there.new, "data-caught-up", steps, checkpoint=end)
        _go_on(steps)
    except (Declined, HostError) as error:
        if outlook.replica.promoted is None:  # else it was told to take the place once, and may do so at any moment
            yield from _take_back(there.old, error, steps)
        raise
    yield note(there.new.name, "has all of it, to the end: nothing is lost")
    return True


def _take_back(old: Host, error: SeawallError, steps: Steps) -> Generator[Happening, None, None]:
    """Nobody has taken the old primary's place: where the replica cannot, or was not to, it serves on."""
    yield from _ask(old, "data-unfence", steps)
    steps.fenced = False
    error.state = f"{steps.of} is the primary again, and nothing is lost"


def _supersede(there: There, outlook: Outlook) -> None:
    """Before anybody else takes changes, the app's hosts go to the old primary no more."""
    certificate = str(there.new.session.request("data-server")["certificate"])
    database, facts = there.project.database, there.new.session.facts
    told: dict[str, Any] = {"address": outlook.address, "of": there.of, "successor": there.new.name}
    now = database.address or str(facts.get("address", ""))
    told |= {"certificate": certificate, "successor_address": now, "variable": database.variable}
    for host in there.apps:
        host.session.request("data-supersede", **told)


def _ask(host: Host, op: str, steps: Steps, **fields: Any) -> Generator[Happening, None, dict[str, Any]]:
    """One step, which Ctrl-C does not leave half done. Raises HostError, ConnectionLost."""
    outcomes = yield from on_each(
        [host],
        lambda asked, _: asked.session.request(op, by=person(), **fields),
        lambda: "this step is not left half done",
    )
    steps.stopped = steps.stopped or outcomes.stopped
    if outcomes.failures:
        raise outcomes.failures[0][1]
    return outcomes.results[0]


def _go_on(steps: Steps) -> None:
    """Raises Declined where Ctrl-C was pressed."""
    if steps.stopped:
        raise Declined("stopped before the replica took the primary's place")


def _with_state(error: SeawallError, steps: Steps) -> SeawallError:
    """Where things stand after an error, and that the same command goes on from there."""
    if steps.fenced or steps.promoted:
        again = f"`seawall database promote {steps.new}` goes on from there"
        error.state = "; ".join(filter(None, (error.state, steps.stand())))
        error.remedy = "; ".join(filter(None, (error.remedy, again)))
        error.exit_code = 4
    error.state = error.state or steps.stand()
    return error


def _let_go(hosts: Sequence[Host]) -> None:
    for host in hosts:
        with contextlib.suppress(SeawallError):  # the lock ends with the session anyway
            host.session.request("let-go")
