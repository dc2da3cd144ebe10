"""Deploy: carry out a plan. Every host prepares before any host switches."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seawall.agent.vocabulary import Event
from seawall.config import made_secrets
from seawall.config.migrated import write_migrated
from seawall.errors import Declined, HostError, SeawallError
from seawall.operations.data.database_host import DatabasePlan
from seawall.operations.events import Happening, Progress, note
from seawall.operations.hosts import Host, person
from seawall.operations.parallel import Outcomes, Stop, Tell, on_each
from seawall.operations.plan import HostPlan, Plan
from seawall.operations.upload import upload


@dataclass(frozen=True)
class Deployed:
    """What is live now, and what was before, by host; ``troubles`` went wrong after the switch and end nothing."""

    live: str
    before: dict[str, str]
    troubles: tuple[SeawallError, ...] = ()


def deploy(plan: Plan) -> Generator[Happening, None, Deployed]:
    """Carry out exactly this plan. Raises SeawallError; unless it says otherwise everything is as it was."""
    yield from _keep_made(plan)
    yield from upload(plan)
    busy = [host for host in plan.hosts if host.changes or host.release.new]
    databases = [item for item in plan.databases if item.changes]
    troubles: tuple[SeawallError, ...] = ()
    if busy or databases:
        yield from _prepare_all(plan, databases, busy)
        troubles = yield from commit([*(item.host for item in databases), *(item.host for item in busy)])
    for idle in [host.host for host in plan.hosts if host.start_only]:
        yield from bring_up([idle], "start", idle.live)
    live = plan.release_id if any(item.release.new for item in plan.hosts) else plan.hosts[0].host.live
    files = {entry.path: entry.sha256 for entry in plan.tree.entries}
    write_migrated(plan.project.directory, plan.project.environment, files)
    return Deployed(live, {item.host.name: item.host.live for item in plan.hosts}, troubles)


def set_up(plan: Plan) -> Generator[Happening, None, tuple[SeawallError, ...]]:
    """Make the first host all that the plan says, but for a release. Raises SeawallError.

    Returns what went wrong and ends nothing, as :func:`commit` does.
    """
    yield from _keep_made(plan)
    lead = plan.hosts[0]
    if not lead.changes:
        return ()

    def work(host: Host, tell: Tell) -> dict[str, Any]:
        resources = {"fingerprint": lead.fingerprint, "new_release": False, "release_id": "", "lead": False}
        return _request(host, tell, "prepare", **resources)

    yield from _all_or_none([lead.host], (yield from on_each([lead.host], work, _stopping([lead.host]))))
    return (yield from commit([lead.host]))


def _keep_made(plan: Plan) -> Iterator[Happening]:
    """Keep the secrets that the plan made up before any host has them: what is lost then cannot be had again."""
    key = made_secrets.keep(plan.project, plan.own)
    if key is not None:
        yield note(
            plan.hosts[0].host.name, f"the key of the secrets was made: {key}. Keep a copy: without it they are lost"
        )


def bring_up(
    hosts: Sequence[Host], action: str, release_id: str, like: str = "", fingerprints: Mapping[str, str] | None = None
) -> Generator[Happening, None, None]:
    """Start a release that the hosts have, gate it and switch to it: rollback, restart, start.

    ``fingerprints`` are those of plans that hosts carry out besides, by the host's name.
    """

    def work(host: Host, tell: Tell) -> dict[str, Any]:
        planned = (fingerprints or {}).get(host.name, "")
        return _request(
            host, tell, "prepare-existing", action=action, release_id=release_id, like=like, fingerprint=planned
        )

    yield from _all_or_none(hosts, (yield from on_each(hosts, work, _stopping(hosts))))
    yield from commit(hosts)


def commit(hosts: Sequence[Host]) -> Generator[Happening, None, tuple[SeawallError, ...]]:
    """Switch everywhere. A host whose front door fails goes back by itself, and the error says which.

    Returns what went wrong after the switch (a certificate that was not issued): the release is live all the same.
    """
    outcomes = yield from on_each(hosts, lambda host, tell: _request(host, tell, "commit"), _too_late)
    if outcomes.failures:
        _, error = outcomes.failures[0]
        if len(hosts) > len(outcomes.failures):
            names = ", ".join(failed.name for failed, _ in outcomes.failures)
            error.state = f"{error.state}; the other hosts have switched, {names} has not: run `seawall rollback`"
            error.exit_code = 4
        raise error
    answers = zip(hosts, outcomes.results, strict=True)
    return tuple(
        HostError(host=host.name, **trouble) for host, answer in answers for trouble in answer.get("troubles", ())
    )


def _prepare_all(
    plan: Plan, databases: Sequence[DatabasePlan], busy: Sequence[HostPlan]
) -> Generator[Happening, None, None]:
    """The database comes first, where it has hosts of its own: what the app's ask it must be there. Then the project's
    first host leads: it alone sets up and migrates, and the others start when it is through.

    Where it has nothing to do, it has done so for this release already: a host that joins later must not do it again.
    """
    ready = yield from _prepare_databases(databases)
    lead = [item for item in busy if item is plan.hosts[0]]
    saved = (yield from _save_database(plan, ready)) if lead and lead[0].release.new else ""
    others = [item for item in busy if item is not plan.hosts[0]]
    for group in (lead, others):
        hosts = [item.host for item in group]
        resolved = _resolved(plan) if group is others and group else {}

        def work(
            item: HostPlan, tell: Tell, leads: bool = group is lead, resolved: Mapping[str, str] = resolved
        ) -> dict[str, Any]:
            return _request(
                item.host,
                tell,
                "prepare",
                fingerprint=item.fingerprint,
                new_release=item.release.new,
                release_id=plan.release_id,
                lead=leads,
                resolved=resolved,
            )

        outcomes: Outcomes[HostPlan, dict[str, Any]] = yield from on_each(group, work, _stopping(hosts))
        _tell_way_back(outcomes.failures, saved)
        prepared = lead if group is others else ()
        yield from _all_or_none(
            [*ready, *(item.host for item in (*prepared, *group))],
            Outcomes(outcomes.results, [(item.host, error) for item, error in outcomes.failures], outcomes.stopped),
        )


def _prepare_databases(databases: Sequence[DatabasePlan]) -> Generator[Happening, None, list[Host]]:
    """Have the database's own hosts be as planned, one after the other: a replica copies what its primary has become.

    Returns those that wait to be told that it stays so.
    """
    hosts: list[Host] = []

    def work(item: DatabasePlan, tell: Tell) -> dict[str, Any]:
        planned = {"fingerprint": item.fingerprint, "new_release": False, "release_id": "", "lead": False}
        return _request(item.host, tell, "prepare", **planned)

    for item in databases:
        hosts.append(item.host)
        outcomes = yield from on_each([item], work, _stopping([item.host]))
        failures = [(failed.host, error) for failed, error in outcomes.failures]
        yield from _all_or_none(hosts, Outcomes(outcomes.results, failures, outcomes.stopped))
    return hosts


def _save_database(plan: Plan, ready: Sequence[Host]) -> Generator[Happening, None, str]:
    """A snapshot, on the database's own host, before another host migrates it. Returns its name, "" for none."""
    if not (plan.databases and plan.project.release.migrate and plan.project.release.snapshot):
        return ""
    host = plan.databases[0].host
    saved = yield from on_each(
        [host], lambda there, tell: _request(there, tell, "data-snapshot", release=plan.release_id), _stopping([host])
    )
    if saved.failures:
        yield from on_each(ready, lambda there, tell: _request(there, tell, "abort"), _too_late)
        raise saved.failures[0][1]
    yield from _all_or_none(ready, saved)
    name = str(saved.results[0]["snapshot"])
    if name:
        yield note(host.name, f"the database was saved before the migration: snapshot {name}")
    return name


