"""All hosts or none: what a release goes through on several hosts at once, whatever it is that prepares it."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from seawall.agent.vocabulary import Event
from seawall.errors import Declined, HostError, SeawallError
from seawall.operations.events import Happening, Progress
from seawall.operations.hosts import Host, person
from seawall.operations.parallel import Outcomes, Stop, Tell, on_each


def bring_up(
    hosts: Sequence[Host], action: str, release_id: str, like: str = "", fingerprints: Mapping[str, str] | None = None
) -> Generator[Happening, None, None]:
    """Start a release that the hosts have, gate it and switch to it: rollback, restart, start.

    ``fingerprints`` are those of plans that hosts carry out besides, by the host's name.
    """

    def work(host: Host, tell: Tell) -> dict[str, Any]:
        planned = (fingerprints or {}).get(host.name, "")
        return request(
            host, tell, "prepare-existing", action=action, release_id=release_id, like=like, fingerprint=planned
        )

    yield from all_or_none(hosts, (yield from on_each(hosts, work, stopping(hosts))))
    yield from commit(hosts)


def commit(hosts: Sequence[Host]) -> Generator[Happening, None, tuple[SeawallError, ...]]:
    """Switch everywhere. A host whose front door fails goes back by itself, and the error says which.

    Returns what went wrong after the switch (a certificate that was not issued): the release is live all the same.
    """
    outcomes = yield from on_each(hosts, lambda host, tell: request(host, tell, "commit"), too_late)
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


def all_or_none(hosts: Sequence[Host], outcomes: Outcomes[Host, dict[str, Any]]) -> Generator[Happening, None, None]:
    """If one host could not prepare, or Ctrl-C was pressed, those that did take it back, and the reason is raised."""
    if not outcomes.failures and not outcomes.stopped:
        return
    failed = [host for host, _ in outcomes.failures]
    ready = [host for host in hosts if host not in failed]
    undone = yield from on_each(ready, lambda host, tell: request(host, tell, "abort"), too_late)
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


def request(host: Host, tell: Tell, op: str, **fields: Any) -> dict[str, Any]:
    """Ask one host in the person's name, and tell of its events. Raises HostError, ConnectionLost."""

    def hear(event: Event) -> None:
        tell(Progress(host.name, event))

    return host.session.request(op, hear, by=person(), **fields)


def stopping(hosts: Sequence[Host]) -> Stop:
    """What Ctrl-C does while hosts prepare: each is told to undo what it has done."""

    def stop() -> str:
        for host in hosts:
            host.session.cancel()
        return "stopping: what was prepared is being undone"

    return stop


def too_late() -> str:
    """What Ctrl-C does once they switch: nothing, and that is said."""
    return "this short part is not left half done; it is over in a moment"


def _live(hosts: Sequence[Host]) -> str:
    names = sorted({host.live for host in hosts} - {""})
    return f"{' or '.join(names) or 'no release'} is live"
