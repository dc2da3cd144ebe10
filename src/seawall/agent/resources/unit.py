"""Units of systemd that the distribution brings: on at boot, and running."""

from __future__ import annotations

from dataclasses import dataclass

from seawall.agent import process
from seawall.agent.errors import ApplyFailed, CommandFailed
from seawall.agent.resources import texts
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change, Unit

#: What systemd calls units that start at boot, or on demand (systemctl(1), is-enabled).
ON = ("enabled", "enabled-runtime", "static", "alias", "generated", "indirect")


@dataclass(frozen=True)
class UnitFound:
    """``prevented``: it was started and its conditions (systemd.unit(5)) said no, in a container for example."""

    loaded: bool
    enabled: bool
    active: bool
    prevented: bool


def observe(resource: Unit) -> UnitFound:
    """How it is; one of a package that is not there yet is not loaded. Raises ApplyFailed where there is no systemd."""
    wanted = "LoadState,UnitFileState,ActiveState,ConditionResult,ConditionTimestamp"
    try:
        completed = process.run(["systemctl", "show", "-p", wanted, resource.name], timeout=30)
    except CommandFailed as error:
        raise ApplyFailed("This host has no systemd", remedy="use a Debian or Ubuntu host with systemd") from error
    has = dict(line.split("=", 1) for line in completed.stdout.splitlines() if "=" in line)
    return UnitFound(
        has.get("LoadState") == "loaded",
        has.get("UnitFileState") in ON,
        has.get("ActiveState") in ("active", "activating", "reloading"),
        has.get("ConditionResult") == "no" and bool(has.get("ConditionTimestamp")),
    )


def diff(resource: Unit, found: UnitFound) -> Change | None:
    """What must change, or None."""
    lines = [] if found.enabled else ["starts at boot"]
    lines += [] if found.active or found.prevented else ["runs"]
    if not lines:
        return None
    state = (found.loaded, found.enabled, found.active, found.prevented)
    return Change("unit", resource.name, "start", "\n".join(lines), texts.digest(*state))


def apply(resource: Unit, _found: UnitFound, _work: Work) -> None:
    """Switch it on. Raises ApplyFailed with systemctl's own words."""
    try:
        process.check(["systemctl", "enable", "--now", resource.name], timeout=120)
    except CommandFailed as error:
        raise ApplyFailed(
            f"{resource.name} could not be started",
            place=resource.name,
            remedy=f"`systemctl status {resource.name}` on the host says why",
            output=error.output,
        ) from error
