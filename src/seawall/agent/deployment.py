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

from seawall.agent import converge, gate, owned, releases, resolutions, venvs
from seawall.agent.alongside import Alongside
from seawall.agent.data import ending
from seawall.agent.data.places import DataPlaces
from seawall.agent.errors import AgentError, Cancelled
from seawall.agent.files import remove_temporaries, remove_tree, replace_link, sync_filesystem, write_atomic
from seawall.agent.journal import Interrupted, Journal, now
from seawall.agent.lock import take_turns
from seawall.agent.migrating import Migrating, mark_set_up
from seawall.agent.places import Places
from seawall.agent.programs import Programs
from seawall.agent.resource import Resource
from seawall.agent.stage import stage
from seawall.agent.store import Store
from seawall.agent.undo import UndoLog
from seawall.agent.undoing import Undoing
from seawall.agent.venvs import Builder
from seawall.agent.vocabulary import AcmeCertificate, Event, File, Release, Service, to_wire
from seawall.agent.work import Work, failure_of

#: Steps after which nobody can stop a deployment any more: it ends by itself, one way or the other.
BEYOND_STOPPING = ("switched", "drained", "pruned")

#: The journal's word that the old release is being ended: there is no way back from here.
KEPT = "kept"


@dataclass(frozen=True)
class Deployer:
    """Does the protocol's steps; holds no state but where things are and whom to tell."""

    places: Places
    programs: Programs
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
                self._announce_handover(resources)
                with self._step("applied"):
                    work.reloads = self._apply(resources)
                work.applied = True
                work.certificates = tuple(item for item in resources if isinstance(item, AcmeCertificate))
            if work.release is not None:
                self._bring_up(work, work.release, lead)

    def _announce_handover(self, resources: Sequence[Resource]) -> None:
        """A host that loses its power from here on may come up with the service that is to take over: who undoes must
        know which that is."""
        services = [item for item in resources if isinstance(item, Service) and (item.takes_over or not item.wanted)]
        if services:
            self.journal.write("handover", services=[to_wire(service) for service in services])

    def _apply(self, resources: Sequence[Resource]) -> tuple[Service, ...]:
        with take_turns(self.places.shared, self.cancelled):
            return converge.apply(
                resources,
                UndoLog.load(str(self.places.undo)),
                owned_path=str(self.places.owned),
                shared=owned.of_others(str(self.places.owned)),
                report=self.report,
                cancelled=self.cancelled,
            )

    def _bring_up(self, work: Work, release: Release, lead: bool) -> None:
        at = self.places.release(work.release_id)
        if work.new:
            with self._step("staged"):
                stage(self.places, work.release_id, release, now())
            with self._step("built"):
                resolutions.adopt(self.places, at, release, work.resolved)
                Builder(self.places, self._says("built"), self.cancelled).build(at, release)
            if release.external:
                self._ask_database(work, release)
            if lead:
                Migrating(self.places, self._step, self.report, self.cancelled).migrate(work, release)
        with self._step("started"):
            self.programs.start(work.release_id, release, "web")
        with self._step("gated"):
            # Mostly it waits, so what is about to go, which has served, is measured meanwhile.
            old = Alongside(lambda: self._measure_old(work))
            self.programs.gate(work.release_id, release)
            self.programs.start(work.release_id, release, "process")
            self.programs.settle(work.release_id, release)
            old.result()
        self.programs.measure(work.release_id, served=False)

    def _ask_database(self, work: Work, release: Release) -> None:
        from seawall.agent.data.external import External  # late: most databases are seawall's own, or none

        def note(text: str) -> None:
            self.report(Event("note", text=text))

        with self._step("database checked"):
            External(self.places, work.release_id, release, note).check()

    def _measure_old(self, work: Work) -> None:
        if work.old and work.old != work.release_id:
            self.programs.measure(work.old, served=True)

    # commit

    def commit(self, work: Work) -> None:
        """Switch, and end the old release. Raises FrontDoorFailed with the old release live again."""
        with self._undone_on_failure(work):
            with self._step("switched"):
                self._switch(work)
            with self._step("drained"):
                self._drain(work)
            self._start_schedule(work)
        self._finish(work)
        self._certify(work)

    def _certify(self, work: Work) -> None:
        """Ask for certificates, which takes a site that is live. It stays live whatever comes of that."""
        if not work.applied:
            return
        from seawall.agent.certificates import issuing  # late: most deployments ask for none

        for wanted in work.certificates:
            work.troubles += issuing.step(wanted, self.report)
        if not work.certificates:
            self._forget_certificates()

    def _forget_certificates(self) -> None:
        """What certbot keeps for an app on a server that has no use for it any more."""
        from seawall.agent.certificates import certbot

        if self.places.layout.user:
            certbot.forget(f"seawall-{self.places.layout.app}")

    def _switch(self, work: Work) -> None:
        sync_filesystem(str(self.places.base))
        told = [service for service in work.reloads if not converge.is_for_the_old(service)]
        if told:
            self.journal.write("reload", services=[to_wire(service) for service in told])
            converge.reload(told, UndoLog.load(str(self.places.undo)))
        if work.release is None:
            return
        replace_link(str(self.places.live), f"releases/{work.release_id}")
        self._front_door(work, work.release)

    def _front_door(self, work: Work, release: Release) -> None:
        if not self.places.maintenance.exists():
            gate.through_front_door(release.front, work.release_id)

    def _drain(self, work: Work) -> None:
        """End what the old release still owes; the new one must be well afterwards."""
        if work.release is None:
            return
        if work.old and work.old != work.release_id:
            self.programs.drain(work.old, work.release.drain)
        self.programs.check_well(work.release_id, work.release)

    def _finish(self, work: Work) -> None:
        converge.end_unwanted(work.reloads, self.report)
        if work.release is not None:
            self.journal.write(KEPT)
            self.programs.retire_all_but(work.release_id)
            if work.release.setup:
                mark_set_up(self.places)
            with self._step("pruned"):
                self._prune(work.release.keep, work.old)
        UndoLog.load(str(self.places.undo)).forget()
        self.journal.write("end", outcome="done", release=work.release_id)

    def _start_schedule(self, work: Work) -> None:
        if work.release is not None:
            self.programs.start(work.release_id, work.release, "schedule")

    def _prune(self, keep: int, ending: str) -> None:
        """Remove the oldest releases. ``ending``, live until now, stays: its workers may still be at their last job,
        and a rollback goes to it."""
        live = releases.live_id(self.places)
        there = [name for name in releases.ids(self.places) if name != live]
        doomed = [name for name in there if name != ending][: max(len(there) - keep + 1, 0)]
        for name in doomed:
            remove_tree(str(self.places.release(name).root))
            for log in self.places.logs_of(name):
                log.unlink()
        if doomed:
            Store(self.places.objects).prune()
            venvs.prune(self.places, (self.places.release(n).venv for n in releases.ids(self.places)))

    def destroy(self, left: Sequence[Resource], *, with_data: bool) -> list[str]:
        """Stop the app and remove it from this host, its data and journal too ``with_data``. Returns what is left.

        ``left`` are the services that hear of it, and the files that other apps share: made only where one does.
        """
        data_places = DataPlaces(self.places.base)
        data = ending.looked_after(data_places)
        self.programs.stop_all()
        if data is not None and with_data:
            ending.remove(data)
        with take_turns(self.places.shared, self.cancelled):
            log = UndoLog.load(str(self.places.undo))
            mine = str(self.places.owned)
            others = owned.of_others(mine)
            holding = [item for item in left if not isinstance(item, File) or item.path in others]
            told = converge.apply(holding, log, owned_path=mine, shared=others, report=self.report)
            converge.reload(told, log)
            log.forget()
            write_atomic(mine, owned.to_bytes(()), 0o600)
        at = self.places
        self._forget_certificates()
        for path in (
            at.live,
            at.maintenance,
            at.cache,
            at.releases,
            at.objects,
            at.venvs,
            at.resolved,
            at.run,
            at.logs,
        ):
            remove_tree(str(path))
        self.journal.write("destroyed", with_data=with_data)
        if not with_data:
            return [str(at.data), str(at.journal), *(ending.keep(data_places, data) if data else [])]
        remove_tree(str(at.base))
        return []

    @contextmanager
    def _undone_on_failure(self, work: Work) -> Iterator[None]:
        try:
            yield
        except BaseException as error:  # a mistake of ours, too, leaves nothing half done
            self._undoing().undo(work)
            failure = failure_of(error, work, str(self.places.base))
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
        for name in releases.ids(self.places):
            remove_temporaries(self.places.release(name).root)
        if self._has_switched(work):
            if not self.journal.has_come_to(KEPT):
                with self._undone_on_failure(work):
                    self._start_schedule(work)
            self._finish(work)
            return f"an earlier {cut_off.describe()}, was finished: {work.release_id} is live"
        self._undoing().undo(work)
        told = f"an earlier {cut_off.describe()}, was undone: {work.old or 'no release'} is live"
        return "; ".join(filter(None, (told, self._database_left())))

    def _database_left(self) -> str:
        """What is to be said of a migration that was cut off."""
        if not DataPlaces(self.places.base).migrating.exists():
            return ""
        from seawall.agent.data.guarded import left_behind  # late: it is seldom needed

        return left_behind(self.places)

    def _work_of(self, cut_off: Interrupted) -> Work:
        begun = [record for record in self.journal.records() if record["step"] == "begin"][-1]
        work = Work(cut_off.action, cut_off.by, cut_off.release, new=bool(begun["new"]), old=str(begun["old"]))
        if work.release_id and self.places.release(work.release_id).record.exists():
            work.release = releases.load(self.places, work.release_id).release
        return work

    def _has_switched(self, work: Work) -> bool:
        """Whether the new release is live, and runs or is the only one left, so that only the end is missing."""
        if work.release is None or releases.live_id(self.places) != work.release_id:
            return False
        return self.journal.has_come_to(KEPT) or not self.programs.is_broken(work.release_id, work.release)

    # small things

    def _undoing(self) -> Undoing:
        return Undoing(self.places, self.programs, self.journal)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        if name not in BEYOND_STOPPING:
            self._check_cancelled()
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

    def _check_cancelled(self) -> None:
        if self.cancelled():
            raise Cancelled("the deployment was stopped before the switch")

    def _says(self, step: str) -> Callable[[str], None]:
        return lambda line: self.report(Event("output", step, text=line))