def _tell_way_back(failures: Sequence[tuple[HostPlan, SeawallError]], saved: str) -> None:
    """After a migration that failed: where it ran, nobody can see what became of a database on another host."""
    for _, error in failures:
        if saved and isinstance(error, HostError) and error.code == "migration-failed":
            back = f"`seawall restore --snapshot {saved}` puts the database back as it was before this deployment"
            error.remedy = "; ".join(filter(None, (error.remedy, back)))


def _resolved(plan: Plan) -> dict[str, str]:
    """What the first host made of requirements that name no versions: the others are to run the same."""
    lead = plan.hosts[0]
    release_id = plan.release_id if lead.release.new else lead.host.live
    return dict(lead.host.session.request("resolved", release_id=release_id)) if release_id else {}


def _all_or_none(hosts: Sequence[Host], outcomes: Outcomes[Host, dict[str, Any]]) -> Generator[Happening, None, None]:
    """If one host could not prepare, or Ctrl-C was pressed, those that did take it back, and the reason is raised."""
    if not outcomes.failures and not outcomes.stopped:
        return
    failed = [host for host, _ in outcomes.failures]
    ready = [host for host in hosts if host not in failed]
    undone = yield from on_each(ready, lambda host, tell: _request(host, tell, "abort"), _too_late)
    # What a migration has done is not undone with the rest.
    kept = [answer["aftermath"] for answer in undone.results if answer["aftermath"]]
    if not outcomes.failures:
        what = "everything else" if kept else "everything"
        raise Declined("stopped before the switch", state="; ".join((f"{what} is as it was", _live(hosts), *kept)))
    host, error = outcomes.failures[0]
    if len(hosts) > 1:
        error.state = "; ".join(filter(None, (error.state, "no host has switched", *kept)))
        error.place = error.place or host.name
    raise error


def _request(host: Host, tell: Tell, op: str, **fields: Any) -> dict[str, Any]:
    def hear(event: Event) -> None:
        tell(Progress(host.name, event))

    return host.session.request(op, hear, by=person(), **fields)


def _stopping(hosts: Sequence[Host]) -> Stop:
    def stop() -> str:
        for host in hosts:
            host.session.cancel()
        return "stopping: what was prepared is being undone"

    return stop


def _too_late() -> str:
    return "this short part is not left half done; it is over in a moment"


def _live(hosts: Sequence[Host]) -> str:
    names = sorted({host.live for host in hosts} - {""})
    return f"{' or '.join(names) or 'no release'} is live"
