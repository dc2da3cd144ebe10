"""What the tool may ask about the host itself."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seawall.agent import converge, lock, owned
from seawall.agent.client import Client
from seawall.agent.errors import AgentError, BadRequest, Locked, PlanChanged
from seawall.agent.host_vocabulary import Firewall
from seawall.agent.resource import Resource, resource_from_wire
from seawall.agent.setup import look, pending, places
from seawall.agent.undo import UndoLog
from seawall.agent.vocabulary import Change, to_wire
from seawall.agent.wire import Frame


@dataclass(frozen=True)
class Wanted:
    """What a host should hold: made at once, and made on condition that a new connection confirms it."""

    calm: tuple[Resource, ...]
    guarded: tuple[Resource, ...]


def operation(name: str, client: Client) -> Callable[[Frame], dict[str, Any]]:
    """The function behind a request. Raises BadRequest."""
    operations: dict[str, Callable[[Frame], dict[str, Any]]] = {
        "setup-look": lambda frame: look.look(str(frame.message.get("user", ""))),
        "setup-plan": _plan,
        "setup-apply": lambda frame: _apply(frame, client),
        "setup-confirm": lambda frame: {"confirmed": pending.confirm(str(frame.message["token"]))},
    }
    if name not in operations:
        raise BadRequest(f"this agent knows no operation {name!r}", remedy="use the same version of seawall")
    if os.geteuid() != 0:
        raise BadRequest("only root can set a server up")
    return operations[name]


def _wanted(frame: Frame) -> Wanted:
    calm, guarded = (
        tuple(resource_from_wire(resource) for resource in frame.message[part]) for part in ("calm", "guarded")
    )
    return Wanted(calm, guarded)


def _changes(resources: Sequence[Resource], owned_path: str) -> tuple[Change, ...]:
    return converge.plan(resources, owned.read(owned_path))


def _observe(wanted: Wanted) -> tuple[tuple[Change, ...], tuple[Change, ...], str]:
    """The changes of either part, and the plan's fingerprint."""
    calm, guarded = _changes(wanted.calm, places.CALM_OWNED), _changes(wanted.guarded, places.GUARDED_OWNED)
    return calm, guarded, converge.digest([*calm, *guarded])


def _plan(frame: Frame) -> dict[str, Any]:
    calm, guarded, fingerprint = _observe(_wanted(frame))
    return {
        "calm": [to_wire(change) for change in calm],
        "guarded": [to_wire(change) for change in guarded],
        "fingerprint": fingerprint,
    }


def _apply(frame: Frame, client: Client) -> dict[str, Any]:
    """Make the changes. The answer's ``token`` confirms the guarded ones; "" if there were none."""
    message, wanted = frame.message, _wanted(frame)
    Path(places.HOME).mkdir(mode=0o755, parents=True, exist_ok=True)
    with lock.hold(Path(places.LOCK), by=str(message.get("by", "")), action="set-up"):
        _refuse_while_waiting()
        calm, _, fingerprint = _observe(wanted)
        if fingerprint != message["fingerprint"]:
            raise PlanChanged(
                "the host is no longer as it was when the plan was made",
                state="nothing was changed",
                remedy="run the command again and look at the new plan",
            )
        if calm:
            _make_calm(wanted.calm, client)
        if not _changes(wanted.guarded, places.GUARDED_OWNED):
            return {"token": "", "seconds": 0}
        return _make_guarded(wanted.guarded, int(message["seconds"]), client)


def _refuse_while_waiting() -> None:
    """Raises Locked while changes wait; what was confirmed, or begun and not armed, is cleared up."""
    left = pending.seconds_left()
    if left:
        raise Locked(
            "changes of an earlier set-up wait for a confirmation that did not come",
            state=f"the host takes them back within {left:.0f} s",
            remedy="wait that long, then run the command again",
        )
    UndoLog.load(places.GUARDED_UNDO).forget()
    UndoLog.load(places.CALM_UNDO).roll_back()


def _make_calm(resources: tuple[Resource, ...], client: Client) -> None:
    undo = UndoLog.load(places.CALM_UNDO)
    services = converge.apply(
        resources, undo, owned_path=places.CALM_OWNED, report=client.report, cancelled=client.gone
    )
    converge.reload(services, undo)
    undo.forget()


def _make_guarded(resources: tuple[Resource, ...], seconds: int, client: Client) -> dict[str, Any]:
    """Armed before the first change, and anew when all are made, so that the whole time is the person's."""
    token, was_on = secrets.token_hex(16), _firewall_on(resources)
    undo = UndoLog.load(places.GUARDED_UNDO)
    try:
        pending.arm(token, seconds, was_on)
        services = converge.apply(
            resources, undo, owned_path=places.GUARDED_OWNED, report=client.report, cancelled=client.gone
        )
        converge.reload(services, undo)
        pending.wind_up_again()
    except (AgentError, OSError):
        pending.take_back()
        raise
    return {"token": token, "seconds": seconds}


def _firewall_on(resources: tuple[Resource, ...]) -> bool:
    from seawall.agent.resources import firewall

    return any(firewall.observe(resource).on for resource in resources if isinstance(resource, Firewall))
