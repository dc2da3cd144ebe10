"""Deploy: carry out a plan. Every host prepares before any host switches."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seawall.config import made_secrets
from seawall.config.migrated import write_migrated
from seawall.errors import HostError, SeawallError
from seawall.operations.data.database_host import DatabasePlan
from seawall.operations.events import Happening, note
from seawall.operations.hosts import Host
from seawall.operations.parallel import Outcomes, Tell, on_each
from seawall.operations.plan import HostPlan, Plan
from seawall.operations.switching import all_or_none, bring_up, commit, request, stopping, too_late
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
        return request(host, tell, "prepare", **resources)

    yield from all_or_none([lead.host], (yield from on_each([lead.host], work, stopping([lead.host]))))
    return (yield from commit([lead.host]))


def _keep_made(plan: Plan) -> Iterator[Happening]:
    """Keep the secrets that the plan made up before any host has them: what is lost then cannot be had again."""
    key = made_secrets.keep(plan.project, plan.own)
    if key is not None:
        yield note(
            plan.hosts[0].host.name, f"the key of the secrets was made: {key}. Keep a copy: without it they are lost"
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
            return request(
                item.host,
                tell,
                "prepare",
                fingerprint=item.fingerprint,
                new_release=item.release.new,
                release_id=plan.release_id,
                lead=leads,
                resolved=resolved,
            )

        outcomes: Outcomes[HostPlan, dict[str, Any]] = yield from on_each(group, work, stopping(hosts))
        _tell_way_back(outcomes.failures, saved)
        prepared = lead if group is others else ()
        yield from all_or_none(
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
        return request(item.host, tell, "prepare", **planned)

    for item in databases:
        hosts.append(item.host)
        outcomes = yield from on_each([item], work, stopping([item.host]))
        failures = [(failed.host, error) for failed, error in outcomes.failures]
        yield from all_or_none(hosts, Outcomes(outcomes.results, failures, outcomes.stopped))
    return hosts


def _save_database(plan: Plan, ready: Sequence[Host]) -> Generator[Happening, None, str]:
    """A snapshot, on the database's own host, before another host migrates it. Returns its name, "" for none."""
    if not (plan.databases and plan.project.release.migrate and plan.project.release.snapshot):
        return ""
    host = plan.databases[0].host
    saved = yield from on_each(
        [host], lambda there, tell: request(there, tell, "data-snapshot", release=plan.release_id), stopping([host])
    )
    if saved.failures:
        yield from on_each(ready, lambda there, tell: request(there, tell, "abort"), too_late)
        raise saved.failures[0][1]
    yield from all_or_none(ready, saved)
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
