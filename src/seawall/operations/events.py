"""What operations yield while they are at work; the command line or a page shows it."""

from __future__ import annotations

from dataclasses import dataclass

from seawall.agent.vocabulary import Event


@dataclass(frozen=True)
class Progress:
    """An event of the agent on ``host``."""

    host: str
    event: Event


@dataclass(frozen=True)
class Upload:
    """Files on their way to ``host``: bytes sent of all that travel."""

    host: str
    sent: int
    total: int
    files: int


Happening = Progress | Upload


def note(host: str, text: str) -> Progress:
    """A sentence for the person."""
    return Progress(host, Event("note", text=text))
