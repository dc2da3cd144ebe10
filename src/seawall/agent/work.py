"""One deployment under way, and what is said of one that failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from seawall.agent.errors import AgentError, Cancelled, ErrorRecord
from seawall.agent.masking import masker
from seawall.agent.vocabulary import AcmeCertificate, Release, Service


@dataclass(frozen=True)
class Aftermath:
    """What is to be said of the database if the deployment ends early: the state it is in, what to do about that, and
    what shows it. ``exit_code`` is 4 where a person has to look after it, ``unchanged`` that nobody has to."""

    state: str
    remedy: str = ""
    output: str = ""
    exit_code: int = 0
    unchanged: bool = False


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
    #: What is to be said of the database, once a migration has been at it.
    aftermath: Aftermath | None = None
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
    what = "everything" if work.aftermath is None or work.aftermath.unchanged else "everything else"
    failure.state = failure.state or f"{what} is as it was; {work.old or 'no release'} is live"
    if work.aftermath is not None:
        _add(failure, work.aftermath)
    return failure


def _add(failure: AgentError, aftermath: Aftermath) -> None:
    failure.state = f"{failure.state}; {aftermath.state}"
    failure.remedy = "; ".join(filter(None, (failure.remedy, aftermath.remedy)))
    failure.output = "\n".join(filter(None, (aftermath.output, failure.output)))
    failure.exit_code = max(failure.exit_code, aftermath.exit_code)
