"""One session with the tool: requests in, events and results out."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seawall.agent import lock, memory, owned, queries, releases
from seawall.agent.client import Client
from seawall.agent.errors import AgentError, BadRequest, Cancelled, PlanChanged
from seawall.agent.journal import Journal
from seawall.agent.managers import manager_for
from seawall.agent.places import Places
from seawall.agent.planning import Question, observe, question_from_wire
from seawall.agent.resource import Resource, build, resource_from_wire
from seawall.agent.store import Store
from seawall.agent.vocabulary import Entry, Layout, to_wire
from seawall.agent.wire import PATIENCE, Frame, Wire
from seawall.agent.work import Work

if TYPE_CHECKING:
    from seawall.agent.deployment import Deployer
    from seawall.agent.programs import Programs


@dataclass
class Session:
    """Answers requests about one app until the tool says goodbye or is gone."""

    client: Client
    held: ExitStack = field(default_factory=ExitStack)
    question: Question = field(default_factory=Question)
    work: Work | None = None
    upload_failed: bool = False
    arrived: list[str] = field(default_factory=list)
    holds_lock: bool = False
    tried: bool = False
    places: Places | None = None

    def serve(self) -> None:
        with self.held:
            while (frame := self.client.next()) is not None:
                self._answer(frame)
            self._leave()

    def _answer(self, frame: Frame) -> None:
        try:
            result = self._operation(str(frame.message.get("op")))(frame)
        except AgentError as error:
            self.client.send({"error": error.record().to_wire()})
        except OSError as error:
            failure = AgentError(str(error), place=str(error.filename or ""))
            self.client.send({"error": failure.record().to_wire()})
        except Exception as error:  # noqa: BLE001 - the session's rim: a mistake of ours must reach the person too
            self.client.send({"error": _mistake(error).record().to_wire()})
        else:
            if result is not None:
                self.client.send({"result": result})

    def _leave(self) -> None:
        """The connection has ended: what was only prepared is undone, as nobody can commit it any more."""
        if self.work is not None:
            self._undo(self.work)
        if self.tried:
            from seawall.agent import trial

            self.held.close()
            trial.tidy(self._there())

    def _operation(self, name: str) -> Callable[[Frame], dict[str, Any] | None]:
        if name.startswith("setup-"):
            from seawall.agent.setup import requests  # late: no app's deployment needs it

            return requests.operation(name, self.client)
        operations: dict[str, Callable[[Frame], dict[str, Any] | None]] = {
            "open": self._open,
            "plan": self._plan,
            "object": self._object,
            "objects-end": self._objects_end,
            "prepare": self._prepare,
            "prepare-existing": self._prepare_existing,
            "commit": self._commit,
            "abort": self._abort,
            "try": self._try,
            "drive": self._drive,
            "recover": self._recover,
            "hold": self._hold,
            "let-go": self._let_go,
            "stop": self._stop,
            "renew-certificate": self._renew_certificate,
            "destroy": self._destroy,
            "cancel": lambda _: None,
        }
        if name in operations:
            return operations[name]
        others = _others(name)
        if name in others:
            return lambda frame: others[name](self._there(), frame, self.client)
        raise BadRequest(f"this agent knows no operation {name!r}", remedy="use the same version of seawall")

    # the app this session is about

    def _open(self, frame: Frame) -> dict[str, Any]:
        self.places = Places(build(Layout, frame.message["layout"]))
        records = self._journal().records()
        return {
            "live": releases.live_id(self._there()),
            "releases": releases.ids(self._there()),
            "running": manager_for(self._there()).running(self._there()),
            "interrupted": queries.interrupted(self._there()),
            "busy": lock.holder(self._there().lock),
            "next": releases.next_id(self._there(), records),
            "previous": releases.previous_id(self._there(), records),
            "memory": memory.told(self._there()),
        }

    def _there(self) -> Places:
        if self.places is None:
            raise BadRequest("no app was named")
        return self.places

    def _journal(self) -> Journal:
        return Journal(self._there().journal)

    def _programs(self) -> Programs:
        from seawall.agent.programs import Programs  # late, as what follows: most sessions find nothing to do

        places = self._there()
        return Programs(places, manager_for(places), self.client.report, self.client.gone)

    def _deployer(self) -> Deployer:
        from seawall.agent.deployment import Deployer

        return Deployer(self._there(), self._programs(), self._journal(), self.client.report, self.client.gone)

    def _undo(self, work: Work) -> None:
        from seawall.agent.undoing import Undoing

        Undoing(self._there(), self._programs(), self._journal()).undo(work)

    # plan

    def _plan(self, frame: Frame) -> dict[str, Any]:
        self.question = question_from_wire(frame.message)
        release = self.question.release
        plan = observe(self.question, self._there())
        return {
            "changes": [to_wire(change) for change in plan.changes],
            "release": queries.release_changes(self._there(), release) if release else None,
            "missing": Store(self._there().objects).missing(release.entries) if release else {},
            "fingerprint": plan.fingerprint,
            "notes": plan.notes,
        }

    # objects

    def _object(self, frame: Frame) -> None:
        """Objects come without waiting for answers, so the first failure is the only one that is told."""
        if self.upload_failed:
            return
        self.upload_failed = True
        if self.question.release is not None:
            self._lock("deploy", self.question.release.source.by)
        store = Store(self._there().objects)
        store.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        message = frame.message
        store.receive(message["name"], int(message["offset"]), frame.payload)
        if message.get("last") and store.whole(message["name"]):
            self.arrived.append(message["name"])
        self.upload_failed = False

    def _objects_end(self, frame: Frame) -> dict[str, Any]:
        wanted = [
            build(Entry, {"path": "-", "sha256": n.partition(".")[0], "executable": n.endswith(".x")})
            for n in frame.message["names"]
        ]
        store = Store(self._there().objects)
        store.keep(self.arrived)
        self.arrived = []
        return {"missing": store.missing(wanted)}

    # deploying

    def _lock(self, action: str, by: str) -> None:
        """Take the app's lock; a deployment has it since its upload. Raises Locked."""
        if self.holds_lock:
            return
        places = self._there()
        places.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.held.enter_context(lock.hold(places.lock, by=by, action=action))
        self.held.callback(setattr, self, "holds_lock", False)
        self.holds_lock = True

    @contextmanager
    def _locked(self, action: str, frame: Frame) -> Iterator[None]:
        """Hold the app's lock for one request. Raises Locked."""
        self._lock(action, str(frame.message.get("by", "")))
        try:
            yield
        finally:
            self.held.close()

    def _prepare(self, frame: Frame) -> dict[str, Any]:
        message = frame.message
        by = str(message.get("by", ""))
        self._lock("deploy", by)
        resources = self._planned(message["fingerprint"])
        release = self.question.release if message["new_release"] else None
        work = Work("deploy", by, old=releases.live_id(self._there()), new=release is not None, release=release)
        if release is not None:
            work.release_id = str(message["release_id"])
            work.resolved = message.get("resolved", {})
        return self._prepared(work, resources, bool(message["lead"]))

    def _planned(self, fingerprint: str) -> tuple[Resource, ...]:
        """The resources of the plan that was shown, none if nothing changes. Raises PlanChanged if there is another."""
        plan = observe(self.question, self._there())
        if plan.fingerprint != fingerprint:
            raise PlanChanged(
                "the host is no longer as it was when the plan was made",
                state="nothing was changed",
                remedy="run the command again and look at the new plan",
            )
        return self.question.resources if plan.changes else ()

    def _prepare_existing(self, frame: Frame) -> dict[str, Any]:
        """Bring up a release that is there (rollback, start), or the live one once more under a new id (restart)."""
        from seawall.agent.data import superseded

        message = frame.message
        action, by, wanted = str(message["action"]), str(message.get("by", "")), str(message["release_id"])
        self._lock(action, by)
        like = str(message.get("like", ""))
        made = releases.load_to_copy(self._there(), like) if like else releases.load(self._there(), wanted)
        superseded.refuse(self._there(), made.release.env)
        work = Work(action, by, wanted, made.release, action == "restart", releases.live_id(self._there()))
        resources = self._planned(message["fingerprint"]) if message.get("fingerprint") else ()
        return self._prepared(work, resources, False)

    def _prepared(self, work: Work, resources: tuple[Resource, ...], lead: bool) -> dict[str, Any]:
        try:
            self._deployer().prepare(work, resources, lead=lead)
        except AgentError:
            self.held.close()
            raise
        self.work = work
        return {"release": work.release_id, "old": work.old}

    def _commit(self, _: Frame) -> dict[str, Any]:
        work = self._prepared_work()
        if work.action == "tune":
            raise BadRequest("what is only tried out does not go live", remedy="`seawall deploy` makes a release")
        return {**self._end(self._deployer().commit), "troubles": [trouble.to_wire() for trouble in work.troubles]}

    def _try(self, frame: Frame) -> dict[str, Any]:
        """Prepare the release that was planned, to be tried out: nothing of the host is changed for it."""
        message = frame.message
        by = str(message.get("by", ""))
        self._lock("tune", by)
        self.tried = True
        old = releases.live_id(self._there())
        work = Work("tune", by, str(message["release_id"]), self.question.release, new=True, old=old)
        return self._prepared(work, (), bool(message["lead"]))

    def _drive(self, frame: Frame) -> dict[str, Any]:
        from seawall.agent import trial

        places = self._there()
        answer: dict[str, Any] = trial.drive(places, manager_for(places), self.work, frame.message, self.client)
        return answer

    def _abort(self, _: Frame) -> dict[str, Any]:
        aftermath = self._prepared_work().aftermath
        return {**self._end(self._undo), "aftermath": aftermath.state if aftermath else ""}

    def _end(self, how: Callable[[Work], None]) -> dict[str, Any]:
        """End what was prepared, this way or that; the lock is free afterwards."""
        work = self._prepared_work()
        self.work = None
        try:
            how(work)
        finally:
            self.held.close()
        return {"live": releases.live_id(self._there())}

    def _prepared_work(self) -> Work:
        if self.work is None:
            raise Cancelled("nothing is prepared on this host")
        return self.work

    def _recover(self, frame: Frame) -> dict[str, Any]:
        from seawall.agent.data import cut_off  # late: it is seldom needed

        with self._locked("recovery", frame):
            done = self._deployer().recover()
            restored = cut_off.recover(self._there(), self.client.report, str(frame.message.get("by", "")))
            return {"done": "; ".join(filter(None, (done, restored)))}

    # what takes several requests, on several hosts

    def _hold(self, frame: Frame) -> dict[str, Any]:
        """Keep everybody else from changing the app here, until this session lets go or ends. Raises Locked."""
        self._lock(str(frame.message["action"]), str(frame.message.get("by", "")))
        return {}

    def _let_go(self, _: Frame) -> dict[str, Any]:
        self.held.close()
        return {}

    # ending

    def _stop(self, frame: Frame) -> dict[str, Any]:
        with self._locked("stop", frame):
            self._programs().stop_all()
        return {"live": releases.live_id(self._there())}

    def _renew_certificate(self, frame: Frame) -> dict[str, Any]:
        from seawall.agent.certificates import requests

        with self._locked("renewal of the certificate", frame):
            return requests.renew(frame.message, self.client.report)

    def _destroy(self, frame: Frame) -> dict[str, Any]:
        with self._locked("destroy", frame):
            left = [resource_from_wire(resource) for resource in frame.message["resources"]]
            mine = str(self._there().owned)
            removed = [item.path for item in owned.read(mine) if item.path not in owned.of_others(mine)]
            kept = self._deployer().destroy(left, with_data=bool(frame.message["with_data"]))
            return {"removed": removed, "kept": kept}


def _others(name: str) -> Mapping[str, Callable[[Places, Frame, Client], dict[str, Any]]]:
    """The operations that need nothing of the session but the app; a deployment imports none of them."""
    if name.startswith("data-"):
        from seawall.agent.data import requests

        return requests.OPERATIONS
    from seawall.agent import looking

    return looking.OPERATIONS


def _mistake(error: Exception) -> AgentError:
    return AgentError(
        # Not its repr: that of a UnicodeError repeats the whole text, which may be a file of secrets.
        f"seawall made a mistake on this host: {type(error).__name__}: {error}",
        remedy="please report it, with the text below; running the command again first clears up what was begun",
        output=traceback.format_exc(),
    )


def serve(read_fd: int, write_fd: int, facts: dict[str, Any]) -> None:
    """Say hello, then answer until the tool is gone."""
    wire = Wire(read_fd, write_fd, PATIENCE)
    client = Client(wire)
    client.send({"hello": facts})
    Session(client).serve()
    os.close(write_fd)
