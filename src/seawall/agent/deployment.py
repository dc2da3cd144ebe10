"""The release protocol on one host: prepare (the old release serves), then commit (short, and undoable).

    staged → built → migrated → started → gated ┃ switched → drained → pruned

Each step is journaled before and after. Whatever ends `prepare` early undoes it; after the switch the deployment goes
on to its end even if the person who asked for it has gone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from seawall.agent import commands, converge, gate, releases, venvs
from seawall.agent.errors import AgentError, Cancelled, FrontDoorFailed, GateFailed, NeedsPerson
from seawall.agent.files import remove, remove_tree, replace_link, sync_filesystem, write_atomic
from seawall.agent.journal import Interrupted, Journal, now
from seawall.agent.lock import take_turns
from seawall.agent.managers import Manager
from seawall.agent.orphans import end_orphans
from seawall.agent.places import Places
from seawall.agent.sockets import listener
from seawall.agent.stage import stage
from seawall.agent.store import Store
from seawall.agent.undo import UndoLog
from seawall.agent.venvs import Builder
from seawall.agent.vocabulary import Event, Program, Release, Resource, Service, build, to_wire

#: How long a worker must stay up before it counts as started, seconds.
WORKER_SETTLES = 1.0
#: Between two looks at the old listener while it drains, seconds. Two looks in a row must find nothing.
DRAIN_TICK = 0.02


@dataclass
class Work:
    """One deployment under way. ``release`` is None when only resources change."""

    action: str
    by: str
    release_id: str = ""
    release: Release | None = None
    new: bool = False
    old: str = ""
    reloads: tuple[Service, ...] = ()


@dataclass(frozen=True)
class Deployer:
    """Does the protocol's steps; holds no state but where things are and whom to tell."""

    places: Places
    manager: Manager
    journal: Journal
    report: Callable[[Event], None]
    cancelled: Callable[[], bool]

    # prepare

    def prepare(self, work: Work, resources: Sequence[Resource], *, lead: bool) -> None:
        """Everything up to the gate. Raises AgentError with everything as it was before."""
        self.journal.rotate()
        self.journal.write("begin", action=work.action, release=work.release_id, new=work.new, by=work.by, old=work.old)
        with self._undone_on_failure(work):
            if resources:
                with self._step("applied"):
                    work.reloads = self._apply(resources)
            if work.release is not None:
                self._bring_up(work, work.release, lead)

    def _apply(self, resources: Sequence[Resource]) -> tuple[Service, ...]:
        with take_turns(Path(self.places.layout.unit_dir), self.cancelled):
            return converge.apply(
                resources,
                self._undo_log(),
                owned_path=str(self.places.owned),
                report=self.report,
                cancelled=self.cancelled,
            )

    def _bring_up(self, work: Work, release: Release, lead: bool) -> None:
        at = self.places.release(work.release_id)
        if work.new:
            with self._step("staged"):
                stage(self.places, work.release_id, release, now())
            with self._step("built"):
                Builder(self.places, self._says("built"), self.cancelled).build(at, release)
            if work.action == "deploy" and lead:
                self._migrate(work, release)
        with self._step("started"):
            self._start(work, release, "web")
        with self._step("gated"):
            self._gate(work, release)
            self._start(work, release, "process")
            self._settle(work, release)

    def _migrate(self, work: Work, release: Release) -> None:
        at = self.places.release(work.release_id)
        todo = [("migration", release.migrate)] if release.migrate else []
        if release.setup and not self.places.set_up.exists():
            todo.insert(0, ("set-up", release.setup))
        if not todo:
            return
        with self._step("migrated"):
            for what, command in todo:
                commands.run_once(
                    what, command, self.places, at, release, on_line=self._says("migrated"), cancelled=self.cancelled
                )
                if what == "set-up":
                    self._mark_set_up()

    def _start(self, work: Work, release: Release, role: str) -> None:
        at = self.places.release(work.release_id)
        for program in _of_role(release, role):
            self.manager.start(at, program)

    def _gate(self, work: Work, release: Release) -> None:
        at = self.places.release(work.release_id)
        web = _of_role(release, "web")[0]
        try:
            gate.through_socket(
                at.socket, release.gate, broken=lambda: self.manager.broken(at, web), cancelled=self.cancelled
            )
        except GateFailed as error:
            self._check_cancelled()
            error.output = self.manager.log_tail(at, web, 25)
            raise

    def _settle(self, work: Work, release: Release) -> None:
        """Workers have no health path: one that is still up after a moment counts as started."""
        at = self.places.release(work.release_id)
        workers = _of_role(release, "process")
        deadline = time.monotonic() + (WORKER_SETTLES if workers else 0)
        while time.monotonic() < deadline:
            self._check_cancelled()
            for program in workers:
                why = self.manager.broken(at, program)
                if why:
                    log = self.manager.log_tail(at, program, 25)
                    raise GateFailed(why, place=program.name, output=log, remedy="its last log lines are below")
            time.sleep(0.1)

    # commit

    def commit(self, work: Work) -> None:
        """Switch, and end the old release. Raises FrontDoorFailed with the old release live again."""
        with self._undone_on_failure(work):
            with self._step("switched"):
                self._switch(work)
            with self._step("drained"):
                self._drain(work)
        self._finish(work)

    def _switch(self, work: Work) -> None:
        sync_filesystem(str(self.places.base))
        if work.reloads:
            self.journal.write("reload", services=[to_wire(service) for service in work.reloads])
            converge.reload(work.reloads, self._undo_log())
        if work.release is None:
            return
        replace_link(str(self.places.live), f"releases/{work.release_id}")
        self._front_door(work, work.release)

    def _front_door(self, work: Work, release: Release) -> None:
        if not self.places.maintenance.exists():
            gate.through_front_door(release.front, work.release_id)

    def _drain(self, work: Work) -> None:
        """Wait until the old listener owes nobody an answer. The new release must still be well afterwards."""
        if work.release is None:
            return
        if work.old and work.old != work.release_id:
            self._await_quiet(self.places.release(work.old).socket, work.release.drain)
        at = self.places.release(work.release_id)
        for program in _of_role(work.release, "web"):
            why = self.manager.broken(at, program)
            if why:
                log = self.manager.log_tail(at, program, 25)
                raise FrontDoorFailed(f"{why}, after it had passed the gate", place=work.release_id, output=log)

    def _await_quiet(self, socket: Path, patience: float) -> None:
        deadline = time.monotonic() + patience
        quiet = 0
        while True:
            found = listener(socket)
            quiet = quiet + 1 if not found.open_connections else 0
            if quiet == 2:
                return
            if time.monotonic() > deadline:
                text = f"{found.open_connections} connections were still open after {patience:g} s and were ended"
                self.report(Event("note", "drained", text=text))
                return
            time.sleep(DRAIN_TICK)

    def _finish(self, work: Work) -> None:
        if work.release is not None:
            self._start(work, work.release, "schedule")
            self._retire_all_but(work.release_id)
            if work.release.setup:
                self._mark_set_up()
            with self._step("pruned"):
                self._prune(work.release.keep)
        self._undo_log().forget()
        self.journal.write("end", outcome="done", release=work.release_id)

    def stop_all(self) -> None:
        """Stop whatever of this app runs, and wait until it has ended."""
        for running in self.manager.running(self.places):
            self._stop(running)

    def _stop(self, release_id: str) -> None:
        for program in releases.load(self.places, release_id).release.programs:
            self.manager.stop(self.places.release(release_id), program)

    def _retire_all_but(self, release_id: str) -> None:
        for other in self.manager.running(self.places):
            if other != release_id:
                for program in releases.load(self.places, other).release.programs:
                    self.manager.retire(self.places.release(other), program)

    def _prune(self, keep: int) -> None:
        live = releases.live_id(self.places)
        there = [name for name in releases.ids(self.places) if name != live]
        doomed = there[: max(len(there) - keep + 1, 0)]
        for name in doomed:
            remove_tree(str(self.places.release(name).root))
            for log in self.places.logs.glob(f"*-{name}*"):
                log.unlink()
        if doomed:
            Store(self.places.objects).prune()
            venvs.prune(self.places, (self.places.release(n).venv for n in releases.ids(self.places)))

    def destroy(self, services: Sequence[Resource], *, with_data: bool) -> list[str]:
        """Stop the app and remove it from this host, its data and journal too ``with_data``. Returns what is left."""
        self.stop_all()
        with take_turns(Path(self.places.layout.unit_dir), self.cancelled):
            log = self._undo_log()
            told = converge.apply(services, log, owned_path=str(self.places.owned), report=self.report)
            converge.reload(told, log)
            log.forget()
        at = self.places
        for path in (at.live, at.maintenance, at.releases, at.objects, at.venvs, at.resolved, at.run):
            remove_tree(str(path))
        self.journal.write("destroyed", with_data=with_data)
        if not with_data:
            return [str(at.data), str(at.journal)]
        remove_tree(str(at.base))
        return []

    # undo

    def undo(self, work: Work) -> None:
        """Put everything back as it was before this deployment began. Raises NeedsPerson if that fails too."""
        try:
            self._link_back(work)
            if work.release_id and (work.release_id != work.old or work.action == "start"):
                self._discard(work)
            self._undo_log().roll_back()
            converge.reload_old(self._reloaded())
        except (AgentError, OSError) as error:
            raise NeedsPerson(
                f"undoing the {work.action} failed: {error}",
                place=str(self.places.base),
                state=f"{releases.live_id(self.places) or 'no release'} is live; the rest may be half way",
                remedy="mend the cause and run any seawall command for this app: it tries again first",
            ) from error
        self.journal.write("end", outcome="undone", release=work.release_id)

    def _link_back(self, work: Work) -> None:
        if releases.live_id(self.places) == work.old:
            return
        if work.old:
            replace_link(str(self.places.live), f"releases/{work.old}")
            self._await_quiet(self.places.release(work.release_id).socket, 10)
        else:
            remove(str(self.places.live))

    def _discard(self, work: Work) -> None:
        at = self.places.release(work.release_id)
        if at.record.exists():
            self._stop(work.release_id)
        if work.new:
            end_orphans(at.root)
            end_orphans(self.places.venvs)
            remove_tree(str(at.root))

    def _reloaded(self) -> list[Service]:
        """The services that have read the new configuration already, and must read the old one again."""
        services: list[Service] = []
        for record in self.journal.records():
            if record["step"] == "begin":
                services = []
            elif record["step"] == "reload":
                services = [build(Service, data) for data in record["services"]]
        return services

    def _undo_log(self) -> UndoLog:
        return UndoLog.load(str(self.places.undo))

    @contextmanager
    def _undone_on_failure(self, work: Work) -> Iterator[None]:
        try:
            yield
        except BaseException as error:  # a mistake of ours, too, leaves nothing half done
            self.undo(work)
            failure = _failure(error, work, str(self.places.base))
            if failure is None:
                raise
            raise failure from error

    # recovery

    def recover(self) -> str:
        """Finish or undo a deployment that was cut off. Returns what was done, or ""."""
        cut_off = self.journal.interrupted()
        if cut_off is None:
            return ""
        work = self._work_of(cut_off)
        if work.release_id and releases.live_id(self.places) == work.release_id and not self._is_broken(work):
            self._finish(work)
            return f"an earlier {cut_off.describe()}, was finished: {work.release_id} is live"
        self.undo(work)
        return f"an earlier {cut_off.describe()}, was undone: {work.old or 'no release'} is live"

    def _work_of(self, cut_off: Interrupted) -> Work:
        begun = [record for record in self.journal.records() if record["step"] == "begin"][-1]
        work = Work(cut_off.action, cut_off.by, cut_off.release, new=bool(begun["new"]), old=str(begun["old"]))
        if work.release_id and self.places.release(work.release_id).record.exists():
            work.release = releases.load(self.places, work.release_id).release
        return work

    def _is_broken(self, work: Work) -> bool:
        at = self.places.release(work.release_id)
        programs = _of_role(work.release, "web") if work.release else []
        return any(self.manager.broken(at, program) for program in programs)

    # small things

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        self._check_cancelled_before(name)
        self.report(Event("step", name, "start"))
        self.journal.write(name, state="start")
        begun = time.monotonic()
        try:
            yield
        except (AgentError, OSError):
            self.report(Event("step", name, "failed", seconds=time.monotonic() - begun))
            raise
        self.journal.write(name, state="done")
        self.report(Event("step", name, "done", seconds=time.monotonic() - begun))

    def _check_cancelled_before(self, step: str) -> None:
        if step not in ("switched", "drained", "pruned"):
            self._check_cancelled()

    def _check_cancelled(self) -> None:
        if self.cancelled():
            raise Cancelled("the deployment was stopped before the switch")

    def _mark_set_up(self) -> None:
        write_atomic(str(self.places.set_up), b"", 0o600)

    def _says(self, step: str) -> Callable[[str], None]:
        return lambda line: self.report(Event("output", step, text=line))


def _of_role(release: Release, role: str) -> list[Program]:
    return [program for program in release.programs if program.role == role]


def _failure(error: BaseException, work: Work, place: str) -> AgentError | None:
    """What to say of a deployment that was undone, or None for a mistake of ours: that is shown as it is."""
    if isinstance(error, Cancelled):
        failure: AgentError = Cancelled(f"the {work.action} was stopped before the switch")
    elif isinstance(error, AgentError):
        failure = error
    elif isinstance(error, OSError):
        failure = AgentError(f"{error}", place=place)
    else:
        return None
    if work.release is not None:
        failure.output = commands.masker(work.release)(failure.output)
    failure.state = failure.state or f"everything is as it was; {work.old or 'no release'} is live"
    return failure
