"""One deployment under way, and what is said of one that failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from seawall.agent.errors import AgentError, Cancelled, ErrorRecord
from seawall.agent.masking import masker
from seawall.agent.vocabulary import AcmeCertificate, Release, Service


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
    #: What another host of the fleet has resolved the requirements to (`resolutions.told`).
    resolved: Mapping[str, str] = field(default_factory=dict)
    #: Whether the host's resources are made anew.
    applied: bool = False
    #: What an authority is asked for once the site is live.
    certificates: tuple[AcmeCertificate, ...] = ()
    #: What went wrong after the switch and left the release live all the same.
    troubles: list[ErrorRecord] = field(default_factory=list)


def failure_of(error: BaseException, work: Work, place: str) -> AgentError | None:
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
        failure.output = masker(work.release)(failure.output)
    failure.state = failure.state or f"everything is as it was; {work.old or 'no release'} is live"
    return failure
