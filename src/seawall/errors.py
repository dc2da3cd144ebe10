"""The tool's errors: one table of classes that own their exit code.

0 done or nothing to do; 1 failed, everything is as it was; 2 wrong usage or configuration; 3 ``plan --exit-code``
found changes; 4 failed, and something needs a person. An error says the fact, the place, the state things are in
now and the remedy.
"""

from __future__ import annotations


class SeawallError(Exception):
    """Base of everything the tool reports to a person as an error."""

    exit_code = 1

    def __init__(self, fact: str, *, place: str = "", state: str = "", remedy: str = "", output: str = "") -> None:
        super().__init__(fact)
        self.fact = fact
        self.place = place
        self.state = state
        self.remedy = remedy
        self.output = output


class UsageError(SeawallError):
    """Wrong arguments, or a command that makes no sense here."""

    exit_code = 2


class ConfigError(SeawallError):
    """One mistake in the configuration; ``place`` is ``seawall.toml:LINE``."""

    exit_code = 2


class ConfigErrors(SeawallError):
    """All the mistakes of a configuration, listed at once."""

    exit_code = 2

    def __init__(self, errors: list[ConfigError]) -> None:
        count = "1 mistake" if len(errors) == 1 else f"{len(errors)} mistakes"
        super().__init__(f"{count} in the configuration")
        self.errors = errors


class SecretError(SeawallError):
    """The secret store cannot be read or written, or a secret is missing."""

    exit_code = 2


class ProjectError(SeawallError):
    """The project cannot travel as it is (a link out of it, a missing file, no app found)."""

    exit_code = 2


class ConnectionFailed(SeawallError):
    """The host could not be reached, or refused us."""


class ConnectionLost(SeawallError):
    """The connection broke while the host was at work."""

    exit_code = 4


class HostError(SeawallError):
    """The agent on a host reported a failure; it says itself whether a person is needed."""

    def __init__(
        self,
        fact: str,
        *,
        host: str,
        code: str,
        exit_code: int,
        place: str = "",
        state: str = "",
        remedy: str = "",
        output: str = "",
    ) -> None:
        super().__init__(fact, place=place, state=state, remedy=remedy, output=output)
        self.host = host
        self.code = code
        self.exit_code = exit_code


class HostUnsuitable(SeawallError):
    """A server that is better not set up as it is: it could lock people out, or is not known well enough."""


class SetupTakenBack(SeawallError):
    """A new connection could not confirm the changes of a set-up, and the host has put back what was before."""


class ChecklistFailed(SeawallError):
    """The production checklist found errors, so nothing was deployed; ``output`` names them."""


class PromotionRefused(SeawallError):
    """A replica that takes the primary's place now would lose changes, or there would be two primaries."""


class Declined(SeawallError):
    """The person said no; nothing was changed."""
